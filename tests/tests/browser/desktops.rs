//! Desktops in the session page: seen, pointed at, typed at, resized, and failing in words.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    Browser, Engine, Gateway, Guacd, Process, RdpShare, VncDesktop, free_port, screenshots,
};
use serde_json::{Value, json};

use super::{open, state_is, wait_for_state};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// The remote screen within the page.
const CANVAS: &str = "document.querySelector('[data-testid=screen] canvas')";
/// Its size in its own pixels: a canvas may be larger than what is shown of it.
const SIZE: &str = "(() => { const { style } = document.querySelector('[data-testid=screen] \
    canvas').parentElement; return [parseInt(style.width), parseInt(style.height)].join('x') })()";
const HAS_KEYBOARD: &str = "document.activeElement?.dataset.testid === 'keyboard'";
/// Distance between two looks at something that changes, ms.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A desktop that tells where it was clicked, a guacd, a gateway and a browser.
struct Stand {
    browser: Browser,
    gateway: Gateway,
    _clicks: Process,
    desktop: VncDesktop,
    guacd: Guacd,
}

impl Stand {
    async fn new() -> Result<Self> {
        let guacd = Guacd::start().await?;
        let gateway = Gateway::start(Engine::Guacd(guacd.port())).await?;
        let desktop = VncDesktop::start(WIDTH, HEIGHT).await?;
        desktop.paint(5)?;
        let clicks = desktop.path("clicks").display().to_string();
        let mut xev = desktop.command("sh");
        xev.args(["-c", "stdbuf -oL xev -root -event button > \"$0\"", &clicks]);
        let clicks = desktop.run(&mut xev)?;
        let browser = Browser::start().await?;
        let permissions = ["clipboard-read", "clipboard-write"];
        let allowed = json!({ "permissions": permissions, "origin": gateway.url() });
        browser.call("allow", allowed).await?;
        Ok(Self { browser, gateway, _clicks: clicks, desktop, guacd })
    }

    fn vnc(&self) -> Value {
        json!({
            "session_type": "vnc",
            "name": "Office desktop",
            "hostname": "127.0.0.1",
            "port": self.desktop.port(),
            "password": VncDesktop::PASSWORD,
        })
    }

    fn rdp(share: &RdpShare) -> Value {
        json!({
            "session_type": "rdp",
            "name": "Terminal server",
            "hostname": "127.0.0.1",
            "port": share.port(),
            "username": RdpShare::USERNAME,
            "password": VncDesktop::PASSWORD,
            "security": "tls",
            "ignore_cert": true,
            "color_depth": 24,
            "resize_method": "reconnect",
        })
    }

    async fn connect(&self, session: &Value) -> Result<()> {
        open(&self.gateway, &self.browser, session).await?;
        let connected = wait_for_state(&self.browser, "connected").await;
        connected.with_context(|| self.guacd.log())?;
        let drawn = format!("{CANVAS}?.width > 100");
        self.browser.wait_until(&drawn).await
    }

    async fn click(&self, selector: &str) -> Result<()> {
        self.browser.call("click", json!({ "selector": selector })).await.map(drop)
    }

    /// Opens the toolbar's panel of that name, as a keyboard does.
    async fn panel(&self, name: &str) -> Result<()> {
        self.browser.press("Control+Alt+Shift").await?;
        self.click(&format!("[data-testid=toolbar] [data-panel={name}]")).await
    }

    async fn choose_mode(&self, mode: &str) -> Result<()> {
        self.panel("display").await?;
        self.click(&format!("[data-testid=toolbar] input[value={mode}]")).await?;
        self.browser.press("Escape").await?;
        self.browser.press("Escape").await
    }

    /// Clicks the middle of a pixel of the remote screen.
    async fn click_pixel(&self, x: u32, y: u32) -> Result<()> {
        let at = format!(
            "(() => {{ const canvas = {CANVAS}; const box = canvas.getBoundingClientRect(); \
             const scale = box.width / canvas.width; \
             return [box.x + ({x} + 0.5) * scale, box.y + ({y} + 0.5) * scale] }})()"
        );
        let at = self.browser.evaluate(&at).await?;
        self.browser.call("click_at", json!({ "at": at })).await?;
        self.browser.wait_until(HAS_KEYBOARD).await
    }

    /// Clicks pixels, each of which the desktop must say that it was clicked at.
    async fn points_exactly_at(&self, pixels: &[(u32, u32)]) -> Result<()> {
        for &(x, y) in pixels {
            fs::write(self.desktop.path("clicks"), "")?;
            self.click_pixel(x, y).await?;
            let clicked = self.file_has("clicks", &format!("root:({x},{y})")).await;
            clicked.with_context(|| format!("pixel {x}, {y}"))?;
        }
        Ok(())
    }

