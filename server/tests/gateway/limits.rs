use std::process::Command;
use std::time::{Duration, Instant};

use fanlight::access::Role;
use fanlight::serve::Gateway;
use fanlight::store::AuditFilter;
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
async fn what_a_request_has_begun_is_done_and_audited_though_its_caller_is_gone() {
    let patience = [("server.request_timeout", json!("300ms"))];
    let fixture = Fixture::with(&patience).await;
    let bob = fixture.person("bob", Role::Viewer).await;
    let mut lock = lock(&fixture).await;
    let delete = fixture.http.delete(fixture.url(&format!("/api/users/{}", bob.user.id)));
    let reply = delete.bearer_auth(&fixture.key).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::GATEWAY_TIMEOUT);
    lock.execute("COMMIT").await.unwrap();
    let store = &fixture.gateway.app.store;
    let filter = AuditFilter { actions: vec!["user_delete"], limit: 1, ..AuditFilter::default() };
    let begun = Instant::now();
    loop {
        let log = store.audit(&filter).await.unwrap();
        if !log.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody was told of it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(store.user(bob.user.id).await.unwrap().is_none());
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

/// A private key that takes a while to open, by its passphrase `open`.
fn costly_key(folder: &TempDir) -> String {
    let file = folder.path().join("key");
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "open", "-a", "150", "-f"]).arg(&file);
    assert!(command.status().unwrap().success(), "ssh-keygen failed");
    std::fs::read_to_string(file).unwrap()
}

/// This test has one thread for all tasks: whatever keeps it busy keeps everybody waiting.
#[tokio::test]
async fn whoever_has_a_costly_key_opened_keeps_nobody_else_waiting() {
    let folder = TempDir::new().unwrap();
    let key = costly_key(&folder);
    let settings = json!({ "hostname": "192.0.2.1", "username": "u", "private_key": key,
        "passphrase": "open" });
    let preset =
        json!([{ "id": "a", "name": "A", "session_type": "ssh", "settings": settings.clone() }]);
    let gateway = [("presets", preset), ("rate_limit.enabled", json!(false))];
    let fixture = Fixture::with(&gateway).await;
    let mut session = settings;
    session["session_type"] = json!("ssh");
    for request in [session, json!({ "preset": "a" })] {
        let opened = async {
            let begun = Instant::now();
            let made =
                fixture.post("/api/sessions").bearer_auth(&fixture.key).json(&request).send().await;
            assert_eq!(made.unwrap().status(), StatusCode::CREATED);
            begun.elapsed()
        };
        tokio::pin!(opened);
        let mut longest = Duration::ZERO;
        let took = loop {
            let begun = Instant::now();
            let asked = fixture.get("/api/presets").bearer_auth(&fixture.key).send();
            tokio::select! {
                took = &mut opened => break took,
                reply = asked => assert_eq!(reply.unwrap().status(), StatusCode::OK),
            }
            longest = longest.max(begun.elapsed());
        };
        assert!(longest > Duration::ZERO && longest < took / 2, "{longest:?} of {took:?}");
    }
}
