//! The tools of the session page, on a real terminal and real files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{
    Browser, Engine, Gateway, Screen, Seat, Sshd, TerminalReader, screenshots, ssh_session,
};
use serde_json::{Value, json};

use super::{SCREEN, open, wait_for_state};

/// What is typed goes to the remote side.
const HAS_KEYBOARD: &str = "document.activeElement?.dataset.testid === 'keyboard'";

/// A terminal on the page, its home folder among its files.
struct Stand {
    sshd: Sshd,
    browser: Browser,
    gateway: Gateway,
}

impl Stand {
    async fn new() -> Result<Self> {
        let (sshd, gateway) = (Sshd::start().await?, Gateway::start(Engine::Embedded).await?);
        let browser = Browser::start().await?;
        let permissions = ["clipboard-read", "clipboard-write"];
        let allowed = json!({ "permissions": permissions, "origin": gateway.url() });
        browser.call("allow", allowed).await?;
        let mut session = ssh_session(&sshd)?;
        session["enable_drive"] = Value::from(true);
        session["sftp_root_directory"] = Value::from(sshd.home().display().to_string());
        open(&gateway, &browser, &session).await?;
        wait_for_state(&browser, "connected").await?;
        Ok(Self { sshd, browser, gateway })
    }

    fn screen(&self) -> Screen<'_> {
        Screen { browser: &self.browser, selector: SCREEN }
    }

    async fn click(&self, selector: &str) -> Result<()> {
        self.browser.call("click", json!({ "selector": selector })).await.map(drop)
    }

    /// What the shell says its columns are, once that is what was `expected`.
    async fn columns(&self, expected: impl Fn(usize) -> bool) -> Result<usize> {
        let file = self.sshd.home().join("columns");
        for _ in 0..40 {
            let _ = fs::remove_file(&file);
            self.screen().type_text("tput cols > part; mv part columns\n").await?;
            tokio::time::sleep(Duration::from_millis(250)).await;
            let columns = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
            if let Some(columns) = columns.filter(|columns| expected(*columns)) {
                return Ok(columns);
            }
        }
        anyhow::bail!("never as expected: {:?}", fs::read_to_string(&file))
    }
}

