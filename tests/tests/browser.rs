//! The whole way in a real browser: a request, the client page, a live terminal.

#![allow(clippy::unwrap_used)]

#[path = "browser/desktops.rs"]
mod desktops;
#[path = "browser/session_page.rs"]
mod session_page;
#[path = "browser/shares.rs"]
mod shares;

#[path = "browser/tabs.rs"]
mod tabs;

#[path = "browser/programs.rs"]
mod programs;

#[path = "browser/through_guacd.rs"]
mod through_guacd;

#[path = "browser/web.rs"]
mod web;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    Browser, Engine, Gateway, Guacd, Screen, Seat, Sshd, TerminalReader, Viewer, screenshots,
    ssh_session, still_picture,
};
use serde_json::{Value, json};

const SCREEN: &str = "[data-testid=screen]";

fn state_is(state: &str) -> String {
    format!("document.querySelector('[data-testid=session-page]')?.dataset.state === '{state}'")
}

async fn wait_for_state(browser: &Browser, state: &str) -> Result<()> {
    let reached = browser.wait_until(&state_is(state)).await;
    if reached.is_err() {
        let messages = browser.call("messages", Value::Null).await?;
        let text = browser.text("body").await?;
        return reached.with_context(|| format!("the page says {text:?}, its console {messages}"));
    }
    Ok(())
}

/// Creates a session and opens it as the one who was handed its link.
async fn open(gateway: &Gateway, browser: &Browser, session: &Value) -> Result<Value> {
    let created = gateway.create(session).await?;
    let link = created["open_url"].as_str().context("no open_url")?;
    let link = if link.starts_with('/') { gateway.url() + link } else { link.to_owned() };
    ensure!(browser.goto(&link).await? == 200, "the opening link does not lead to the page");
    Ok(created)
}

/// The one way that both engines must go.
async fn shows_42(engine: Engine, name: &str) -> Result<()> {
    let (sshd, gateway) = (Sshd::start().await?, Gateway::start(engine).await?);
    let browser = Browser::start().await?;
    let created = open(&gateway, &browser, &ssh_session(&sshd)?).await?;
    wait_for_state(&browser, "connected").await?;
    let screen = Screen { browser: &browser, selector: SCREEN };
    let reader = TerminalReader::learn(&screen, &sshd).await?;
    screen.type_text("clear\necho $((6*7))\n").await?;
    reader.wait_for(&screen, |row| row == "42").await?;
    browser.screenshot(&screenshots()?.join(format!("{name}.png"))).await?;
    if engine == Engine::Embedded {
        same_for_a_watcher(&gateway, &created, &screen, name).await?;
    }
    survives_a_reload(&browser, &reader, &sshd).await?;
    screen.type_text("exit\n").await?;
    wait_for_state(&browser, "ended").await?;
    browser.wait_for("[data-testid=ended]").await?;
    browser.close().await
}

/// The browser's pixels are exactly those that the instructions for another viewer of
/// the same session make, carried out by the model of a canvas.
async fn same_for_a_watcher(
    gateway: &Gateway,
    created: &Value,
    screen: &Screen<'_>,
    name: &str,
) -> Result<()> {
    let (id, share) =
        (created["session_id"].as_str(), created["share_url"].as_str().unwrap_or_default());
    let (_, key) = share.split_once("key=").context("no key in the share link")?;
    let path = format!("/ws/{}?key={key}", id.context("no session_id")?);
    let watcher = Viewer::connect(gateway, &path).await?;
    watcher.drawing_after(0).await?;
    let expected = still_picture(&watcher).await?;
    let shown = still_picture(screen).await?;
    expected.save(&screenshots()?.join(format!("{name}-expected.png")))?;
    shown.save(&screenshots()?.join(format!("{name}-shown.png")))?;
    let sizes = [&expected, &shown].map(|picture| (picture.width, picture.height));
    ensure!(sizes[0] == sizes[1], "expected and shown sizes: {sizes:?}");
    let differing = expected.differing(&shown);
    ensure!(differing == 0, "{differing} pixels are not as expected");
    Ok(())
}

