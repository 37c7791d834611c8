use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use fanlight_core::Cause;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::session::open;
use crate::sshd::{Sshd, free_port, keygen};

fn at(port: u16) -> Value {
    json!({ "hostname": "127.0.0.1", "port": port, "username": Sshd::user(), "password": "canary" })
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_what_the_server_offers() {
    let server = Sshd::start();
    keygen(&server.path("stranger"), &["-t", "ed25519", "-N", ""]);
    let key = std::fs::read_to_string(server.path("stranger")).unwrap();
    let session = open(json!({
        "hostname": "127.0.0.1", "port": server.port, "username": Sshd::user(), "private_key": key
    }))
    .await;
    let error = session.failed().await;
    assert_eq!(error.cause, Cause::LoginFailed);
    assert!(error.message.contains("tried publickey; it offers publickey"), "{error}");
}

#[tokio::test]
async fn a_password_where_only_keys_are_taken_is_refused_at_once() {
    let server = Sshd::start();
    let error = open(at(server.port)).await.failed().await;
    assert_eq!(error.cause, Cause::LoginFailed);
    assert!(error.message.contains("only by publickey") && !error.message.contains("canary"));
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let error = open(at(free_port())).await.failed().await;
    assert_eq!(error.cause, Cause::Refused);
    assert!(error.message.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_that_dies_loses_the_session() {
    let mut server = Sshd::start();
    let key = server.make_key("key", &["-t", "ed25519", "-N", ""]);
    let session = open(json!({
        "hostname": "127.0.0.1", "port": server.port, "username": Sshd::user(), "private_key": key
    }))
    .await;
    session.wait_for_shell().await;
    server.stop();
    assert_eq!(session.failed().await.cause, Cause::Lost);
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_server_that_never_speaks_times_out() {
    let (listener, port) = listener().await;
    let started = Instant::now();
    let session = open(at(port)).await;
    let _silent = listener.accept().await.unwrap();
    assert_eq!(session.failed().await.cause, Cause::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_web_server_is_told_from_an_ssh_server() {
    let (listener, port) = listener().await;
    let session = open(at(port)).await;
    let (mut socket, _) = listener.accept().await.unwrap();
    socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    drop(socket);
    let error = session.failed().await;
    assert!(matches!(error.cause, Cause::Lost | Cause::Refused), "{error:?}");
}

#[tokio::test]
async fn closing_cuts_a_connection_that_is_stuck_in_the_handshake() {
    let (listener, port) = listener().await;
    let session = open(at(port)).await;
    let (mut socket, _) = listener.accept().await.unwrap();
    socket.write_all(b"SSH-2.0-Stuck\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    session.engine.close().await;
    let mut received = Vec::new();
    let reading = socket.read_to_end(&mut received);
    let ended = tokio::time::timeout(Duration::from_secs(1), reading).await;
    assert!(ended.is_ok(), "the connection outlives its session");
}
