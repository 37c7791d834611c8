//! Desktops by guacd: what a viewer sees against what the machine itself shows.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fanlight_core::Viewport;
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{Engine, Gateway, Guacd, Picture, RdpShare, Viewer, VncDesktop};
use serde_json::{Value, json};

const VIEWPORT: Viewport = Viewport { width: 640, height: 480, dpi: 96 };

struct World {
    desktop: VncDesktop,
    gateway: Gateway,
    guacd: Guacd,
}

impl World {
    async fn start() -> Result<Self> {
        let guacd = Guacd::start().await?;
        let gateway = Gateway::start(Engine::Guacd(guacd.port())).await?;
        let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await?;
        Ok(Self { desktop, gateway, guacd })
    }

    fn vnc(&self, password: &str) -> Value {
        json!({
            "session_type": "vnc",
            "hostname": "127.0.0.1",
            "port": self.desktop.port(),
            "password": password,
        })
    }

    fn rdp(share: &RdpShare, password: &str, security: &str) -> Value {
        json!({
            "session_type": "rdp",
            "hostname": "127.0.0.1",
            "port": share.port(),
            "username": RdpShare::USERNAME,
            "password": password,
            "security": security,
            "ignore_cert": true,
            "color_depth": 24,
        })
    }

    async fn open(&self, session: &Value) -> Result<(String, Viewer)> {
        let created = self.gateway.create(session).await?;
        let id = created["session_id"].as_str().context("no session_id")?.to_owned();
        let viewer = Viewer::open(&self.gateway, &id, VIEWPORT).await?;
        Ok((id, viewer))
    }
}

/// Waits until the viewer sees exactly what is on the display.
async fn sees(viewer: &Viewer, display: &Picture) -> Result<()> {
    let begin = Instant::now();
    loop {
        let seen = viewer.picture()?;
        let same_size = (seen.width, seen.height) == (display.width, display.height);
        if same_size && seen.differing(display) == 0 {
            return Ok(());
        }
        if begin.elapsed() > SHOWN_WITHIN {
            let differing = same_size.then(|| seen.differing(display));
            let size = (seen.width, seen.height);
            bail!("{size:?}, {differing:?} pixels differ; error {:?}", viewer.error());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The viewer sees the display as it is, and as it becomes.
async fn shows_changes(world: &World, session: &Value) -> Result<()> {
    world.desktop.paint(1)?;
    let (_, viewer) = world.open(session).await?;
    for seed in 2..5 {
        sees(&viewer, &world.desktop.screenshot()?).await?;
        world.desktop.paint(seed)?;
    }
    sees(&viewer, &world.desktop.screenshot()?).await
}

/// What a viewer types arrives in a program there.
async fn takes_keys(world: &World, session: &Value) -> Result<Viewer> {
    let typed = world.desktop.path("typed");
    let mut xterm = world.desktop.command("xterm");
    xterm.args(["-geometry", "200x100+0+0", "-e", "sh", "-c", "read line; echo \"$line\" > $0"]);
    let _xterm = world.desktop.run(xterm.arg(&typed))?;
    let (_, viewer) = world.open(session).await?;
    viewer.drawing_after(0).await?;
    viewer.send("mouse", &["100", "100", "0"]).await?;
    viewer.settled(Duration::from_millis(500), SHOWN_WITHIN).await?;
    viewer.type_text("Hello 42\n").await?;
    let begin = Instant::now();
    while std::fs::read_to_string(&typed).unwrap_or_default() != "Hello 42\n" {
        ensure!(begin.elapsed() < SHOWN_WITHIN, "{:?}", std::fs::read_to_string(&typed));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(viewer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vnc_desktop_is_seen_pixel_by_pixel() {
    let world = World::start().await.unwrap();
    shows_changes(&world, &world.vnc(VncDesktop::PASSWORD)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vnc_desktop_takes_keys_and_the_clipboard() {
    let world = World::start().await.unwrap();
    let viewer = takes_keys(&world, &world.vnc(VncDesktop::PASSWORD)).await.unwrap();
    viewer.copy("from the viewer").await.unwrap();
    world.desktop.clipboard("from the viewer").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rdp_desktop_is_seen_pixel_by_pixel() {
    let world = World::start().await.unwrap();
    let share = world.desktop.share_by_xrdp().await.unwrap();
    let shown = shows_changes(&world, &World::rdp(&share, VncDesktop::PASSWORD, "tls")).await;
    shown.with_context(|| share.log() + &world.guacd.log()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rdp_desktop_takes_keys() {
    let world = World::start().await.unwrap();
    let share = world.desktop.share_by_xrdp().await.unwrap();
    let session = World::rdp(&share, VncDesktop::PASSWORD, "tls");
    let taken = takes_keys(&world, &session).await;
    taken.with_context(|| share.log() + &world.guacd.log()).unwrap();
}

/// The session's end as the API tells it.
async fn told(world: &World, session: &Value) -> Result<(String, String)> {
    let (id, viewer) = world.open(session).await?;
    viewer.closed().await?;
    let ended = world.gateway.session(&id).await?;
    let text = |name: &str| ended[name].as_str().unwrap_or_default().to_owned();
    Ok((text("status"), text("ended_because")))
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_closed_ports_are_told_in_words() {
    let world = World::start().await.unwrap();
    let share = world.desktop.share_by_rdp().await.unwrap();
    let port = Value::from(fanlight_tests::free_port().unwrap());
    let mut closed =
        [world.vnc(VncDesktop::PASSWORD), World::rdp(&share, RdpShare::PASSWORD, "nla")];
    closed.iter_mut().for_each(|session| session["port"] = port.clone());
    for session in [world.vnc("wrong"), World::rdp(&share, "wrong", "nla")].iter().chain(&closed) {
        let (status, why) = told(&world, session).await.unwrap();
        assert_eq!(status, "error", "{} {why}", session["session_type"]);
        assert!(why.contains("address and port") && why.contains("credentials"), "{why}");
    }
}
