//! A database server that goes and comes back, and gateways that start on one together.

use std::time::{Duration, Instant};

use fanlight::config::Config;
use fanlight::store::{NewApiKey, Store};
use reqwest::StatusCode;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::TempDir;

use crate::database;
use crate::harness::{Fixture, configuration};
use crate::postgres::{self, Postgres};

const DATABASE: &str = "outage";
const COMES_BACK_WITHIN: Duration = Duration::from_secs(30);

fn database_on(server: &Postgres) -> String {
    postgres::make_database(server.socket(), DATABASE);
    postgres::url(server.socket(), DATABASE)
}

fn key(name: &str) -> NewApiKey {
    NewApiKey {
        name: name.to_owned(),
        secret_hash: format!("hash of {name}"),
        allowed_networks: Vec::new(),
        expires_at: None,
    }
}

#[tokio::test]
async fn bar_62_a_restarted_server_is_used_again_and_no_acknowledged_write_is_lost() {
    let mut server = Postgres::start();
    let url = json!(database_on(&server));
    let patience = json!("2s");
    let settings = [("database.url", url), ("database.busy_timeout", patience)];
    let fixture = Fixture::with(&settings).await;
    let store = fixture.gateway.app.store.clone();
    let writer = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let name = format!("key {number}");
            match store.add_api_key(key(&name)).await {
                Ok(_) => acknowledged.push(name),
                Err(_) => break,
            }
        }
        acknowledged
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.crash();
    let acknowledged = writer.await.unwrap();
    assert!(!acknowledged.is_empty(), "nothing was written before the crash");
    let ask = || fixture.get("/api/me").bearer_auth(&fixture.key).send();
    assert_eq!(ask().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(fixture.get("/api/health").send().await.unwrap().status(), StatusCode::OK);
    server.run();
    let begun = Instant::now();
    while ask().await.unwrap().status() != StatusCode::OK {
        assert!(begun.elapsed() < COMES_BACK_WITHIN, "the gateway does not recover");
    }
    let kept = fixture.gateway.app.store.api_keys().await.unwrap();
    for name in acknowledged {
        assert!(kept.iter().any(|key| key.name == name), "{name} is lost");
    }
}

#[tokio::test]
async fn nodes_that_start_together_on_an_empty_server_take_turns() {
    let server = Postgres::start();
    let folder = TempDir::new().unwrap();
    let config = configuration(&folder, &[("database.url", json!(database_on(&server)))]);
    let opened = futures_util::future::join_all((0..4).map(|_| Store::open(&config))).await;
    for store in opened {
        assert!(store.unwrap().api_keys().await.unwrap().is_empty());
    }
}

async fn refusal(config: &Config) -> String {
    Store::open(config).await.err().unwrap().to_string()
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused_and_left_alone() {
    let fixture = Fixture::start().await;
    let config = &fixture.gateway.app.config;
    let mut other = database::connect(&config.database.place).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
        execution_time) SELECT 9999, 'newer', success, checksum, 0 FROM _sqlx_migrations \
        WHERE version = 1";
    other.execute(AssertSqlSafe(newer)).await.unwrap();
    let error = refusal(config).await;
    assert!(error.contains("cannot be brought up to date"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_password() {
    let folder = TempDir::new().unwrap();
    let nowhere = "postgres://fanlight:canary-4711@localhost/x?host=/nonexistent";
    let settings = [("database.url", json!(nowhere)), ("database.busy_timeout", json!("300ms"))];
    let config = configuration(&folder, &settings);
    assert!(!format!("{config:?}").contains("canary-4711"));
    let error = refusal(&config).await;
    assert!(error.contains("not available") && !error.contains("canary-4711"), "{error}");
}
