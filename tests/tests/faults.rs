//! A guacd that misbehaves, and a network that does: what the viewer is told, and that
//! nobody else notices.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_core::{Cause, Viewport};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    BadGuacd, Engine, Fault, FaultProxy, Gateway, Misdeed, Sshd, TerminalReader, Viewer, free_port,
    ssh_session,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A session that goes to a guacd; no machine is behind.
fn request() -> Value {
    json!({ "session_type": "ssh", "hostname": "127.0.0.1", "username": "u", "password": "canary" })
}

async fn open(gateway: &Gateway, session: &Value) -> Result<(String, Viewer)> {
    let created = gateway.create(session).await?;
    let id = created["session_id"].as_str().context("no session_id")?.to_owned();
    let viewer = Viewer::open(gateway, &id, Viewport::default()).await?;
    Ok((id, viewer))
}

/// Waits until the session has failed; what its viewer and its history say.
async fn failure(gateway: &Gateway, id: &str, viewer: &Viewer) -> Result<(String, u16)> {
    viewer.closed().await?;
    let begin = Instant::now();
    loop {
        let session = gateway.session(id).await?;
        if session["status"] == "error" {
            let (message, status) = viewer.error().context("the viewer was not told")?;
            ensure!(session["ended_because"] == message.as_str(), "{session}, not {message}");
            ensure!(!message.contains("canary"));
            return Ok((message, status));
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "{session}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_63_a_guacd_that_is_not_there_or_refuses_is_told() {
    let gateway = Gateway::start(Engine::Guacd(free_port().unwrap())).await.unwrap();
    let (id, viewer) = open(&gateway, &request()).await.unwrap();
    let (message, status) = failure(&gateway, &id, &viewer).await.unwrap();
    assert!(message.contains("guacd"), "{message}");
    assert_eq!(status, Cause::Unavailable.guacamole_status());
    let (_, steps) =
        gateway.call(Method::GET, &format!("/api/sessions/{id}/steps"), None).await.unwrap();
    let last = steps.as_array().unwrap().last().unwrap();
    assert_eq!((&last["name"], &last["state"]), (&json!("Connect to guacd"), &json!("failed")));
    assert_eq!(last["message"], message.as_str());

    let guacd = BadGuacd::start(Misdeed::Refuses).await.unwrap();
    let gateway = Gateway::start(Engine::Guacd(guacd.port())).await.unwrap();
    let (id, viewer) = open(&gateway, &request()).await.unwrap();
    let (message, _) = failure(&gateway, &id, &viewer).await.unwrap();
    assert!(message.contains("Not today"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_64_a_guacd_silent_in_the_handshake_costs_ten_seconds_and_nobody_else_anything() {
    let (guacd, sshd) =
        (BadGuacd::start(Misdeed::Silent).await.unwrap(), Sshd::start().await.unwrap());
    let gateway = Gateway::start(Engine::Guacd(guacd.port())).await.unwrap();
    let begin = Instant::now();
    let (id, viewer) = open(&gateway, &request()).await.unwrap();
    // Meanwhile: a request, and a whole session on the other engine.
    let (health, _) = gateway.call(Method::GET, "/api/health", None).await.unwrap();
    assert_eq!(health, StatusCode::OK);
    let mut other = ssh_session(&sshd).unwrap();
    other["engine"] = json!("embedded");
    let (_, seen) = open(&gateway, &other).await.unwrap();
    TerminalReader::learn(&seen, &sshd).await.unwrap();
    let (message, status) = failure(&gateway, &id, &viewer).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(status, Cause::TimedOut.guacamole_status(), "{message}");
    seen.type_text("exit\n").await.unwrap();
    seen.closed().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_65_a_guacd_that_dies_mid_session_is_told() {
    let guacd = BadGuacd::start(Misdeed::Dies).await.unwrap();
    let gateway = Gateway::start(Engine::Guacd(guacd.port())).await.unwrap();
    let (id, viewer) = open(&gateway, &request()).await.unwrap();
    viewer.drawing_after(0).await.unwrap();
    guacd.do_it();
    failure(&gateway, &id, &viewer).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_66_garbage_from_guacd_closes_its_session_cleanly() {
    let guacd = BadGuacd::start(Misdeed::Babbles).await.unwrap();
    let gateway = Gateway::start(Engine::Guacd(guacd.port())).await.unwrap();
    let (id, viewer) = open(&gateway, &request()).await.unwrap();
    viewer.drawing_after(0).await.unwrap();
    guacd.do_it();
    let (_, status) = failure(&gateway, &id, &viewer).await.unwrap();
    assert_eq!(status, Cause::Lost.guacamole_status());
    let (health, _) = gateway.call(Method::GET, "/api/health", None).await.unwrap();
    assert_eq!(health, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_67_a_picture_right_behind_ready_is_not_lost() {
    let guacd = BadGuacd::start(Misdeed::Hurries).await.unwrap();
    let gateway = Gateway::start(Engine::Guacd(guacd.port())).await.unwrap();
    let (_, viewer) = open(&gateway, &request()).await.unwrap();
    viewer.drawing_after(0).await.unwrap();
    let picture = viewer.picture().unwrap();
    assert_eq!((picture.width, picture.height), (64, 64));
    assert_eq!(picture.at(63, 63), [10, 200, 30, 255]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_network_only_slows_and_a_cut_one_ends_with_a_reason() {
    let sshd = Sshd::start().await.unwrap();
    let network = FaultProxy::to(SocketAddr::from(([127, 0, 0, 1], sshd.port()))).await.unwrap();
    let gateway = Gateway::start(Engine::Embedded).await.unwrap();
    let mut session = ssh_session(&sshd).unwrap();
    session["port"] = json!(network.address().port());
    network.set(Fault::Delay(Duration::from_millis(100)));
    let (id, viewer) = open(&gateway, &session).await.unwrap();
    let reader = TerminalReader::learn(&viewer, &sshd).await.unwrap();
    viewer.type_text("echo $((6*7))\n").await.unwrap();
    reader.wait_for(&viewer, |row| row == "42").await.unwrap();
    assert_eq!(network.taken(), 1);
    network.set(Fault::Cut);
    failure(&gateway, &id, &viewer).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_garbled_network_is_found_out_and_a_silent_one_is_not_waited_for() {
    let sshd = Sshd::start().await.unwrap();
    let network = FaultProxy::to(SocketAddr::from(([127, 0, 0, 1], sshd.port()))).await.unwrap();
    let limits = "[drivers.ssh]\nresponse_seconds = 2\n";
    let gateway = Gateway::start_with(Engine::Embedded, limits).await.unwrap();
    let mut session = ssh_session(&sshd).unwrap();
    session["port"] = json!(network.address().port());
    for (fault, causes) in [
        (Fault::Garble, [Cause::Refused, Cause::Lost]),
        (Fault::Silent, [Cause::TimedOut, Cause::TimedOut]),
    ] {
        network.set(fault);
        let (id, viewer) = open(&gateway, &session).await.unwrap();
        let (message, status) = failure(&gateway, &id, &viewer).await.unwrap();
        let expected = causes.map(Cause::guacamole_status);
        assert!(expected.contains(&status), "{fault:?}: {status} {message}");
    }
}
