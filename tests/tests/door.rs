//! `fanlight guacd`: foreign clients of guacd's protocol against the embedded engine.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::{Duration, Instant};

use fanlight_tests::{Door, Foreign, Sshd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn opens_types_and_joins(foreign: Foreign) {
    let (door, sshd) = (Door::start(&[]).await.unwrap(), Sshd::start().await.unwrap());
    let came = foreign.run(door.port(), &sshd).await.unwrap();
    assert!(came["id"].as_str().unwrap().starts_with('$'), "{came}");
    let home = sshd.home();
    let begin = Instant::now();
    while fs::read_to_string(home.join("answer")).unwrap_or_default() != "42\n" {
        assert!(begin.elapsed() < Duration::from_secs(20), "{came} {}", door.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!home.join("unwanted").exists(), "a read-only client typed");
    for drawing in ["img", "blob", "size", "sync"] {
        assert!(came["owner"][drawing].as_u64() > Some(0), "{drawing}: {came}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pyguacamole_opens_a_session_types_and_joins_to_look() {
    opens_types_and_joins(Foreign::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guacamole_lite_opens_a_session_and_types_in_it_from_a_second_client() {
    opens_types_and_joins(Foreign::Lite).await;
}

/// What the door says to these bytes until it closes.
async fn answer(door: &Door, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", door.port())).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

/// The handshake of a client that has this and nothing else to say.
async fn connect(door: &Door, values: impl Fn(&str) -> String) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", door.port())).await.unwrap();
    stream.write_all(b"6.select,3.ssh;").await.unwrap();
    let mut args = String::new();
    while !args.ends_with(';') {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).await.unwrap();
        args.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    let names: Vec<_> = args.trim_end_matches(';').split(',').skip(1).collect();
    assert_eq!(names[0], "13.VERSION_1_5_0");
    let mut text = "7.connect".to_owned();
    for name in names {
        let value = values(name.split_once('.').unwrap().1);
        text.push_str(&format!(",{}.{value}", value.chars().count()));
    }
    stream.write_all((text + ";").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), reading).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_45_what_is_no_handshake_is_refused_with_a_reason() {
    let door = Door::start(&[]).await.unwrap();
    for (bytes, words) in [
        ("6.select,8.teleport;", "teleport is not offered"),
        ("6.select,37.$00000000-0000-0000-0000-000000000000;", "does not exist"),
        ("4.size,1.1,1.1;", "must begin with select"),
        ("6.select,3.ssh;7.connect,1.x;", "connect must have"),
        ("GET / HTTP/1.1\r\n\r\n", "no instruction"),
    ] {
        let answer = answer(&door, bytes.as_bytes()).await;
        assert!(answer.contains("5.error,") && answer.contains(words), "{bytes}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_41_the_network_rules_hold_for_foreign_clients() {
    let door = Door::start(&["--set", r#"network.deny=["127.0.0.0/8"]"#]).await.unwrap();
    let answered = |host: &'static str, port: &'static str| {
        connect(&door, move |name| match name {
            "hostname" => host.to_owned(),
            "port" => port.to_owned(),
            _ => String::new(),
        })
    };
    assert!(answered("127.0.0.1", "22").await.contains("network rules"), "{}", door.log());
    assert!(answered("169.254.169.254", "").await.contains("network rules"));
    assert!(answered("no host", "22").await.contains("must be a DNS name"));
    assert!(answered("127.0.0.1", "022").await.contains("1-65535"));
    assert!(answered("", "22").await.contains("must be a DNS name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_64_who_says_nothing_in_the_handshake_is_dropped() {
    let limits =
        ["--set", "server.header_timeout=\"1s\"", "--set", "sessions.connect_timeout=\"1s\""];
    let door = Door::start(&limits).await.unwrap();
    let begin = Instant::now();
    assert_eq!(answer(&door, b"").await, "");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}
