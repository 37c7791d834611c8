use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fanlight::App;
use fanlight::access::{ClientAddress, NewToken, Role, authenticate};
use fanlight::config::Sources;
use fanlight::store::{Login, NewUserToken};
use fanlight_tests::postgres::{self, Postgres};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::json;
use tokio::task::JoinSet;

use crate::report::{Row, Target, percentile};

const TOKENS: usize = 10_000;
/// Those who authenticate at the same time.
const CALLERS: usize = 4;
const TIMES_EACH: usize = 2_500;
/// A prime: callers come by all tokens, in no order that a page of the database has.
const STRIDE: usize = 7_919;
/// Milliseconds that the slowest hundredth may take.
const LIMIT: f64 = 5.0;

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Postgres::start();
    postgres::make_database(server.socket(), "bench");
    let url = postgres::url(server.socket(), "bench");
    Ok(vec![
        row("SQLite", slowest_hundredth(&folder.path().join("a"), None).await?),
        row("PostgreSQL", slowest_hundredth(&folder.path().join("b"), Some(&url)).await?),
    ])
}

fn row(database: &str, own: f64) -> Row {
    let name = format!("authentication among 10,000 tokens, {database}, p99, ms, against 5 ms");
    Row::ratio(name, own, LIMIT, Target::AtMost(1.0))
}

/// Milliseconds from a request's headers to the identity behind them.
async fn slowest_hundredth(folder: &Path, database: Option<&str>) -> Result<f64> {
    let mut flags = vec![("data_dir".to_owned(), json!(folder))];
    flags.extend(database.map(|url| ("database.url".to_owned(), json!(url))));
    let app = App::start(Sources { flags, ..Sources::default() }.load()?).await?;
    let tokens = Arc::new(add_tokens(&app).await?);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(call_again_and_again(Arc::clone(&app), Arc::clone(&tokens), caller));
    }
    let mut times = Vec::new();
    while let Some(of_one) = callers.join_next().await {
        times.extend(of_one??);
    }
    app.store.close().await;
    Ok(percentile(&times, 0.99))
}

async fn add_tokens(app: &App) -> Result<Vec<HeaderMap>> {
    let login = Login {
        issuer: "https://login.example.com".to_owned(),
        subject: "ada".to_owned(),
        email: None,
        name: "Ada".to_owned(),
        groups: Vec::new(),
        mapped_role: None,
        default_role: Role::Poweruser,
    };
    let user = app.store.log_user_in(&login).await?;
    let mut all = Vec::with_capacity(TOKENS);
    for number in 0..TOKENS {
        let token = NewToken::generate_for_user()?;
        let new = NewUserToken {
            user_id: user.id,
            name: format!("token {number}"),
            token_hash: token.hash,
            max_role: None,
            expires_at: None,
            parent_id: None,
        };
        app.store.add_user_token(&new).await?;
        let bearer = format!("Bearer {}", token.secret.expose()).parse()?;
        all.push(HeaderMap::from_iter([(AUTHORIZATION, bearer)]));
    }
    Ok(all)
}

async fn call_again_and_again(
    app: Arc<App>,
    tokens: Arc<Vec<HeaderMap>>,
    caller: usize,
) -> Result<Vec<f64>> {
    let client = ClientAddress { ip: Ipv4Addr::LOCALHOST.into(), through_proxy: false };
    let mut times = Vec::with_capacity(TIMES_EACH);
    for time in 0..TIMES_EACH {
        let number = (caller * TIMES_EACH + time) * STRIDE % TOKENS;
        let headers = tokens.get(number).context("no such token")?;
        let begin = Instant::now();
        let identity = authenticate(&app, headers, client).await?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        ensure!(identity.is_some_and(|who| who.role == Role::Poweruser), "somebody else");
    }
    Ok(times)
}
