//! Every page, in both themes, on a desk and on a phone: axe finds nothing to object to.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Browser, Gateway, OidcProvider, Sshd, screenshots};
use serde_json::{Value, json};

use super::{admin_at, click, map_group, start_with};

const SIZES: [(u32, u32); 2] = [(1280, 800), (390, 800)];
const THEMES: [&str; 2] = ["dark", "light"];
const CONNECTED: &str = "[data-active=true] [data-testid=session-page][data-state=connected]";
/// A port of loopback on which nobody listens.
const NOBODY: u16 = 1;

/// A page, its address, and what is there when it is complete. A new page is a new line.
const PAGES: [(&str, &str, &str); 15] = [
    ("start", "/", "[data-testid=preset]"),
    ("sessions", "/sessions", "main h1"),
    ("settings", "/settings", "main h1"),
    ("own-tokens", "/settings/tokens", "main h2"),
    ("users", "/settings/users", "[data-testid=users] [data-index='0']"),
    ("groups", "/settings/groups", "[data-testid=groups] [data-index='0']"),
    ("all-tokens", "/settings/all-tokens", "main h2"),
    ("activity", "/activity", "[data-testid=audit] [data-index='0']"),
    ("history", "/sessions/history", "main h1"),
    ("recordings", "/recordings", "main h1"),
    ("own-credentials", "/settings/credentials", "main h2"),
    ("folders", "/settings/folders", "main h2"),
    ("machines-empty", "/settings/machines", "main h2"),
    ("host-keys", "/settings/host-keys", "main h2"),
    ("missing", "/nowhere", "main h1"),
];

/// What opens over a page: where, the key that opens it, and what is there then.
const OVERLAYS: [(&str, &str, &str, &str); 2] =
    [("help", "/", "?", "dialog dl"), ("palette", "/", "Control+k", "dialog [role=combobox]")];

/// A terminal and a machine that is not there, for whoever is signed in.
fn presets(sshd: &Sshd) -> Result<String> {
    let (user, key) = (sshd.username()?, sshd.private_key()?);
    let preset = |id: &str, port: u16| {
        format!(
            "[[presets]]\nid = \"{id}\"\nname = \"The {id} machine\"\nsession_type = \"ssh\"\n\
             [presets.settings]\nhostname = \"127.0.0.1\"\nport = {port}\nusername = \"{user}\"\n\
             enable_drive = true\nprivate_key = '''\n{key}'''\n"
        )
    };
    Ok(format!(
        "default_role = \"operator\"\n{}{}",
        preset("first", sshd.port()),
        preset("lost", NOBODY)
    ))
}

/// Looks at one state of a page after the other, and keeps what axe objects to.
pub(super) struct Looks<'a> {
    browser: &'a Browser,
    folder: PathBuf,
    found: Vec<String>,
}

impl<'a> Looks<'a> {
    pub(super) fn at(browser: &'a Browser) -> Result<Self> {
        let folder = screenshots()?.join("every-page");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { browser, folder, found: Vec::new() })
    }

    /// In both themes, at both sizes; a screenshot of each stays.
    pub(super) async fn look(&mut self, name: &str) -> Result<()> {
        for (width, height) in SIZES {
            self.browser.call("resize", json!({ "width": width, "height": height })).await?;
            for theme in THEMES {
                self.browser.call("theme", json!({ "theme": theme })).await?;
                let found = self.browser.call("axe", Value::Null).await?;
                let label = format!("{name}-{width}-{theme}");
                let found = found.as_array().context("no list")?;
                self.found.extend(found.iter().map(|one| format!("{label}: {one}")));
                self.browser.screenshot(&self.folder.join(format!("{label}.png"))).await?;
            }
        }
        let (width, height) = SIZES[0];
        self.browser.call("resize", json!({ "width": width, "height": height })).await.map(drop)
    }

    pub(super) async fn look_at(&mut self, name: &str, address: &str, ready: &str) -> Result<()> {
        self.browser.goto(address).await?;
        self.browser.wait_for(ready).await.with_context(|| name.to_owned())?;
        self.look(name).await
    }

    pub(super) fn nothing(self) -> Result<()> {
        ensure!(self.found.is_empty(), "axe objects:\n{}", self.found.join("\n"));
        Ok(())
    }
}

