//! What is secret stays out of logs and replies, whatever goes wrong with it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use futures_util::StreamExt as _;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::harness::{choose_database, client};

const CANARY: &str = "canary-4711";
const METRICS_TOKEN: &str = "a-token-for-prometheus";

/// A gateway that logs all that its own code has to say, and its log.
fn start(folder: &TempDir) -> (Child, String, JoinHandle<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanlight"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path());
    choose_database(&mut command, folder.path());
    command.env("FANLIGHT_LOG__LEVEL", "fanlight=trace,fanlight_engine=trace,russh=debug,debug");
    command.env("FANLIGHT_NETWORK__ALLOW", "[\"127.0.0.0/8\"]");
    command.env("FANLIGHT_METRICS__TOKEN", METRICS_TOKEN);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("listening on ").unwrap().split_once(',').unwrap().0.to_owned();
    let mut log = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    (child, url, reading)
}

fn add_key(folder: &TempDir) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanlight"));
    command.args(["key", "add", "--name", "ci", "--data-dir"]).arg(folder.path());
    choose_database(&mut command, folder.path());
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

async fn replied(request: RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

/// Requests that are wrong in every place where a secret stands.
fn wrong_requests() -> Vec<Value> {
    let with = |name: &str, value: Value| {
        let mut body = json!({ "session_type": "ssh", "hostname": "127.0.0.1" });
        body[name] = value;
        body
    };
    vec![
        with("password", json!(format!("{CANARY}\n"))),
        with("password", json!([CANARY])),
        with("private_key", json!(CANARY)),
        with("passphrase", json!(CANARY)),
        with("host_key", json!(CANARY)),
        with("pasword", json!(CANARY)),
        with("jump_password", json!(CANARY)),
        with("jump_hosts", json!([{ "hostname": "a", "password": CANARY }])),
    ]
}

/// A request of each driver with a canary in every field that its schema calls a secret.
fn requests_with_every_secret(drivers: &Value) -> Vec<Value> {
    let bodies = drivers.as_array().unwrap().iter().map(|driver| {
        let mut body = json!({ "session_type": driver["id"], "hostname": "127.0.0.1", "port": 1 });
        for (name, field) in driver["schema"]["properties"].as_object().unwrap() {
            if field["writeOnly"] == true {
                body[name] = json!(CANARY);
            }
        }
        body
    });
    bodies.collect()
}

#[tokio::test]
async fn bar_80_no_secret_shows_in_the_log_or_in_a_reply() {
    let folder = TempDir::new().unwrap();
    let key = add_key(&folder);
    let (mut child, url, log) = start(&folder);
    let http = client(None);
    let mut replies = Vec::new();
    for body in wrong_requests() {
        replies.push(
            replied(http.post(format!("{url}/api/sessions")).bearer_auth(&key).json(&body)).await,
        );
    }
    let drivers = http.get(format!("{url}/api/drivers")).bearer_auth(&key).send().await.unwrap();
    let every = requests_with_every_secret(&drivers.json().await.unwrap());
    assert!(
        every.iter().filter(|body| body.to_string().contains(CANARY)).count() >= 3,
        "{every:?}"
    );
    for body in every {
        let post = http.post(format!("{url}/api/sessions"));
        replies.push(replied(post.bearer_auth(&key).json(&body)).await);
    }
    let sign_in = http.post(format!("{url}/api/auth/sign-in"));
    replies.push(replied(sign_in.json(&json!({ "api_key": CANARY }))).await);
    replies.push(replied(http.get(format!("{url}/api/me?api_key={CANARY}"))).await);
    replies.push(replied(http.get(format!("{url}/api/me")).bearer_auth(CANARY)).await);
    replies.push(replied(http.get(format!("{url}/sign-in/{CANARY}"))).await);
    replies.push(replied(http.get(format!("{url}/open/{CANARY}"))).await);

    let good = json!({
        "session_type": "ssh", "hostname": "127.0.0.1", "port": 1, "username": "u", "password": CANARY,
    });
    let made = http.post(format!("{url}/api/sessions")).bearer_auth(&key).json(&good);
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let ticket = http.post(format!("{url}/api/ws-ticket")).bearer_auth(&key);
    let ticket: Value = ticket.send().await.unwrap().json().await.unwrap();
    let secret = |reply: &Value, name: &str| reply[name].as_str().unwrap().to_owned();
    let (id, ticket) = (secret(&made, "session_id"), secret(&ticket, "ticket"));
    let address = url.strip_prefix("http://").unwrap();
    let path = format!("ws://{address}/ws/{id}?ticket={ticket}");
    let mut request = path.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "guacamole".parse().unwrap());
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let mut told = String::new();
    while let Some(Ok(message)) = socket.next().await {
        told.push_str(&message.to_string());
    }
    assert!(told.contains("refused the connection"), "{told}");
    replies.push(told);
    let session = http.get(format!("{url}/api/sessions/{id}")).bearer_auth(&key);
    replies.push(replied(session).await);
    for path in [
        "/api/sessions",
        "/api/sessions/history",
        "/api/sessions/history.csv",
        "/api/admin/audit.csv",
        &format!("/api/sessions/{id}/steps"),
        "/metrics",
    ] {
        let credential = if path == "/metrics" { METRICS_TOKEN } else { &key };
        replies.push(replied(http.get(format!("{url}{path}")).bearer_auth(credential)).await);
    }
    for file in ["cmdline", "environ", "comm"] {
        let seen = std::fs::read(format!("/proc/{}/{file}", child.id())).unwrap();
        replies.push(String::from_utf8_lossy(&seen).into_owned());
    }

    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().unwrap();
    let log = log.join().unwrap();
    assert!(log.contains(&id), "the log tells of the session: {log}");
    for reply in &replies {
        assert!(!reply.contains(CANARY), "{reply}");
    }
    let tokens = [secret(&made, "open_url"), secret(&made, "share_url")];
    let tokens = tokens.iter().map(|url| url.rsplit(['/', '=']).next().unwrap());
    for secret in tokens.chain([CANARY, key.as_str(), ticket.as_str()]) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} stands in the log");
    }
}
