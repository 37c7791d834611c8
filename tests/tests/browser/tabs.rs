//! Several sessions in one window: tabs, two panes, and whose the keyboard is.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{Browser, Engine, Gateway, Screen, Seat, Sshd, screenshots};
use serde_json::{Value, json};

/// The remote screen of the session that has the keyboard.
const FOCUSED: &str = "[data-testid=pane][data-active=true] [data-testid=screen]";
const FOCUSED_STATE: &str =
    "document.querySelector('[data-active=true] [data-testid=session-page]')?.dataset.state";
const HAS_KEYBOARD: &str = "document.activeElement?.dataset.testid === 'keyboard' \
                            && document.activeElement.closest('[data-active=true]') !== null";
const FAVICON: &str = "new URL(document.getElementById('favicon').href).pathname";

/// One machine behind two presets, and a window that shows a session of each.
struct Window {
    sshd: Sshd,
    gateway: Gateway,
    browser: Browser,
}

/// Two presets for one machine, which differ in their names.
fn presets(sshd: &Sshd) -> Result<String> {
    let (port, user, key) = (sshd.port(), sshd.username()?, sshd.private_key()?);
    let preset = |id: &str, name: &str| {
        format!(
            "[[presets]]\nid = \"{id}\"\nname = \"{name}\"\nsession_type = \"ssh\"\n\
             [presets.settings]\nhostname = \"127.0.0.1\"\nport = {port}\nusername = \"{user}\"\n\
             private_key = '''\n{key}'''\n"
        )
    };
    Ok(preset("one", "First machine") + &preset("two", "Second machine"))
}

impl Window {
    async fn with_two_sessions() -> Result<Self> {
        let sshd = Sshd::start().await?;
        let gateway = Gateway::start_with(Engine::Embedded, &presets(&sshd)?).await?;
        let browser = Browser::start().await?;
        browser.call("resize", json!({ "width": 1280, "height": 800 })).await?;
        ensure!(browser.goto(&gateway.sign_in_link()?).await? == 200, "the link is refused");
        let window = Self { sshd, gateway, browser };
        window.click("[data-testid=preset] >> text=First machine").await?;
        window.ready().await?;
        window.name_shell("first").await?;
        window.browser.press("Control+Alt+Shift").await?;
        window.click("[data-testid=toolbar-add]").await?;
        window.browser.wait_for("dialog [role=combobox]").await?;
        window.browser.type_text("Second").await?;
        window.browser.press("Enter").await?;
        window
            .browser
            .wait_until("document.querySelectorAll('[data-testid=tab]').length === 2")
            .await?;
        window.ready().await?;
        window.name_shell("second").await?;
        Ok(window)
    }

    async fn click(&self, selector: &str) -> Result<()> {
        self.browser.call("click", json!({ "selector": selector })).await.map(drop)
    }

    /// The focused session is connected and has the keyboard.
    async fn ready(&self) -> Result<()> {
        self.browser.wait_until(&format!("{FOCUSED_STATE} === 'connected'")).await?;
        self.browser.wait_until(HAS_KEYBOARD).await
    }

    async fn type_text(&self, text: &str) -> Result<()> {
        Screen { browser: &self.browser, selector: FOCUSED }.type_text(text).await
    }

    async fn name_shell(&self, name: &str) -> Result<()> {
        self.says(&format!("me={name}; echo $me"), name).await
    }

    /// Types a command until what it prints is `expected`: a shell that is not there yet
    /// hears nothing.
    async fn says(&self, command: &str, expected: &str) -> Result<()> {
        let (file, begin) = (self.sshd.home().join("said"), Instant::now());
        loop {
            let _ = fs::remove_file(&file);
            self.type_text(&format!("({command}) > part; mv part said; {command} > out\n")).await?;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            let said = fs::read_to_string(&file).unwrap_or_default();
            if said.trim() == expected {
                return Ok(());
            }
            ensure!(begin.elapsed() < SHOWN_WITHIN, "{command:?} says {said:?}");
        }
    }
}

