//! The page on sessions that guacd 1.3.0 runs: files beside the terminal, and coming back.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Browser, Engine, Gateway, Guacd, Screen, Seat, Sshd, TerminalReader};
use serde_json::json;

use super::{SCREEN, wait_for_state};

/// A terminal by guacd whose maker is at the page, with his home folder among its files.
struct Stand {
    _guacd: Guacd,
    sshd: Sshd,
    _gateway: Gateway,
    browser: Browser,
}

/// A terminal with the files of its home folder.
fn preset(sshd: &Sshd) -> Result<String> {
    Ok(format!(
        "[[presets]]\nid = \"demo\"\nname = \"This machine\"\nsession_type = \"ssh\"\n\
         [presets.settings]\nhostname = \"127.0.0.1\"\nport = {}\nusername = \"{}\"\n\
         enable_drive = true\nsftp_root_directory = \"{}\"\nprivate_key = '''\n{}'''\n",
        sshd.port(),
        sshd.username()?,
        sshd.home().display(),
        sshd.private_key()?
    ))
}

impl Stand {
    /// Whose session it is, is signed in: an opening link alone could not reconnect.
    async fn new() -> Result<Self> {
        let (guacd, sshd) = (Guacd::start().await?, Sshd::start().await?);
        let engine = Engine::Guacd(guacd.port());
        let gateway = Gateway::start_with(engine, &preset(&sshd)?).await?;
        let browser = Browser::start().await?;
        ensure!(browser.goto(&gateway.sign_in_link()?).await? == 200, "the link is refused");
        browser.call("click", json!({ "selector": "[data-testid=preset]" })).await?;
        wait_for_state(&browser, "connected").await?;
        Ok(Self { _guacd: guacd, sshd, _gateway: gateway, browser })
    }

    fn screen(&self) -> Screen<'_> {
        Screen { browser: &self.browser, selector: SCREEN }
    }

    async fn click(&self, selector: &str) -> Result<()> {
        self.browser.call("click", json!({ "selector": selector })).await.map(drop)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_and_reconnect_give_a_new_shell_by_guacd() {
    let stand = Stand::new().await.unwrap();
    let reader = TerminalReader::learn(&stand.screen(), &stand.sshd).await.unwrap();
    stand.screen().type_text("echo $$ > before; exit\n").await.unwrap();
    wait_for_state(&stand.browser, "ended").await.unwrap();
    let ended = stand.browser.evaluate("location.pathname").await.unwrap();
    stand.click("[data-testid=reconnect]").await.unwrap();
    wait_for_state(&stand.browser, "connected").await.unwrap();
    assert_ne!(stand.browser.evaluate("location.pathname").await.unwrap(), ended);
    fanlight_tests::first_prompt(&stand.screen()).await.unwrap();
    stand.screen().type_text("clear; echo $$ > after; echo back-$((40+2))\n").await.unwrap();
    reader.wait_for(&stand.screen(), |row| row == "back-42").await.unwrap();
    let pid = |file: &str| fs::read_to_string(stand.sshd.home().join(file)).unwrap();
    assert_ne!(pid("before"), pid("after"));
    stand.browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_up_and_come_down_through_the_panel_by_guacd() {
    let stand = Stand::new().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(stand.sshd.home().join("Ein Ordner")).unwrap();
    up_and_down(&stand, folder.path()).await.unwrap();
    stand.browser.close().await.unwrap();
}

async fn up_and_down(stand: &Stand, folder: &Path) -> Result<()> {
    let content: Vec<u8> = (0..200_003_u32).map(|i| (i.wrapping_mul(40_503) >> 7) as u8).collect();
    let browser = &stand.browser;
    browser.press("Control+Alt+Shift").await?;
    stand.click("[data-testid=toolbar] [aria-label=Files]").await?;
    stand.click("[data-testid=files-list] [title='Ein Ordner']").await?;
    browser.wait_for("[data-testid=files-empty]").await?;
    let sent = folder.join("data.bin");
    fs::write(&sent, &content)?;
    let chosen = json!({ "selector": "[data-testid=files-picker]", "files": [&sent] });
    browser.call("choose", chosen).await?;
    browser.wait_for("[data-testid=transfers] li[data-state=done]").await?;
    let arrived = fs::read(stand.sshd.home().join("Ein Ordner/data.bin"))?;
    ensure!(arrived == content, "{} bytes arrived", arrived.len());
    let entry = "[data-testid=files-list] [title='data.bin']";
    browser.wait_for(entry).await?;
    let fetched = folder.join("fetched");
    let name = browser.call("download", json!({ "selector": entry, "path": &fetched })).await?;
    ensure!(name == "data.bin", "it is saved as {name}");
    let back = fs::read(&fetched).context("nothing came")?;
    ensure!(back == content, "other bytes came back");
    Ok(())
}
