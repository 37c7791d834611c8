//! Recordings of real sessions: played in Chromium, by the players of others too, and after
//! the gateway was killed.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fanlight_core::Viewport;
use fanlight_tests::protocol::instructions;
use fanlight_tests::recordings::{color_at, write_hour};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    Browser, Engine, Gateway, Guacd, Picture, RdpShare, Screen, Seat, Sshd, Viewer, VncDesktop,
    first_prompt, screenshots, ssh_session, still_picture,
};
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const RECORD: &str = "[recordings]\nrecord = true\n";
const VIEWPORT: Viewport = Viewport { width: 800, height: 600, dpi: 96 };
const PLAYER: &str = "[data-testid=player] .screen";
/// Bytes of one segment: a mebibyte, the key frame's share and one frame.
const MOST_PER_SEEK: u64 = 2 * 1024 * 1024;

/// The only recording, once `ready` holds.
async fn recording(gateway: &Gateway, ready: impl Fn(&Value) -> bool) -> Result<Value> {
    let begin = Instant::now();
    loop {
        let (_, list) = gateway.call(Method::GET, "/api/recordings", None).await?;
        if ready(&list[0]) {
            return Ok(list[0].clone());
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "not ready: {list}\n{}", gateway.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn stream(gateway: &Gateway, one: &Value) -> Result<String> {
    let name = one["name"].as_str().context("no name")?;
    let (status, text) =
        gateway.call(Method::GET, &format!("/api/recordings/{name}"), None).await?;
    ensure!(status == StatusCode::OK, "{status}: {text}");
    Ok(text.as_str().context("no stream")?.to_owned())
}

/// Signs a browser in and opens the player at the recording's end.
async fn play_to_the_end(gateway: &Gateway, browser: &Browser, one: &Value) -> Result<()> {
    browser.goto(&gateway.sign_in_link()?).await?;
    let name = one["name"].as_str().context("no name")?;
    browser.goto(&format!("{}/recordings/{name}", gateway.url())).await?;
    is_shown(browser).await?;
    browser.press("k").await?;
    browser.press("End").await?;
    let at_end = "(() => { const { at, seeking } = document.querySelector('[data-testid=player]')\
                  .dataset; return seeking === 'false' && Number(at) >= DURATION - 1 })()";
    browser.wait_until(&at_end.replace("DURATION", &one["duration_ms"].to_string())).await
}

async fn is_shown(browser: &Browser) -> Result<()> {
    let shown = "(() => { const player = document.querySelector('[data-testid=player]');\
                 return player?.dataset.state === 'ready' && player.dataset.seeking === 'false' \
                 && player.querySelector('canvas') !== null })()";
    let waited = browser.wait_until(shown).await;
    if waited.is_err() {
        let messages = browser.call("messages", Value::Null).await?;
        return waited.with_context(|| format!("the console says {messages}"));
    }
    Ok(())
}

/// Pictures of the player and of the list, in both themes and two widths.
async fn look(gateway: &Gateway, browser: &Browser, name: &str) -> Result<()> {
    for theme in ["light", "dark"] {
        let set = format!("document.documentElement.dataset.theme = '{theme}'");
        browser.evaluate(&set).await?;
        for width in [1280, 390] {
            browser.call("resize", json!({ "width": width, "height": 800 })).await?;
            let file = format!("recording-{name}-{width}-{theme}.png");
            browser.screenshot(&screenshots()?.join(file)).await?;
        }
    }
    browser.goto(&format!("{}/recordings", gateway.url())).await?;
    browser.wait_for("[data-testid=recordings] [role=row]").await?;
    for theme in ["light", "dark"] {
        browser.evaluate(&format!("document.documentElement.dataset.theme = '{theme}'")).await?;
        for width in [1280, 390] {
            browser.call("resize", json!({ "width": width, "height": 800 })).await?;
            let file = format!("recordings-{name}-{width}-{theme}.png");
            browser.screenshot(&screenshots()?.join(file)).await?;
        }
    }
    Ok(())
}

/// Plays a recording by the player of guacamole-common-js, to its end: pixels that differ. It
/// says that it is there before its images are decoded.
async fn foreign_player_differs(
    browser: &Browser,
    stream: &str,
    expected: &Picture,
) -> Result<usize> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../ui/node_modules/@glokon/guacamole-common-js/lib/cjs/guacamole.js");
    let source = std::fs::read_to_string(library).context("run `npm ci` in ui")?;
    let load = format!(
        "(() => {{ const module = {{ exports: {{}} }}; const exports = module.exports;\n\
                        {source}\n window.theirs = module.exports.default ?? module.exports; return true }})()"
    );
    browser.evaluate(&load).await?;
    let begin = format!(
        "(() => {{
          const recording = new window.theirs.SessionRecording(new Blob([{}]));
          const box = document.createElement('div');
          box.id = 'theirs';
          box.style.cssText = 'position:fixed;inset:0;z-index:9';
          box.append(recording.getDisplay().getElement());
          document.body.append(box);
          recording.onload = () => recording.seek(recording.getDuration(), () => (window.played = true));
          recording.onerror = (why) => (window.refused = String(why));
          return true
        }})()",
        json!(stream)
    );
    browser.evaluate(&begin).await?;
    browser.wait_until("window.played === true").await?;
    let begin = Instant::now();
    loop {
        let differs = same_size(&browser.canvas("#theirs").await?, expected);
        if differs == 0 || begin.elapsed() > SHOWN_WITHIN {
            return Ok(differs);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ssh_recording_plays_here_and_by_the_player_of_others() {
    let (sshd, gateway) = (
        Sshd::start().await.unwrap(),
        Gateway::start_with(Engine::Embedded, RECORD).await.unwrap(),
    );
    let created = gateway.create(&ssh_session(&sshd).unwrap()).await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    let viewer = Viewer::open(&gateway, id, VIEWPORT).await.unwrap();
    first_prompt(&viewer).await.unwrap();
    for line in
        ["ls --color=always -l /usr/bin | head -60\n", "clear\n", "echo $((6*7)); ls -l /\n"]
    {
        viewer.type_text(line).await.unwrap();
        viewer.settled(Duration::from_millis(700), SHOWN_WITHIN).await.unwrap();
    }
    let expected = still_picture(&viewer).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await.unwrap();
    let one = recording(&gateway, |one| one["status"] == "complete").await.unwrap();
    let text = stream(&gateway, &one).await.unwrap();
    assert!(!instructions(&text).unwrap().is_empty());

    let browser = Browser::start().await.unwrap();
    browser.call("resize", json!({ "width": 1280, "height": 900 })).await.unwrap();
    play_to_the_end(&gateway, &browser, &one).await.unwrap();
    let screen = Screen { browser: &browser, selector: PLAYER };
    let shown = screen.picture().await.unwrap();
    assert_eq!(same_size(&shown, &expected), 0, "our player's last picture");
    look(&gateway, &browser, "ssh").await.unwrap();
    let theirs = foreign_player_differs(&browser, &text, &expected).await.unwrap();
    assert_eq!(theirs, 0, "the other player's last picture");
    browser.close().await.unwrap();
}

/// Pixels that differ, the few of a caret that blinks not counted.
fn same_size(a: &Picture, b: &Picture) -> usize {
    assert_eq!((a.width, a.height), (b.width, b.height));
    match a.differing(b) {
        ..400 => 0,
        many => many,
    }
}

async fn sees(viewer: &Viewer, desktop: &VncDesktop) -> Result<()> {
    let begin = Instant::now();
    loop {
        let differs = viewer.picture()?.differing(&desktop.screenshot()?);
        if differs == 0 {
            return Ok(());
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "{differs} pixels differ");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rdp_recording_of_guacd_plays() {
    let guacd = Guacd::start().await.unwrap();
    let gateway = Gateway::start_with(Engine::Guacd(guacd.port()), RECORD).await.unwrap();
    let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await.unwrap();
    desktop.paint(1).unwrap();
    let share = desktop.share_by_xrdp().await.unwrap();
    let session = json!({
        "session_type": "rdp", "hostname": "127.0.0.1", "port": share.port(),
        "username": RdpShare::USERNAME, "password": VncDesktop::PASSWORD, "security": "tls",
        "ignore_cert": true, "color_depth": 24,
    });
    let created = gateway.create(&session).await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    let viewer = Viewer::open(&gateway, id, VIEWPORT).await.unwrap();
    for seed in 2..4 {
        sees(&viewer, &desktop).await.unwrap();
        recording(&gateway, |one| one["duration_ms"].as_u64() > Some(0)).await.unwrap();
        desktop.paint(seed).unwrap();
    }
    sees(&viewer, &desktop).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let expected = desktop.screenshot().unwrap();
    gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await.unwrap();
    let one = recording(&gateway, |one| one["status"] == "complete").await.unwrap();
    let browser = Browser::start().await.unwrap();
    browser.call("resize", json!({ "width": 1280, "height": 900 })).await.unwrap();
    play_to_the_end(&gateway, &browser, &one).await.unwrap();
    let shown = browser.canvas(PLAYER).await.unwrap();
    assert_eq!(same_size(&shown, &expected), 0);
    look(&gateway, &browser, "rdp").await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_before_its_first_picture_has_no_failed_recording() {
    let guacd = Guacd::start().await.unwrap();
    let gateway = Gateway::start_with(Engine::Guacd(guacd.port()), RECORD).await.unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let session = json!({ "session_type": "vnc", "hostname": "127.0.0.1", "port": port });
    let created = gateway.create(&session).await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    let _viewer = Viewer::open(&gateway, id, VIEWPORT).await.unwrap();
    let _dialled = silent.accept().await.unwrap();
    // Begun, whether or not the engine has shown it to the recorder.
    recording(&gateway, |one| one["status"] == "recording").await.unwrap();
    gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await.unwrap();
    let one = recording(&gateway, |one| one["ended_at"].is_string()).await.unwrap();
    assert_eq!((&one["status"], &one["size_bytes"]), (&json!("complete"), &json!(0)), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_its_recording_begins_ends_that_too() {
    let guacd = Guacd::start().await.unwrap();
    let gateway = Gateway::start_with(Engine::Guacd(guacd.port()), RECORD).await.unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let session = json!({ "session_type": "vnc", "hostname": "127.0.0.1", "port": port });
    for wait_ms in [0, 0, 5, 10, 20, 40] {
        let created = gateway.create(&session).await.unwrap();
        let id = created["session_id"].as_str().unwrap();
        let viewer = Viewer::open(&gateway, id, VIEWPORT).await.unwrap();
        let _dialled = silent.accept().await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await.unwrap();
        drop(viewer);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    loop {
        let (_, list) = gateway.call(Method::GET, "/api/recordings", None).await.unwrap();
        let statuses: Vec<_> = list.as_array().unwrap().iter().map(|one| &one["status"]).collect();
        if statuses.iter().all(|status| *status == "complete") {
            break;
        }
        assert!(begin.elapsed() < SHOWN_WITHIN, "{statuses:?}\n{}", gateway.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_75_a_recording_of_a_killed_gateway_plays_to_its_last_whole_instruction() {
    let sshd = Sshd::start().await.unwrap();
    let mut gateway = Gateway::start_with(Engine::Embedded, RECORD).await.unwrap();
    let created = gateway.create(&ssh_session(&sshd).unwrap()).await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    let viewer = Viewer::open(&gateway, id, VIEWPORT).await.unwrap();
    first_prompt(&viewer).await.unwrap();
    viewer.type_text("for i in $(seq 1000); do echo $i; sleep 0.02; done\n").await.unwrap();
    let live = recording(&gateway, |one| one["duration_ms"].as_u64() > Some(3000)).await.unwrap();
    let process = gateway.process().unwrap();
    process.signal(Signal::KILL).unwrap();
    process.wait_for_end(SHOWN_WITHIN).unwrap();
    gateway.restart().await.unwrap();
    let one = recording(&gateway, |one| one["status"] == "interrupted").await.unwrap();
    let (before, after) = (live["size_bytes"].as_u64(), one["size_bytes"].as_u64());
    assert!(after >= before, "what was on disk is there: {live} {one}");
    let text = stream(&gateway, &one).await.unwrap();
    let all = instructions(&text).unwrap();
    let first_frame = all.iter().take_while(|one| one.opcode != "sync");
    let sizes = first_frame.filter(|one| one.opcode == "size" && one.argument(0) == "0");
    assert_eq!(sizes.count(), 1, "it begins with the whole picture");
    assert!(all.len() > 100, "{}", all.len());
    let browser = Browser::start().await.unwrap();
    play_to_the_end(&gateway, &browser, &one).await.unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seek_in_an_hour_reads_one_segment() {
    let mut gateway = Gateway::start_with(Engine::Embedded, RECORD).await.unwrap();
    gateway.stop();
    write_hour(&gateway.recordings(), "hour").unwrap();
    gateway.restart().await.unwrap();
    let one = recording(&gateway, |one| one["name"] == "hour").await.unwrap();
    assert!(one["size_bytes"].as_u64().unwrap() > 20_000_000, "{one}");
    let browser = Browser::start().await.unwrap();
    browser.goto(&gateway.sign_in_link().unwrap()).await.unwrap();
    browser.goto(&format!("{}/recordings/hour", gateway.url())).await.unwrap();
    is_shown(&browser).await.unwrap();
    browser.press("k").await.unwrap();
    for minute in [59, 17, 42, 3] {
        let second = minute * 60 + 37;
        let (bytes, took) = seek(&browser, second).await.unwrap();
        let shown = browser.canvas(PLAYER).await.unwrap();
        assert_eq!(shown.at(10, 10)[..3], color_at(second), "at minute {minute}");
        assert!((1..MOST_PER_SEEK).contains(&bytes), "{bytes} bytes for minute {minute}");
        eprintln!("minute {minute}: {bytes} bytes, {took} ms");
    }
    browser.screenshot(&screenshots().unwrap().join("recording-hour.png")).await.unwrap();
    browser.close().await.unwrap();
}

/// Moves the timeline to a second; the bytes that came for it, and the milliseconds it took.
async fn seek(browser: &Browser, second: u64) -> Result<(u64, u64)> {
    let go = format!(
        "(() => {{ performance.clearResourceTimings();
          const line = document.querySelector('[data-testid=player] input[type=range]');
          line.value = {};
          line.dispatchEvent(new Event('input', {{ bubbles: true }}));
          return true }})()",
        second * 1000 + 500
    );
    browser.evaluate(&go).await?;
    let there = format!(
        "(() => {{ const {{ at, seeking }} = document.querySelector('[data-testid=player]').dataset;
          return seeking === 'false' && Number(at) === {} }})()",
        second * 1000 + 500
    );
    browser.wait_until(&there).await?;
    let told = browser
        .evaluate(
            "({ bytes: performance.getEntriesByType('resource').filter((one) => \
             one.name.includes('/api/recordings/')).reduce((sum, one) => sum + one.encodedBodySize, 0),\
             took: Number(document.querySelector('[data-testid=player]').dataset.took) })",
        )
        .await?;
    match (told["bytes"].as_u64(), told["took"].as_u64()) {
        (Some(bytes), Some(took)) => Ok((bytes, took)),
        _ => bail!("{told}"),
    }
}
