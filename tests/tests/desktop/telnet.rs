//! Telnet on both engines, from the request to what the other side heard.

use std::time::Duration;

use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{Engine, Gateway, Guacd, Telnetd, Viewer};
use serde_json::{Value, json};

use super::VIEWPORT;

async fn a_session_in(engine: Engine) {
    let gateway = Gateway::start(engine).await.unwrap();
    let telnetd = Telnetd::start().await.unwrap();
    let session = json!({
        "session_type": "telnet",
        "hostname": "127.0.0.1",
        "port": telnetd.port(),
        "username": "jdoe",
        "password": "geh heim",
        "login_success_regex": "^Welcome j",
        "login_failure_regex": "^Login incorrect",
    });
    let created = gateway.create(&session).await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    let viewer = Viewer::open(&gateway, id, VIEWPORT).await.unwrap();
    assert_eq!(telnetd.told("login").await.unwrap(), "jdoe:geh heim");
    let size = telnetd.told("size").await.unwrap();
    let (rows, columns) = size.split_once(' ').unwrap();
    assert!(rows.parse::<u32>().unwrap() > 10 && columns.parse::<u32>().unwrap() > 40, "{size}");
    viewer.drawing_after(0).await.unwrap();
    // guacd takes no keys until it has found the login's success in what it shows.
    viewer.settled(Duration::from_millis(500), SHOWN_WITHIN).await.unwrap();
    let before = viewer.progress().drawings;
    viewer.type_text("Hello 42\n").await.unwrap();
    assert_eq!(telnetd.told("typed").await.unwrap(), "Hello 42");
    viewer.drawing_after(before).await.unwrap();
    viewer.type_text("\n").await.unwrap();
    viewer.closed().await.unwrap();
    assert_eq!(gateway.session(id).await.unwrap()["status"], "completed");
    refuses_in_words(&gateway, session).await;
}

/// What says that the login failed ends the session, and the person is told.
async fn refuses_in_words(gateway: &Gateway, mut session: Value) {
    let telnetd = Telnetd::start().await.unwrap();
    session["port"] = telnetd.port().into();
    session["login_success_regex"] = "^Last login".into();
    session["login_failure_regex"] = "^Welcome".into();
    let created = gateway.create(&session).await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    let viewer = Viewer::open(gateway, id, VIEWPORT).await.unwrap();
    viewer.closed().await.unwrap();
    let ended = gateway.session(id).await.unwrap();
    assert_eq!(ended["status"], "error", "{ended}");
    let why = ended["ended_because"].as_str().unwrap();
    assert!(why.contains("login") || why.contains("credentials"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telnet_session_logs_in_types_and_ends_in_guacd() {
    let guacd = Guacd::start().await.unwrap();
    a_session_in(Engine::Guacd(guacd.port())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telnet_session_logs_in_types_and_ends_in_the_embedded_engine() {
    a_session_in(Engine::Embedded).await;
}
