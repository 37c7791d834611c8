//! The banner before a session, in a real browser: nothing is dialled before Continue, and
//! Cancel ends it.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Browser, Engine, FaultProxy, Gateway, Sshd, screenshots, ssh_session};
use serde_json::{Value, json};

const TEXT: &str = "Authorised people only.";

/// A machine, the relay that counts who comes to it, a gateway, and a browser.
struct World {
    sshd: Sshd,
    network: FaultProxy,
    gateway: Gateway,
    browser: Browser,
}

impl World {
    async fn start() -> Result<Self> {
        let sshd = Sshd::start().await?;
        let network = FaultProxy::to(SocketAddr::from(([127, 0, 0, 1], sshd.port()))).await?;
        let gateway = Gateway::start(Engine::Embedded).await?;
        Ok(Self { sshd, network, gateway, browser: Browser::start().await? })
    }

    /// A session with a banner and a key pair of its own, its page shown by the opening link.
    async fn open(&self) -> Result<Value> {
        let mut session = ssh_session(&self.sshd)?;
        session.as_object_mut().context("no object")?.remove("private_key");
        session["port"] = json!(self.network.address().port());
        session["generate_keypair"] = json!(true);
        session["banner"] = json!(TEXT);
        session["name"] = json!("Build server");
        let created = self.gateway.create(&session).await?;
        let link = created["open_url"].as_str().context("no open_url")?;
        self.browser.goto(&(self.gateway.url() + link)).await?;
        self.browser.wait_for("[data-testid=banner]").await?;
        ensure!(self.browser.text("[data-testid=banner] h2").await? == "Build server");
        ensure!(self.browser.text("[data-testid=banner-text]").await? == TEXT);
        ensure!(self.browser.text("[data-testid=public-key]").await? == created["public_key"]);
        Ok(created)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_dialled_before_continue() {
    let world = World::start().await.unwrap();
    let created = world.open().await.unwrap();
    world.browser.screenshot(&screenshots().unwrap().join("banner.png")).await.unwrap();
    world.sshd.authorize(created["public_key"].as_str().unwrap()).unwrap();
    assert_eq!(world.network.taken(), 0);
    world.browser.call("click", json!({ "selector": "[data-testid=continue]" })).await.unwrap();
    let connected =
        "document.querySelector('[data-testid=session-page]')?.dataset.state === 'connected'";
    world.browser.wait_until(connected).await.unwrap();
    assert_eq!(world.network.taken(), 1);
    // Whoever reloads the page has read it.
    world.browser.call("reload", Value::Null).await.unwrap();
    world.browser.wait_until(connected).await.unwrap();
    assert_eq!(world.network.taken(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_ends_the_session_undialled() {
    let world = World::start().await.unwrap();
    let link = world.gateway.sign_in_link().unwrap();
    world.browser.goto(&link).await.unwrap();
    let created = world.open().await.unwrap();
    world.browser.call("click", json!({ "selector": "[data-testid=cancel]" })).await.unwrap();
    world.browser.wait_for("[data-testid=ended]").await.unwrap();
    let id = created["session_id"].as_str().unwrap();
    assert_eq!(world.gateway.session(id).await.unwrap()["status"], "completed");
    assert_eq!(world.network.taken(), 0);
}
