use std::time::{Duration, Instant};

use fanlight::serve::Gateway;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::{AnyConnection, Executor};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::database;
use crate::harness::{Fixture, configuration};

/// Locks the database against writers until it is dropped.
async fn lock(fixture: &Fixture) -> AnyConnection {
    database::lock(&fixture.gateway.app.config.database.place).await
}

async fn sign_in(fixture: &Fixture) -> StatusCode {
    let request = fixture.post("/api/auth/sign-in").json(&json!({ "api_key": fixture.key }));
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn bar_60_a_locked_database_is_waited_for_and_then_503() {
    let fixture = Fixture::with(&[("database.busy_timeout", json!("400ms"))]).await;
    let lock = lock(&fixture).await;
    let begin = Instant::now();
    assert_eq!(sign_in(&fixture).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begin.elapsed() >= Duration::from_millis(350), "{:?}", begin.elapsed());
    // Reading goes on meanwhile.
    let me = fixture.get("/api/me").bearer_auth(&fixture.key).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::OK);
    drop(lock);
}

#[tokio::test]
async fn bar_60_a_lock_that_ends_in_time_is_not_noticed() {
    let fixture = Fixture::start().await;
    let mut lock = lock(&fixture).await;
    let release = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        lock.execute("COMMIT").await.unwrap();
    };
    let (status, ()) = tokio::join!(sign_in(&fixture), release);
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn bar_60_a_database_that_was_deleted_is_503_and_not_made_anew() {
    let fixture = Fixture::start().await;
    let file = fixture.folder.path().join("fanlight.db");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    let ask = |_| fixture.get("/api/me").bearer_auth(&fixture.key).send();
    let answers = futures_util::future::join_all((0..40).map(ask)).await;
    let statuses: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().status()).collect();
    let good = [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE];
    assert!(statuses.iter().all(|status| good.contains(status)), "{statuses:?}");
    assert!(!file.exists(), "an empty database took its place");
}

async fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(within, stream.read(&mut byte)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_at_once_and_places_come_free() {
    let fixture = Fixture::with(&[("server.connection_limit", json!(2))]).await;
    let connect = || TcpStream::connect(fixture.gateway.address());
    let (mut first, mut second) = (connect().await.unwrap(), connect().await.unwrap());
    for held in [&mut first, &mut second] {
        held.write_all(b"GET /api/health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(held.read_u8().await.is_ok());
    }
    assert!(is_closed(&mut connect().await.unwrap(), Duration::from_secs(5)).await);
    drop(first);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fixture.get("/api/health").send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_head_that_never_ends_is_given_up() {
    let fixture = Fixture::with(&[("server.header_timeout", json!("300ms"))]).await;
    let mut slow = TcpStream::connect(fixture.gateway.address()).await.unwrap();
    slow.write_all(b"GET /api/health HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    let mut answer = Vec::new();
    let done = tokio::time::timeout(Duration::from_secs(5), slow.read_to_end(&mut answer)).await;
    assert!(done.is_ok(), "the connection stayed open");
}

#[tokio::test]
async fn bar_78_a_gateway_that_stops_accepts_nothing_new() {
    let folder = TempDir::new().unwrap();
    let gateway = Gateway::start(configuration(&folder, &[])).await.unwrap();
    let address = gateway.address();
    assert!(TcpStream::connect(address).await.is_ok());
    let stopped = tokio::time::timeout(Duration::from_secs(10), gateway.stop()).await;
    assert!(stopped.is_ok(), "an idle gateway stops at once");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_second_gateway_on_the_same_port_is_told_so_and_touches_nothing() {
    let fixture = Fixture::start().await;
    let folder = TempDir::new().unwrap();
    let taken = [("server.listen", json!(fixture.gateway.address().to_string()))];
    let error = Gateway::start(configuration(&folder, &taken)).await.err().unwrap();
    assert!(error.to_string().contains("cannot listen on 127.0.0.1"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