/// Bytes of every value, and no whole number of blobs.
fn content(length: usize) -> Vec<u8> {
    (0..length as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_up_and_come_down_through_the_panel_unharmed() {
    let stand = Stand::new().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(stand.sshd.home().join("Ein Ordner")).unwrap();
    up_and_down(&stand, folder.path()).await.unwrap();
    stand.browser.close().await.unwrap();
}

async fn up_and_down(stand: &Stand, folder: &Path) -> Result<()> {
    let (browser, home) = (&stand.browser, stand.sshd.home());
    browser.press("Control+Alt+Shift").await?;
    stand.click("[data-testid=toolbar] [aria-label=Files]").await?;
    stand.click("[data-testid=files-list] [title='Ein Ordner']").await?;
    browser.wait_for("[data-testid=files-empty]").await?;
    let sent = folder.join("Bild für später.bin");
    fs::write(&sent, content(300_001))?;
    let chosen = json!({ "selector": "[data-testid=files-picker]", "files": [&sent] });
    browser.call("choose", chosen).await?;
    browser.wait_for("[data-testid=transfers] li[data-state=done]").await?;
    let arrived = fs::read(home.join("Ein Ordner/Bild für später.bin"))?;
    ensure!(arrived == content(300_001), "{} bytes arrived", arrived.len());
    let entry = "[data-testid=files-list] [title='Bild für später.bin']";
    browser.wait_for(entry).await?;
    browser.screenshot(&screenshots()?.join("files.png")).await?;
    let fetched = folder.join("fetched");
    let name = browser.call("download", json!({ "selector": entry, "path": &fetched })).await?;
    ensure!(name == "Bild für später.bin", "it is saved as {name}");
    ensure!(fs::read(&fetched)? == content(300_001), "other bytes came back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminals_tools_do_what_they_say() {
    let stand = Stand::new().await.unwrap();
    let reader = TerminalReader::learn(&stand.screen(), &stand.sshd).await.unwrap();
    scrolls_and_searches(&stand, &reader).await.unwrap();
    asks_before_several_lines(&stand, &reader).await.unwrap();
    opens_links_and_reads_aloud(&stand, &reader).await.unwrap();
    takes_keys_of_a_phone(&stand).await.unwrap();
    changes_the_size_of_letters(&stand).await.unwrap();
    stand.browser.close().await.unwrap();
}

async fn scrolls_and_searches(stand: &Stand, reader: &TerminalReader) -> Result<()> {
    let (browser, screen) = (&stand.browser, stand.screen());
    screen.type_text("clear; seq 1 300\n").await?;
    reader.wait_for(&screen, |row| row == "300").await?;
    browser.wait_for("[data-testid=scrollbar]").await?;
    browser.call("drag", json!({ "from": [1018, 760], "to": [1018, 2] })).await?;
    reader.wait_for(&screen, |row| row == "7").await?;
    browser.press("Control+Shift+F").await?;
    browser.wait_for("[data-testid=search] input").await?;
    browser.type_text("^29.$").await?;
    stand.click("[data-testid=search] [aria-label='Regular expression']").await?;
    let count = "document.querySelector('[data-testid=search-count]').textContent";
    browser.wait_until(&format!("/^[0-9]+ of 10$/.test({count})")).await?;
    // What is found is marked, in colours that the reader did not learn: look beside it.
    reader.wait_for(&screen, |row| row == "289").await?;
    browser.screenshot(&screenshots()?.join("search.png")).await?;
    browser.press("Escape").await?;
    browser.wait_until(HAS_KEYBOARD).await
}

async fn asks_before_several_lines(stand: &Stand, reader: &TerminalReader) -> Result<()> {
    let (browser, screen) = (&stand.browser, stand.screen());
    screen.type_text("bind 'set enable-bracketed-paste off'; clear; echo ready\n").await?;
    reader.wait_for(&screen, |row| row == "ready").await?;
    browser
        .evaluate("navigator.clipboard.writeText('echo one-$((40+1))\\necho two-$((40+2))\\n')")
        .await?;
    browser.press("Control+Shift+V").await?;
    let shown = browser.wait_for("[data-testid=paste-preview]").await;
    browser.screenshot(&screenshots()?.join("paste.png")).await?;
    shown?;
    let preview = browser.text("[data-testid=paste-preview]").await?;
    ensure!(preview.contains("echo two-$((40+2))"), "the preview says {preview:?}");
    browser.press("Escape").await?;
    browser.wait_until(HAS_KEYBOARD).await?;
    screen.type_text("echo nothing\n").await?;
    reader.wait_for(&screen, |row| row == "nothing").await?;
    let rows = reader.read_now(&screen).await?;
    ensure!(!rows.iter().any(|row| row.contains("one-")), "it was pasted: {rows:?}");
    browser.press("Control+Shift+V").await?;
    stand.click("[data-testid=paste-yes]").await?;
    browser.wait_until(HAS_KEYBOARD).await?;
    reader.wait_for(&screen, |row| row == "two-42").await
}

async fn opens_links_and_reads_aloud(stand: &Stand, reader: &TerminalReader) -> Result<()> {
    let (browser, screen) = (&stand.browser, stand.screen());
    let link = stand.gateway.url() + "/api/health";
    screen.type_text(&format!("clear; echo {link}\n")).await?;
    let is_link = |row: &str| row == link;
    reader.wait_for(&screen, is_link).await?;
    let row = reader.read_now(&screen).await?.iter().position(|row| is_link(row));
    let at = reader.point(row.context("gone again")?, 12);
    let opened = browser.call("click_for_page", json!({ "at": at, "key": "Control" })).await?;
    ensure!(opened.as_str().is_some_and(is_link), "it opened {opened}");
    browser.evaluate("document.querySelector('[data-testid=screen-text-switch]').click()").await?;
    let text = "document.querySelector('[data-testid=screen-text]')?.textContent";
    browser.wait_until(&format!("{text}?.includes('{link}')")).await?;
    browser.evaluate("document.querySelector('[data-testid=keyboard]').focus()").await?;
    browser.wait_until(HAS_KEYBOARD).await?;
    screen.type_text("echo read-$((40+2))-aloud\n").await?;
    browser.wait_until(&format!("{text}?.includes('read-42-aloud')")).await?;
    browser
        .wait_until("document.querySelector('[role=log]').textContent.includes('read-42-aloud')")
        .await
}

/// At 390 pixels there is a row of keys, and Ctrl stays down for the next one.
async fn takes_keys_of_a_phone(stand: &Stand) -> Result<()> {
    let browser = &stand.browser;
    browser.call("resize", json!({ "width": 390, "height": 700 })).await?;
    browser.wait_for("[data-testid=key-row]").await?;
    let (begun, over) =
        (stand.sshd.home().join("begun"), stand.sshd.home().join("over").display().to_string());
    stand.screen().type_text("touch begun; sleep 600; touch over\n").await?;
    browser_waits(|| begun.exists()).await.context("the shell does not begin")?;
    stand.click("[data-testid=key-row] [aria-label=Ctrl]").await?;
    browser.press("c").await?;
    stand.columns(|columns| columns < 60).await.context("the shell sleeps on")?;
    browser.screenshot(&screenshots()?.join("phone.png")).await?;
    ensure!(!Path::new(&over).exists(), "the whole line ended, not only the command");
    browser.call("resize", json!({ "width": 1024, "height": 768 })).await.map(drop)
}

async fn changes_the_size_of_letters(stand: &Stand) -> Result<()> {
    let before = stand.columns(|columns| columns > 60).await?;
    for _ in 0..4 {
        stand.browser.press("Control+=").await?;
    }
    let larger = stand.columns(|columns| columns < before).await?;
    ensure!(larger * 17 / 10 > before, "{before} columns became {larger}");
    stand.browser.press("Control+0").await?;
    stand.columns(|columns| columns == before).await.map(drop)
}

async fn browser_waits(condition: impl Fn() -> bool) -> Result<()> {
    for _ in 0..400 {
        if condition() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("not within 20 s")
}