async fn survives_a_reload(browser: &Browser, reader: &TerminalReader, sshd: &Sshd) -> Result<()> {
    let screen = Screen { browser, selector: SCREEN };
    let pid = |file: &str| fs::read_to_string(sshd.home().join(file));
    screen.type_text("echo $$ > before; echo written\n").await?;
    reader.wait_for(&screen, |row| row == "written").await?;
    browser.call("reload", Value::Null).await?;
    wait_for_state(browser, "connected").await?;
    reader.wait_for(&screen, |row| row == "42").await?;
    screen.type_text("echo $$ > after; echo again\n").await?;
    reader.wait_for(&screen, |row| row == "again").await?;
    ensure!(pid("before")? == pid("after")?, "the reload met another shell");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_arithmetic_is_shown_by_the_embedded_engine() {
    shows_42(Engine::Embedded, "embedded").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_arithmetic_is_shown_by_guacd() {
    let guacd = Guacd::start().await.unwrap();
    shows_42(Engine::Guacd(guacd.port()), "guacd").await.unwrap();
}

/// A gateway with a preset, and a browser that is signed in by a one-time link.
async fn signed_in(sshd: &Sshd) -> Result<(Gateway, Browser)> {
    let settings = format!(
        "[[presets]]\nid = \"demo\"\nname = \"This machine\"\nsession_type = \"ssh\"\n\
         [presets.settings]\nhostname = \"127.0.0.1\"\nport = {}\nusername = \"{}\"\n\
         private_key = '''\n{}'''\n",
        sshd.port(),
        sshd.username()?,
        sshd.private_key()?
    );
    let gateway = Gateway::start_with(Engine::Embedded, &settings).await?;
    let browser = Browser::start().await?;
    let origin = gateway.url();
    let permissions =
        json!({ "permissions": ["clipboard-read", "clipboard-write"], "origin": origin });
    browser.call("allow", permissions).await?;
    ensure!(browser.goto(&gateway.sign_in_link()?).await? == 200, "the sign-in link is refused");
    Ok((gateway, browser))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_link_and_one_click_lead_to_a_terminal() {
    let sshd = Sshd::start().await.unwrap();
    let (_gateway, browser) = signed_in(&sshd).await.unwrap();
    browser.wait_for("[data-testid=preset]").await.unwrap();
    browser.screenshot(&screenshots().unwrap().join("start.png")).await.unwrap();
    browser.call("click", json!({ "selector": "[data-testid=preset]" })).await.unwrap();
    wait_for_state(&browser, "connected").await.unwrap();
    let screen = Screen { browser: &browser, selector: SCREEN };
    let reader = TerminalReader::learn(&screen, &sshd).await.unwrap();
    clipboard_both_ways(&browser, &screen, &reader).await.unwrap();
    follows_the_window(&browser, &screen, &reader, &sshd).await.unwrap();
    browser.close().await.unwrap();
}

async fn clipboard_both_ways(
    browser: &Browser,
    screen: &Screen<'_>,
    reader: &TerminalReader,
) -> Result<()> {
    screen.type_text("clear\n").await?;
    browser.evaluate("navigator.clipboard.writeText('echo pasted-$((40+2))')").await?;
    browser.press("Control+Shift+V").await?;
    // The shell shows what was pasted in reverse, which the reader did not learn.
    let length = "$ echo pasted-$((40+2))".len();
    reader.wait_for(screen, |row| row.chars().count() >= length).await?;
    browser.press("Enter").await?;
    reader.wait_for(screen, |row| row == "pasted-42").await?;
    let row = reader.read_now(screen).await?.iter().position(|row| row == "pasted-42");
    let row = row.context("gone again")?;
    let (from, to) = (reader.point(row, 0), reader.point(row, "pasted-42".len()));
    browser.call("drag", json!({ "from": from, "to": to })).await?;
    let copied = "navigator.clipboard.readText().then((text) => text === 'pasted-42')";
    let waited = browser.wait_until(copied).await;
    let text = browser.evaluate("navigator.clipboard.readText()").await?;
    browser.screenshot(&screenshots()?.join("selected.png")).await?;
    waited.with_context(|| format!("on the clipboard is {text}"))
}

async fn follows_the_window(
    browser: &Browser,
    screen: &Screen<'_>,
    reader: &TerminalReader,
    sshd: &Sshd,
) -> Result<()> {
    browser.call("resize", json!({ "width": 700, "height": 500 })).await?;
    let begin = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        screen.type_text("stty size > resized\n").await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let size = fs::read_to_string(sshd.home().join("resized")).unwrap_or_default();
        let columns = size.split_whitespace().nth(1).and_then(|columns| columns.parse().ok());
        if columns.is_some_and(|columns: usize| columns < reader.columns) {
            break;
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "the terminal stays at {size}");
    }
    let picture = still_picture(screen).await?;
    ensure!(picture.width <= 700 && picture.height <= 500, "{}x{}", picture.width, picture.height);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_72_a_changed_host_key_is_refused_with_both_fingerprints() {
    let mut sshd = Sshd::start().await.unwrap();
    let mut gateway = Gateway::start(Engine::Embedded).await.unwrap();
    let browser = Browser::start().await.unwrap();
    open(&gateway, &browser, &ssh_session(&sshd).unwrap()).await.unwrap();
    wait_for_state(&browser, "connected").await.unwrap();
    let known = sshd.fingerprint().unwrap();
    sshd.restart_with_new_host_keys().await.unwrap();
    gateway.restart().await.unwrap();
    open(&gateway, &browser, &ssh_session(&sshd).unwrap()).await.unwrap();
    wait_for_state(&browser, "ended").await.unwrap();
    let text = browser.text("[data-testid=ended]").await.unwrap();
    browser.screenshot(&screenshots().unwrap().join("host-key.png")).await.unwrap();
    assert!(text.contains(&known) && text.contains(&sshd.fingerprint().unwrap()), "{text}");
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_explained() {
    let sshd = Sshd::start().await.unwrap();
    let gateway = Gateway::start(Engine::Embedded).await.unwrap();
    let browser = Browser::start().await.unwrap();
    let mut session = ssh_session(&sshd).unwrap();
    session["private_key"] = Value::from(sshd.other_private_key().unwrap());
    open(&gateway, &browser, &session).await.unwrap();
    wait_for_state(&browser, "ended").await.unwrap();
    let cause = browser.text("[data-testid=cause]").await.unwrap();
    browser.screenshot(&screenshots().unwrap().join("wrong-key.png")).await.unwrap();
    assert!(cause.contains("key"), "{cause}");
    browser.close().await.unwrap();
}
