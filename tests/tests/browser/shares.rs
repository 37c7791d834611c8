//! A session shared from its page: a link, somebody who comes by it, looks, is handed the
//! keyboard, and is sent away.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    Browser, Engine, Gateway, Screen, Seat, Sshd, screenshots, ssh_session, still_picture,
};
use serde_json::json;

use super::{SCREEN, wait_for_state};

const HAS_KEYBOARD: &str = "document.activeElement?.dataset.testid === 'keyboard'";
/// The one who is there besides the owner.
const GUEST: &str = "[data-testid=person]:not([data-mode=own])";

struct Owner {
    browser: Browser,
    gateway: Gateway,
    sshd: Sshd,
}

impl Owner {
    /// Signed in, and in a terminal.
    async fn new() -> Result<Self> {
        let (sshd, gateway) = (Sshd::start().await?, Gateway::start(Engine::Embedded).await?);
        let browser = Browser::start().await?;
        ensure!(browser.goto(&gateway.sign_in_link()?).await? == 200, "not signed in");
        let created = gateway.create(&ssh_session(&sshd)?).await?;
        let path = created["client_url"].as_str().context("no client_url")?;
        browser.goto(&at(&gateway, path)).await?;
        wait_for_state(&browser, "connected").await?;
        Ok(Self { browser, gateway, sshd })
    }

    async fn click(&self, selector: &str) -> Result<()> {
        self.browser.call("click", json!({ "selector": selector })).await.map(drop)
    }

    /// Makes a link for looking, in the toolbar's panel.
    async fn share(&self) -> Result<String> {
        self.browser.press("Control+Alt+Shift").await?;
        self.click("[data-testid=toolbar] [data-panel=share]").await?;
        self.click("[data-testid=share-make]").await?;
        self.browser.wait_for("[data-testid=share-link]").await?;
        let link =
            self.browser.evaluate("document.querySelector('[data-testid=share-link]').value");
        let link = link.await?;
        Ok(at(&self.gateway, link.as_str().context("no link")?))
    }

    async fn look(&self, name: &str) -> Result<()> {
        for (width, theme) in [(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")] {
            self.browser.call("resize", json!({ "width": width, "height": 800 })).await?;
            self.browser.call("theme", json!({ "theme": theme })).await?;
            let file = screenshots()?.join(format!("{name}-{width}-{theme}.png"));
            self.browser.screenshot(&file).await?;
        }
        self.browser.call("resize", json!({ "width": 1024, "height": 768 })).await.map(drop)
    }
}

fn at(gateway: &Gateway, path: &str) -> String {
    if path.starts_with('/') { gateway.url() + path } else { path.to_owned() }
}

async fn appears(file: &Path) -> Result<()> {
    let begin = Instant::now();
    while !file.exists() {
        ensure!(begin.elapsed() < SHOWN_WITHIN, "{} is not made", file.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn shared_and_taken_back(owner: &Owner) -> Result<()> {
    let link = owner.share().await.context("share")?;
    let guest = Browser::start().await?;
    guest.goto(&link).await?;
    wait_for_state(&guest, "connected").await?;
    let screen = Screen { browser: &guest, selector: SCREEN };
    still_picture(&screen).await?;
    owner.browser.wait_for(&format!("{GUEST}[data-mode=view]")).await.context("presence")?;
    owner.look("share-panel").await?;

    let home = owner.sshd.home();
    screen.type_text("touch unasked\n").await?;
    owner.click(&format!("{GUEST} .button:not(.quiet)")).await?;
    owner.browser.wait_for(&format!("{GUEST}[data-mode=interact]")).await.context("handed")?;
    guest.call("click_at", json!({ "at": [300, 300] })).await?;
    guest.wait_until(HAS_KEYBOARD).await?;
    screen.type_text("touch asked\n").await?;
    appears(&home.join("asked")).await?;
    ensure!(!home.join("unasked").exists(), "one who only looks could type");

    owner.click("[data-testid=share]:last-child .button.quiet").await?;
    wait_for_state(&guest, "ended").await?;
    let why = guest.text("[data-testid=ended]").await?;
    ensure!(why.contains("withdrawn"), "{why}");
    guest.screenshot(&screenshots()?.join("share-withdrawn.png")).await?;
    guest.goto(&link).await?;
    wait_for_state(&guest, "ended").await.context("the link still opens it")?;
    guest.close().await?;
    wait_for_state(&owner.browser, "connected").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_shared_handed_over_and_taken_back_from_its_page() {
    let owner = Owner::new().await.unwrap();
    let shared = shared_and_taken_back(&owner).await;
    shared.with_context(|| owner.gateway.log()).unwrap();
    owner.browser.close().await.unwrap();
}
