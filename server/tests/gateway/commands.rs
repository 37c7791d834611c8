use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::harness::{choose_database, client, cookie_of};

fn fanlight(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanlight"));
    command.args(words).arg("--data-dir").arg(folder);
    choose_database(&mut command, folder);
    command
}

pub fn run(folder: &Path, words: &[&str]) -> Output {
    fanlight(folder, words).output().unwrap()
}

pub fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap().trim().to_owned()
}

/// A running gateway that ends with the test.
pub struct Running {
    pub child: Child,
    pub url: String,
}

impl Running {
    fn start(folder: &Path, more: &[&str]) -> Self {
        Self::start_in(folder, more, None)
    }

    /// As `start`, with that folder for temporary files.
    pub fn start_in(folder: &Path, more: &[&str], temporary: Option<&Path>) -> Self {
        let words = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        let mut command = fanlight(folder, &words);
        command.envs(temporary.map(|folder| ("TMPDIR", folder)));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (url, rest) = line.strip_prefix("listening on ").unwrap().split_once(',').unwrap();
        assert!(rest.trim().starts_with("started in ") && rest.trim().ends_with(" ms"), "{line}");
        Self { child, url: url.to_owned() }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Exit code, and what it logged.
    fn ended(mut self) -> (Option<i32>, String) {
        let begin = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(20), "it goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let folder = TempDir::new().unwrap();
    let added = run(folder.path(), &["key", "add", "--name", "ci", "--network", "127.0.0.0/8"]);
    assert!(added.status.success());
    let key = printed(&added);
    assert!(key.starts_with("fanlight_") && key.len() == 9 + 64, "{key}");
    let again = run(folder.path(), &["key", "add", "--name", "ci"]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"));

    let gateway = Running::start(folder.path(), &[]);
    let me = format!("{}/api/me", gateway.url);
    let status = async || client(None).get(&me).bearer_auth(&key).send().await.unwrap().status();
    assert_eq!(status().await, StatusCode::OK);
    assert!(run(folder.path(), &["key", "revoke", "ci"]).status.success());
    assert_eq!(status().await, StatusCode::UNAUTHORIZED);
    let list = printed(&run(folder.path(), &["key", "list"]));
    assert!(list.contains("ci\trevoked") && list.contains("127.0.0.0/8"), "{list}");
    assert!(!list.contains(&key));
    assert!(!run(folder.path(), &["key", "revoke", "ci"]).status.success());
}

#[test]
fn bar_15_a_key_with_a_bad_name_network_or_expiry_is_refused() {
    let folder = TempDir::new().unwrap();
    let long = "x".repeat(101);
    let cases: [&[&str]; 5] = [
        &["key", "add", "--name", ""],
        &["key", "add", "--name", &long],
        &["key", "add", "--name", "a", "--network", "10.0.0.0/33"],
        &["key", "add", "--name", "a", "--expires", "2020-01-01T00:00:00Z"],
        &["key", "add", "--name", "a", "--expires", "tomorrow"],
    ];
    for words in cases {
        assert!(!run(folder.path(), words).status.success(), "{words:?}");
    }
    assert_eq!(printed(&run(folder.path(), &["key", "list"])), "");
}

#[tokio::test]
async fn a_printed_link_signs_a_browser_in_once() {
    let folder = TempDir::new().unwrap();
    let gateway = Running::start(folder.path(), &[]);
    let public = format!("server.public_url={}", gateway.url);
    let link = printed(&run(folder.path(), &["sign-in-link", "--set", &public]));
    assert!(link.starts_with(&format!("{}/sign-in/", gateway.url)), "{link}");
    let first = client(None).get(&link).send().await.unwrap();
    let me =
        client(None).get(format!("{}/api/me", gateway.url)).header("cookie", cookie_of(&first));
    assert_eq!(me.send().await.unwrap().status(), StatusCode::OK);
    let second = client(None).get(&link).send().await.unwrap();
    assert!(second.headers()["location"].to_str().unwrap().starts_with("/login"));
    gateway.signal("TERM");
    let (code, log) = gateway.ended();
    assert_eq!(code, Some(0));
    let token = link.rsplit('/').next().unwrap();
    assert!(!log.contains(token), "bar 80: tokens in paths are not logged");
}

#[test]
fn bar_78_both_signals_end_it_in_order() {
    for name in ["TERM", "INT"] {
        let folder = TempDir::new().unwrap();
        let gateway = Running::start(folder.path(), &[]);
        gateway.signal(name);
        let (code, log) = gateway.ended();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("stopped"), "{log}");
    }
}

#[tokio::test]
async fn bar_78_what_kill_9_left_behind_is_closed_by_the_next_start() {
    let folder = TempDir::new().unwrap();
    let key = printed(&run(folder.path(), &["key", "add", "--name", "ci"]));
    let gateway = Running::start(folder.path(), &[]);
    let body = serde_json::json!({ "session_type": "ssh", "hostname": "192.0.2.1" });
    let url = format!("{}/api/sessions", gateway.url);
    let made = client(None).post(url).bearer_auth(&key).json(&body).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    gateway.signal("KILL");
    assert_eq!(gateway.ended().0, None);
    let next = Running::start(folder.path(), &[]);
    let url = format!("{}/api/sessions/history", next.url);
    let seen = client(None).get(url).bearer_auth(&key).send().await.unwrap();
    let seen: serde_json::Value = seen.json().await.unwrap();
    assert_eq!(seen["items"][0]["status"], "error", "{seen}");
    assert_eq!(seen["items"][0]["ended_because"], "The gateway was restarted.");
    assert!(seen["items"][0]["ended_at"].is_string(), "{seen}");
}

#[test]
fn bar_80_a_gateway_that_breaks_leaves_no_core_with_its_secrets() {
    let folder = TempDir::new().unwrap();
    let mut gateway = Running::start(folder.path(), &[]);
    gateway.signal("ABRT");
    let status = gateway.child.wait().unwrap();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
}

#[test]
fn the_environment_configures_and_its_unknown_keys_are_refused() {
    let folder = TempDir::new().unwrap();
    let with = |name: &str, value: &str| {
        fanlight(folder.path(), &["key", "list"]).env(name, value).output().unwrap()
    };
    assert!(with("FANLIGHT_SESSIONS__PENDING_TIMEOUT", "90").status.success());
    assert!(with("FANLIGHT_SERVER__TRUSTED_PROXIES", "[10.0.0.1]").status.success());
    let cases = [
        ("FANLIGHT_SERVER__LISTEN", "nowhere", "server.listen must be"),
        ("FANLIGHT_SERVER__LISSTEN", "x", "server.lissten is not a known field"),
        ("FANLIGHT_SERVR__LISTEN", "x", "servr is not a known field"),
        ("FANLIGHT_TYPO", "x", "typo is not a known field"),
    ];
    for (name, value, expected) in cases {
        let output = with(name, value);
        assert_eq!(output.status.code(), Some(78), "{name}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(expected), "{name}: {told}");
    }
}

#[test]
fn the_log_can_be_json_with_the_request_id() {
    let folder = TempDir::new().unwrap();
    let more = ["--set", "log.format=json", "--set", "log.level=debug"];
    let gateway = Running::start(folder.path(), &more);
    let path = format!("{}/api/health?canary=1", gateway.url);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = client(None).get(path).header("x-request-id", "my-request");
    runtime.block_on(async { ask.send().await.unwrap() });
    gateway.signal("TERM");
    let (_, log) = gateway.ended();
    let line = log.lines().find(|line| line.contains("my-request")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["span"]["id"], "my-request");
    assert_eq!(line["span"]["route"], "/api/health");
    assert!(!log.contains("canary"), "queries are not logged");
}

#[test]
fn the_document_is_printed_without_a_database() {
    let folder = TempDir::new().unwrap();
    let output = run(&folder.path().join("none"), &["openapi"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["paths"]["/api/sessions"].is_object());
    assert!(!folder.path().join("none").exists());
}
