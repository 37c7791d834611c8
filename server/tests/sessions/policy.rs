use std::sync::Arc;
use std::time::{Duration, Instant};

use fanlight::config::{Config, NetworkRules};
use fanlight_engine::guacd::{GuacdAddress, GuacdConfig};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::harness::{Fixture, merge};

fn kitchen(fixture: &Fixture, host: &str, tap: u16) -> Value {
    let mut body = merge(fixture.kettle_request(), json!({ "kitchen": host, "tap": tap }));
    body.as_object_mut().unwrap().remove("spout");
    body
}

fn allow_loopback(config: &mut Config) {
    let rules = NetworkRules {
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        ..config.network.default.clone()
    };
    config.network.drivers.insert("kettle".into(), rules);
}

async fn status(fixture: &Fixture, host: &str) -> (StatusCode, Value) {
    let reply = fixture.post("/api/sessions", kitchen(fixture, host, 7)).await;
    (reply.status, reply.body)
}

#[tokio::test]
async fn bar_40_reserved_addresses_are_denied_however_they_are_written() {
    let fixture = Fixture::start().await;
    for host in [
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "100.100.100.200",
        "224.0.0.1",
        "::1",
        "[::ffff:127.0.0.1]",
        "::ffff:7f00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "0xa9.254.0xa9fe",
        "fd00:ec2::254",
    ] {
        let (status, body) = status(&fixture, host).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{host}: {body}");
        assert_eq!(body["code"], "denied");
    }
    for host in ["10.1.2.3", "8.8.8.8", "fd00::5"] {
        assert_eq!(status(&fixture, host).await.0, StatusCode::CREATED, "{host}");
    }
}

#[tokio::test]
async fn bar_40_what_is_denied_can_be_allowed_by_name_and_only_that() {
    let fixture = Fixture::with(allow_loopback).await;
    assert_eq!(status(&fixture, "127.0.0.1").await.0, StatusCode::CREATED);
    assert_eq!(status(&fixture, "127.0.0.2").await.0, StatusCode::FORBIDDEN);
    assert_eq!(status(&fixture, "10.0.0.1").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn bar_43_no_session_goes_to_the_gateways_own_guacd_or_tunnels() {
    let fixture = Fixture::with(|config| {
        let guacd = |host: &str| GuacdAddress { host: host.into(), port: 4822, tls: None };
        config.guacd = Some(GuacdConfig::new(vec![
            guacd("10.0.0.7"),
            guacd("guacd.example"),
            guacd("fd00::7"),
        ]));
        config.jump_hosts.tunnel_address = Some("10.0.0.3".parse().unwrap());
    })
    .await;
    fixture.names.set("guacd.example", &[&["10.0.0.8"]]);
    fixture.names.set("alias.example", &[&["10.0.0.9", "10.0.0.8"]]);
    fixture.names.set("tunnel.example", &[&["10.0.0.3"]]);
    for (host, port) in [
        ("10.0.0.7", 4822),
        ("::ffff:10.0.0.7", 4822),
        ("64:ff9b::a00:7", 4822),
        ("fd00::7", 4822),
        ("10.0.0.8", 4822),
        ("guacd.example", 4822),
        ("alias.example", 4822),
        ("10.0.0.3", 40_000),
        ("tunnel.example", 40_001),
    ] {
        let reply = fixture.post("/api/sessions", kitchen(&fixture, host, port)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{host}:{port}: {}", reply.body);
    }
    for (host, port) in [("10.0.0.7", 22), ("guacd.example", 22), ("10.0.0.4", 4822)] {
        let reply = fixture.post("/api/sessions", kitchen(&fixture, host, port)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{host}:{port}: {}", reply.body);
    }
}

#[tokio::test]
async fn bar_39_every_address_of_a_name_must_be_allowed() {
    let fixture = Fixture::start().await;
    fixture.names.set("good.example", &[&["10.0.0.1", "10.0.0.2"]]);
    fixture.names.set("mixed.example", &[&["10.0.0.1", "127.0.0.1"]]);
    fixture.names.set("mapped.example", &[&["::ffff:169.254.169.254"]]);
    assert_eq!(status(&fixture, "good.example").await.0, StatusCode::CREATED);
    for host in ["mixed.example", "mapped.example"] {
        let (status, body) = status(&fixture, host).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
        assert!(!body.to_string().contains("127.0"), "addresses are not told: {body}");
    }
    let (status, body) = status(&fixture, "nowhere.example").await;
    assert_eq!((status, &body["code"]), (StatusCode::BAD_GATEWAY, &json!("target_not_found")));
}

#[tokio::test]
async fn bar_39_a_slow_look_up_has_a_time_limit() {
    let fixture =
        Fixture::with(|config| config.sessions.connect_timeout = Duration::from_millis(200)).await;
    let begun = Instant::now();
    assert_eq!(status(&fixture, "slow.example").await.0, StatusCode::GATEWAY_TIMEOUT);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn bar_39_rebinding_between_the_check_and_the_start_is_denied() {
    let fixture = Fixture::start().await;
    fixture.names.set("rebind.example", &[&["10.0.0.1"], &["127.0.0.1"]]);
    let made = fixture.make(kitchen(&fixture, "rebind.example", 7)).await;
    let mut viewer = fixture.own(&made).await;
    let (message, code) = viewer.until_error().await;
    assert!(message.contains("network rules"), "{message}");
    assert_eq!(code, 0x303.to_string());
    fixture.wait_for_status(&made, "error").await;
}

#[tokio::test]
async fn bar_39_rebinding_goes_to_the_address_that_was_checked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fixture = Fixture::with(allow_loopback).await;
    // The third answer would be the one of a look-up behind the check.
    let answers: [&[&str]; 3] = [&["127.0.0.1"], &["127.0.0.1"], &["10.255.255.1"]];
    fixture.names.set("rebind.example", &answers);
    let made = fixture.make(kitchen(&fixture, "rebind.example", port)).await;
    let _viewer = fixture.own(&made).await;
    let (mut stream, _) =
        tokio::time::timeout(Duration::from_secs(5), listener.accept()).await.unwrap().unwrap();
    let mut code = [0; 8];
    stream.read_exact(&mut code).await.unwrap();
    assert_eq!(&code, b"canary-7");
}

#[tokio::test]
async fn bar_41_a_second_engine_is_told_the_checked_address_and_no_name() {
    let fixture = Fixture::start().await;
    fixture.names.set("db.example", &[&["10.1.1.1"]]);
    let mut body = kitchen(&fixture, "db.example", 77);
    body["engine"] = json!("guacd");
    let made = fixture.make(body).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("ready").await;
    let session = fixture.script.last();
    let parameters = &session.opening.plan.parameters;
    assert_eq!(parameters.get("hostname"), Some("10.1.1.1"));
    assert_eq!(parameters.get("port"), Some("77"));
}

#[tokio::test]
async fn sockets_of_this_machine_are_reached_only_where_they_are_listed() {
    let fixture = Fixture::start().await;
    let run = fixture.kettle.path.parent().unwrap().to_path_buf();
    for path in ["/var/run/docker.sock".into(), run.join("../fanlight.db"), "kettle.sock".into()] {
        let body = merge(fixture.kettle_request(), json!({ "spout": path }));
        let reply = fixture.post("/api/sessions", body).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path:?}");
    }
    let none = Fixture::with(|config| config.network.default.unix_sockets = Vec::new()).await;
    let reply = none.post("/api/sessions", none.kettle_request()).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    drop(Arc::clone(&none.app));
}