    async fn file_has(&self, name: &str, wanted: &str) -> Result<()> {
        let path = self.desktop.path(name);
        let looks = SHOWN_WITHIN.as_millis() / LOOK_AGAIN.as_millis();
        for _ in 0..looks {
            if fs::read(&path).is_ok_and(|text| String::from_utf8_lossy(&text).contains(wanted)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let found = fs::read(&path).map(|text| String::from_utf8_lossy(&text).into_owned());
        bail!("{name} never holds {wanted:?}, but {found:?}")
    }

    /// Types into a program there.
    async fn types(&self) -> Result<()> {
        let mut xterm = self.desktop.command("xterm");
        xterm.args(["-geometry", "60x10+20+20", "-e", "sh", "-c", "read a; echo \"$a\" > $0; cat"]);
        let _xterm = self.desktop.run(xterm.arg(self.desktop.path("typed")))?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.click_pixel(100, 80).await?;
        self.browser.type_text("Hello, World: 42 #").await?;
        self.browser.press("Enter").await?;
        let typed = self.file_has("typed", "Hello, World: 42 #\n").await;
        self.screenshot("typed").await?;
        typed
    }

    async fn clipboard_both_ways(&self) -> Result<()> {
        self.browser.evaluate("navigator.clipboard.writeText('from the browser')").await?;
        self.click_pixel(500, 400).await?;
        self.browser.press("Control+v").await?;
        self.desktop.clipboard("from the browser").await?;
        let mut copy = self.desktop.command("sh");
        copy.args(["-c", "printf 'from the desktop' | xclip -selection clipboard -quiet -loops 9"]);
        let _owner = self.desktop.run(&mut copy)?;
        let there = "navigator.clipboard.readText().then((text) => text === 'from the desktop')";
        self.browser.wait_until(there).await
    }

    async fn screenshot(&self, name: &str) -> Result<()> {
        let file = screenshots()?.join(format!("desktop-{name}.png"));
        self.browser.screenshot(&file).await
    }

    async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.browser.call("resize", json!({ "width": width, "height": height })).await?;
        self.browser.wait_until(&format!("innerWidth === {width}")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vnc_desktop_can_be_worked_on() {
    let stand = Stand::new().await.unwrap();
    stand.connect(&stand.vnc()).await.unwrap();
    clicks_land_in_every_mode(&stand).await.unwrap();
    stand.types().await.unwrap();
    stand.clipboard_both_ways().await.unwrap();
    has_the_remote_pointer(&stand).await.unwrap();
    sends_combinations(&stand).await.unwrap();
    stand.browser.close().await.unwrap();
}

/// Whole in a large window, shrunk into a small one, and scrolled pixel by pixel.
async fn clicks_land_in_every_mode(stand: &Stand) -> Result<()> {
    let corners = [(3, 2), (WIDTH - 4, HEIGHT - 5), (321, 241)];
    stand.points_exactly_at(&corners).await.context("in a large window")?;
    stand.resize(500, 400).await?;
    let shrunk = format!("{CANVAS}.getBoundingClientRect().width < 501");
    stand.browser.wait_until(&shrunk).await?;
    stand.points_exactly_at(&corners).await.context("shrunk")?;
    ensure!(stand.browser.evaluate(SIZE).await? == "640x480", "it was resized");
    stand.choose_mode("actual").await?;
    let actual = format!("{CANVAS}.getBoundingClientRect().width === {WIDTH}");
    stand.browser.wait_until(&actual).await?;
    stand.points_exactly_at(&[(7, 9), (321, 241)]).await.context("pixel by pixel")?;
    stand
        .browser
        .evaluate("document.querySelector('[data-testid=screen]').scrollTo(999, 999)")
        .await?;
    let last = [(WIDTH - 4, HEIGHT - 5), (321, 241)];
    stand.points_exactly_at(&last).await.context("scrolled")?;
    stand.choose_mode("fit").await?;
    stand.resize(1280, 800).await
}

/// The browser's own cursor looks and points as the one there; nothing is drawn twice.
async fn has_the_remote_pointer(stand: &Stand) -> Result<()> {
    let mut root = stand.desktop.command("xsetroot");
    ensure!(root.args(["-cursor_name", "crosshair"]).status()?.success(), "no cursor");
    stand.click_pixel(600, 450).await?;
    let cursor = format!("{CANVAS}.parentElement.closest('[style*=cursor]')?.style.cursor ?? ''");
    stand.browser.wait_until(&format!("/image-set\\(.*\\) \\d+ \\d+/.test({cursor})")).await
}

/// Ctrl-Alt-Del as one chord, and a held key of the panel with a typed one.
async fn sends_combinations(stand: &Stand) -> Result<()> {
    let keys = stand.desktop.path("keys").display().to_string();
    let mut xev = stand.desktop.command("sh");
    xev.args(["-c", "stdbuf -oL xev -event keyboard -geometry 200x200+0+0 > \"$0\"", &keys]);
    let _xev = stand.desktop.run(&mut xev)?;
    stand.file_has("keys", "Outer window").await?;
    stand.click_pixel(100, 100).await?;
    stand.panel("keys").await?;
    stand.screenshot("keys").await?;
    let pressed = "[data-testid=keys-panel] button:text-is('Ctrl Alt Del')";
    stand.click(pressed).await?;
    for key in ["Control_L", "Alt_L", "Delete"] {
        stand.file_has("keys", key).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rdp_desktop_can_be_worked_on_and_follows_the_window() {
    let stand = Stand::new().await.unwrap();
    let share = stand.desktop.share_by_xrdp().await.unwrap();
    stand.connect(&Stand::rdp(&share)).await.unwrap();
    let worked = works_and_follows(&stand).await;
    worked.with_context(|| share.log() + &stand.guacd.log()).unwrap();
    stand.browser.close().await.unwrap();
}

async fn works_and_follows(stand: &Stand) -> Result<()> {
    stand.points_exactly_at(&[(3, 2), (321, 241)]).await?;
    stand.types().await?;
    stand.resize(900, 600).await?;
    let followed = stand.browser.wait_until(&format!("{SIZE} === '900x600'")).await;
    stand.screenshot("resized").await?;
    followed?;
    stand.points_exactly_at(&[(321, 241)]).await?;
    stand.choose_mode("fit").await?;
    stand.resize(800, 500).await?;
    let shrunk = format!("{CANVAS}.getBoundingClientRect().width <= 800");
    stand.browser.wait_until(&shrunk).await?;
    stand.points_exactly_at(&[(321, 241)]).await?;
    ensure!(stand.browser.evaluate(SIZE).await? == "900x600", "it follows in fit mode");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_password_is_asked_for_and_a_wrong_one_explained() {
    let stand = Stand::new().await.unwrap();
    let mut session = stand.vnc();
    session.as_object_mut().unwrap().remove("password");
    let asked = asks_until_right(&stand, &session).await;
    asked.with_context(|| stand.guacd.log()).unwrap();
    stand.browser.close().await.unwrap();
}

async fn asks_until_right(stand: &Stand, session: &Value) -> Result<()> {
    let browser = &stand.browser;
    ensure!(browser.goto(&stand.gateway.sign_in_link()?).await? == 200, "not signed in");
    let created = stand.gateway.create(session).await?;
    let path = created["client_url"].as_str().context("no client_url")?;
    let url = if path.starts_with('/') { stand.gateway.url() + path } else { path.to_owned() };
    browser.goto(&url).await?;
    let field = "[data-testid=required] input[name=password][type=password]";
    browser.wait_for(field).await?;
    stand.screenshot("required").await?;
    browser.type_text("wrong").await?;
    browser.press("Enter").await?;
    wait_for_state(browser, "ended").await?;
    let why = browser.text("[data-testid=ended]").await?;
    stand.screenshot("wrong-password").await?;
    ensure!(why.contains("credentials"), "{why}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_ports_and_a_missing_guacd_are_explained() {
    let mut stand = Stand::new().await.unwrap();
    let mut closed = stand.vnc();
    closed["port"] = Value::from(free_port().unwrap());
    let why = ending_of(&stand, &closed).await.unwrap();
    stand.screenshot("closed-port").await.unwrap();
    assert!(why.contains("port"), "{why}");
    stand.guacd = Guacd::start().await.unwrap();
    let why = ending_of(&stand, &stand.vnc()).await.unwrap();
    stand.screenshot("no-guacd").await.unwrap();
    assert!(why.contains("guacd"), "{why}");
    stand.browser.close().await.unwrap();
}

async fn ending_of(stand: &Stand, session: &Value) -> Result<String> {
    open(&stand.gateway, &stand.browser, session).await?;
    let ended = stand.browser.wait_until(&state_is("ended")).await;
    ended.with_context(|| stand.guacd.log())?;
    stand.browser.text("[data-testid=ended]").await
}