/// Signs a person in at the provider, who is then among the users and in the log.
async fn sign_in_once(gateway: &Gateway) -> Result<()> {
    let person = Browser::start().await?;
    person.goto(&format!("{}/auth/login", gateway.url())).await?;
    person.wait_for("main h1").await?;
    person.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page_of_an_admin() {
    let sshd = Sshd::start().await.unwrap();
    let (_provider, gateway) = start_with(&presets(&sshd).unwrap()).await.unwrap();
    sign_in_once(&gateway).await.unwrap();
    let admin = admin_at(&gateway).await.unwrap();
    map_group(&admin, &gateway).await.unwrap();
    let mut looks = Looks::at(&admin).unwrap();
    for (name, path, ready) in PAGES {
        looks.look_at(name, &(gateway.url() + path), ready).await.unwrap();
    }
    for (name, path, key, ready) in OVERLAYS {
        admin.goto(&(gateway.url() + path)).await.unwrap();
        admin.wait_for("[data-testid=preset]").await.unwrap();
        admin.press(key).await.unwrap();
        admin.wait_for(ready).await.unwrap();
        looks.look(name).await.unwrap();
    }
    looks.nothing().unwrap();
    admin.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_the_session_page_in_any_state() {
    let sshd = Sshd::start().await.unwrap();
    let (_provider, gateway) = start_with(&presets(&sshd).unwrap()).await.unwrap();
    let admin = admin_at(&gateway).await.unwrap();
    let mut looks = Looks::at(&admin).unwrap();
    failed(&mut looks).await.unwrap();
    connected(&mut looks).await.unwrap();
    several(&mut looks).await.unwrap();
    ended(&mut looks).await.unwrap();
    looks.nothing().unwrap();
    admin.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_the_language_of_the_browser() {
    let sshd = Sshd::start().await.unwrap();
    let (_provider, gateway) = start_with(&presets(&sshd).unwrap()).await.unwrap();
    for (tag, title) in [("de-AT", "Verbindungen"), ("ja", "接続"), ("fr", "Connections")] {
        let person = Browser::in_language(tag).await.unwrap();
        let mut looks = Looks::at(&person).unwrap();
        let link = gateway.sign_in_link().unwrap();
        let ready = format!("main h1 >> text={title}");
        looks.look_at(&format!("start-{tag}"), &link, &ready).await.unwrap();
        let language = person.evaluate("document.documentElement.lang").await.unwrap();
        let expected = if tag == "fr" { "en" } else { &tag[..2] };
        assert_eq!(language, expected);
        looks.nothing().unwrap();
        person.close().await.unwrap();
    }
}

async fn failed(looks: &mut Looks<'_>) -> Result<()> {
    click(looks.browser, "[data-testid=preset] >> text=The lost machine").await?;
    looks.browser.wait_for("[data-testid=ended]").await?;
    looks.look("session-failed").await?;
    click(looks.browser, "[data-testid=ended] a").await
}

async fn connected(looks: &mut Looks<'_>) -> Result<()> {
    let browser = looks.browser;
    click(browser, "[data-testid=preset] >> text=The first machine").await?;
    browser.wait_for(CONNECTED).await?;
    looks.look("session-connected").await?;
    browser.press("Control+Alt+Shift").await?;
    browser.wait_for("[data-testid=toolbar]").await?;
    looks.look("session-toolbar").await?;
    for panel in ["clipboard", "keys", "display", "share"] {
        click(browser, &format!("[data-panel={panel}]")).await?;
        browser.wait_for(&format!("[data-panel={panel}][aria-expanded=true]")).await?;
        looks.look(&format!("session-{panel}")).await?;
    }
    browser.press("?").await?;
    browser.wait_for("dialog dl").await?;
    looks.look("session-help").await?;
    browser.press("Escape").await?;
    click(browser, "[data-testid=toolbar] [aria-label=Files]").await?;
    browser.wait_for("[data-testid=files-list], [data-testid=files-empty]").await?;
    looks.look("session-files").await
}

async fn several(looks: &mut Looks<'_>) -> Result<()> {
    let browser = looks.browser;
    click(browser, "[data-testid=files] [aria-label='Close the files']").await?;
    browser.wait_until("document.activeElement?.dataset.testid === 'keyboard'").await?;
    browser.press("Control+Alt+Shift").await?;
    click(browser, "[data-testid=toolbar-add]").await?;
    browser.wait_for("dialog [role=combobox]").await?;
    browser.type_text("The first").await?;
    browser.press("Enter").await?;
    browser.wait_until("document.querySelectorAll('[data-testid=tab]').length === 2").await?;
    browser.wait_for(CONNECTED).await?;
    looks.look("session-tabs").await?;
    click(browser, "[data-testid=tab-split]").await?;
    browser.wait_for("[role=separator]").await?;
    looks.look("session-panes").await
}

async fn ended(looks: &mut Looks<'_>) -> Result<()> {
    let browser = looks.browser;
    browser.press("Control+Alt+Shift").await?;
    click(browser, "[data-active=true] [data-testid=disconnect]").await?;
    browser.wait_for("[data-active=true] [data-testid=ended]").await?;
    looks.look("session-ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_where_a_sign_in_failed() {
    let (mut provider, mut gateway) = start_with("").await.unwrap();
    let person = Browser::start().await.unwrap();
    let mut looks = Looks::at(&person).unwrap();
    let login = gateway.url() + "/auth/login";
    looks.look_at("sign-in", &(gateway.url() + "/login"), "[data-testid=oidc]").await.unwrap();
    let forged = gateway.url() + "/auth/callback?code=a&state=b";
    looks.look_at("sign-in-forged", &forged, "text=could not be completed").await.unwrap();
    provider.set(json!({ "fault": "denied" })).await.unwrap();
    looks.look_at("sign-in-denied", &login, "text=did not let you in").await.unwrap();
    unverified_and_disabled(&mut looks, &provider, &gateway).await.unwrap();
    provider.down();
    // It asks anew who the provider is, and gets no answer.
    gateway.restart().await.unwrap();
    looks.look_at("sign-in-down", &login, "text=does not answer").await.unwrap();
    looks.nothing().unwrap();
    person.close().await.unwrap();
}

async fn unverified_and_disabled(
    looks: &mut Looks<'_>,
    provider: &OidcProvider,
    gateway: &Gateway,
) -> Result<()> {
    let login = gateway.url() + "/auth/login";
    let bob = json!({ "bob": { "email": "bob@example.com", "email_verified": false } });
    provider.set(json!({ "fault": null, "account": "bob", "users": bob })).await?;
    looks.look_at("sign-in-unverified", &login, "text=is not verified").await?;
    let bob = json!({ "bob": { "email": "bob@example.com", "email_verified": true } });
    provider.set(json!({ "users": bob })).await?;
    looks.browser.goto(&login).await?;
    looks.browser.wait_for("main h1").await?;
    let admin = admin_at(gateway).await?;
    admin.goto(&(gateway.url() + "/settings/users")).await?;
    click(&admin, "[data-testid=users] [role=gridcell] >> text=bob@example.com").await?;
    click(&admin, "[data-testid=disable]").await?;
    admin.wait_for("[data-testid=enable]").await?;
    admin.close().await?;
    looks.look_at("sign-in-disabled", &login, "text=account is disabled").await
}