/// The part of the light in a thumbnail that is red.
const REDNESS: &str = "(() => {
  const canvas = document.querySelector('[data-testid=thumbnail]')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let [red, all] = [0, 1]
  for (let i = 0; i < data.length; i += 4) [red, all] = [red + data[i], all + data[i] + data[i + 1] + data[i + 2]]
  return red / all
})()";
const TABS: &str = "document.querySelectorAll('[data-testid=tab]').length";

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_share_a_window_and_each_has_its_own_keys() {
    let window = Window::with_two_sessions().await.unwrap();
    thumbnail_is_live(&window).await.unwrap();
    keys_go_to_one_pane(&window).await.unwrap();
    window_follows_the_focus(&window).await.unwrap();
    survives_a_reload(&window).await.unwrap();
    closing_is_not_ending(&window).await.unwrap();
    window.browser.close().await.unwrap();
}

/// What a session paints while it is out of view is seen in its thumbnail.
async fn thumbnail_is_live(window: &Window) -> Result<()> {
    window.click("[data-testid=tab] >> nth=0").await?;
    window.ready().await?;
    window.type_text("sleep 3; printf '\\033[41m\\033[2J'; sleep 5; tput reset\n").await?;
    window.click("[data-testid=tab] >> nth=1").await?;
    window.ready().await?;
    window.browser.wait_until(&format!("{REDNESS} > 0.6")).await.context("it stays as it was")?;
    window.browser.wait_until(&format!("{REDNESS} < 0.5")).await.context("it stays red")
}

async fn keys_go_to_one_pane(window: &Window) -> Result<()> {
    let browser = &window.browser;
    window.says("echo $me", "second").await?;
    window.click("[data-testid=tab-split]").await?;
    browser.wait_until(HAS_KEYBOARD).await?;
    window.says("echo $me", "second").await?;
    let whole = 1280 / 10;
    window.says(&format!("test $(tput cols) -lt {} && echo half", whole * 2 / 3), "half").await?;
    // A click into the other pane takes the keyboard there, and nowhere else.
    browser
        .call("click", json!({ "selector": "[data-active=false] [data-testid=screen]" }))
        .await?;
    window.ready().await?;
    window.says("echo $me", "first").await?;
    window.says(&format!("test $(tput cols) -lt {} && echo half", whole * 2 / 3), "half").await?;
    browser.screenshot(&screenshots()?.join("panes.png")).await
}

/// The title, the icon and the address are those of the session that has the keyboard.
async fn window_follows_the_focus(window: &Window) -> Result<()> {
    let browser = &window.browser;
    browser.wait_until("document.title.startsWith('First machine')").await?;
    window.type_text("exit\n").await?;
    browser.wait_until(&format!("{FAVICON} === '/favicon-ended.svg'")).await?;
    window.click("[data-testid=tab] >> nth=1").await?;
    window.ready().await?;
    browser.wait_until("document.title.startsWith('Second machine')").await?;
    browser.wait_until(&format!("{FAVICON} === '/favicon-connected.svg'")).await?;
    let same = "document.querySelector('[aria-current=page]').href === location.href";
    browser.wait_until(same).await?;
    // The ended one comes back in its place, in its pane.
    window.click("[data-testid=tab] >> nth=0").await?;
    window.click("[data-active=true] [data-testid=reconnect]").await?;
    window.ready().await?;
    browser.wait_until(&format!("{TABS} === 2")).await?;
    window.name_shell("third").await
}

async fn survives_a_reload(window: &Window) -> Result<()> {
    window.browser.call("reload", Value::Null).await?;
    window.browser.wait_until(&format!("{TABS} === 2")).await?;
    window.ready().await?;
    window.browser.wait_for("[role=separator]").await?;
    window.says("echo $me", "third").await
}

async fn closing_is_not_ending(window: &Window) -> Result<()> {
    let browser = &window.browser;
    let id = browser.evaluate("location.pathname.split('/').pop()").await?;
    let id = id.as_str().context("no id")?.to_owned();
    window.click("li:has([aria-current=page]) [data-testid=tab-close]").await?;
    browser.wait_until("document.querySelector('[data-testid=tabs]') === null").await?;
    window.ready().await?;
    window.says("echo $me", "second").await?;
    let session = window.gateway.session(&id).await?;
    ensure!(session["status"] == "active", "{session}");
    Ok(())
}
