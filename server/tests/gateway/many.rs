//! That nothing which every request does grows with the number of rows. The plan of the query
//! is looked at and not the time: a busy machine would tell a different one each day.

use fanlight::access::Role;
use fanlight::config::DatabasePlace;
use sqlx::{AnyConnection, AssertSqlSafe, Executor as _, Row as _};

use crate::database;
use crate::harness::Fixture;

const NUMBERS: &str = "WITH RECURSIVE number (n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 10000)";

async fn fill(other: &mut AnyConnection, user: &str) {
    for insert in [
        format!(
            "INSERT INTO user_tokens (id, user_id, name, token_hash, created_at)
             {NUMBERS} SELECT n, '{user}', 'token ' || n, 'token ' || n, 1 FROM number"
        ),
        format!(
            "INSERT INTO api_keys (id, name, secret_hash, allowed_networks, created_at)
             {NUMBERS} SELECT 'key ' || n, 'key ' || n, 'key ' || n, '[]', 1 FROM number"
        ),
        format!(
            "INSERT INTO sign_ins (id, cookie_hash, user_id, created_at, expires_at)
             {NUMBERS} SELECT 'in ' || n, 'in ' || n, '{user}', 1, 1 FROM number"
        ),
        format!(
            "INSERT INTO audit (id, created_at, action, outcome, details)
             {NUMBERS} SELECT 'event ' || n, 1, 'sign_in', 'ok', '{{}}' FROM number"
        ),
        "ANALYZE".to_owned(),
    ] {
        other.execute(AssertSqlSafe(insert)).await.unwrap();
    }
}

/// How the database would run `sql`, in its own words.
async fn plan(other: &mut AnyConnection, place: &DatabasePlace, sql: &str) -> String {
    let (explain, column) = match place {
        DatabasePlace::File(_) => ("EXPLAIN QUERY PLAN", "detail"),
        DatabasePlace::Server(_) => ("EXPLAIN", "QUERY PLAN"),
    };
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("{explain} {sql}"))).fetch_all(other).await;
    let lines: Vec<String> = rows.unwrap().iter().map(|row| row.get(column)).collect();
    lines.join("\n")
}

#[tokio::test]
async fn bar_18_with_ten_thousand_of_each_a_credential_is_found_by_an_index() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let place = &fixture.gateway.app.config.database.place;
    let mut other = database::connect(place).await;
    fill(&mut other, &ada.user.id.to_string()).await;
    for (sql, index) in [
        ("SELECT * FROM user_tokens WHERE user_tokens.token_hash = 'token 5000'", "user_tokens"),
        ("SELECT * FROM user_tokens WHERE user_tokens.id = 5000", "user_tokens"),
        ("SELECT * FROM api_keys WHERE secret_hash = 'key 5000'", "api_keys"),
        ("SELECT * FROM api_keys WHERE id = 'key 5000'", "api_keys"),
        ("SELECT * FROM sign_ins WHERE cookie_hash = 'in 5' AND expires_at > 1", "sign_ins"),
        ("SELECT * FROM sign_ins WHERE id = 'in 5' AND expires_at > 1", "sign_ins"),
        (
            "SELECT * FROM audit WHERE id < 'event 5' AND id >= 'a' ORDER BY id DESC LIMIT 100",
            "audit",
        ),
    ] {
        let plan = plan(&mut other, place, sql).await;
        let by_index = match place {
            DatabasePlace::File(_) => plan.contains(&format!("SEARCH {index} USING")),
            DatabasePlace::Server(_) => plan.contains("Index Scan"),
        };
        assert!(by_index && !plan.contains("Seq Scan"), "{sql}:\n{plan}");
    }
    // The real queries, among so many rows.
    let me = fixture.get("/api/me").bearer_auth(&fixture.key).send().await.unwrap();
    assert!(me.status().is_success());
}
