//! Desktops by guacd: what a viewer sees against what the machine itself shows.

#![allow(clippy::unwrap_used)]

#[path = "desktop/drive.rs"]
mod drive;
#[path = "desktop/login.rs"]
mod login;
#[path = "desktop/rdp.rs"]
mod rdp;
#[path = "desktop/telnet.rs"]
mod telnet;
#[path = "desktop/vnc.rs"]
mod vnc;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fanlight_core::Viewport;
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{Display, Engine, Gateway, Guacd, Picture, Viewer};
use serde_json::{Value, json};

const VIEWPORT: Viewport = Viewport { width: 640, height: 480, dpi: 96 };
/// How long a desktop may take to show what is there, on a machine with much else to do.
const SEEN_WITHIN: Duration = Duration::from_secs(40);

/// A gateway that runs its sessions in guacd.
struct World {
    gateway: Gateway,
    guacd: Guacd,
}

impl World {
    async fn start() -> Result<Self> {
        let guacd = Guacd::start().await?;
        let gateway = Gateway::start(Engine::Guacd(guacd.port())).await?;
        Ok(Self { gateway, guacd })
    }

    async fn open(&self, session: &Value) -> Result<(String, Viewer)> {
        let created = self.gateway.create(session).await?;
        let id = created["session_id"].as_str().context("no session_id")?.to_owned();
        let viewer = Viewer::open(&self.gateway, &id, VIEWPORT).await?;
        Ok((id, viewer))
    }

    /// The session's end as the API tells it: its status and why.
    async fn told(&self, id: &str, viewer: &Viewer) -> Result<(String, String)> {
        viewer.closed().await?;
        let ended = self.gateway.session(id).await?;
        let text = |name: &str| ended[name].as_str().unwrap_or_default().to_owned();
        Ok((text("status"), text("ended_because")))
    }
}

fn vnc_session(port: u16, password: &str) -> Value {
    json!({ "session_type": "vnc", "hostname": "127.0.0.1", "port": port, "password": password })
}

fn rdp_session(port: u16, password: &str, security: &str) -> Value {
    json!({
        "session_type": "rdp",
        "hostname": "127.0.0.1",
        "port": port,
        "username": fanlight_tests::RdpShare::USERNAME,
        "password": password,
        "security": security,
        "ignore_cert": true,
        "color_depth": 24,
    })
}

/// How a picture differs from another one; `None` if it does not.
fn difference(seen: &Picture, wanted: &Picture) -> Option<String> {
    let (size, other) = ((seen.width, seen.height), (wanted.width, wanted.height));
    if size != other {
        return Some(format!("{size:?} instead of {other:?}"));
    }
    let differing = seen.differing(wanted);
    (differing > 0).then(|| format!("{differing} pixels differ"))
}

/// Waits until the viewer sees exactly what `display` shows, which may change meanwhile.
async fn sees(viewer: &Viewer, display: impl Fn() -> Result<Picture>) -> Result<()> {
    sees_within(SEEN_WITHIN, viewer, display).await
}

async fn sees_within(
    limit: Duration,
    viewer: &Viewer,
    display: impl Fn() -> Result<Picture>,
) -> Result<()> {
    let begin = Instant::now();
    loop {
        let Some(difference) = difference(&viewer.picture()?, &display()?) else { return Ok(()) };
        if begin.elapsed() > limit {
            bail!("{difference}; error {:?}", viewer.error());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The viewer sees the display as it is, as it becomes, and after much motion.
async fn shows_changes(display: &Display, viewer: &Viewer) -> Result<()> {
    for seed in 2..5 {
        sees(viewer, || display.screenshot()).await?;
        display.paint(seed)?;
    }
    for step in 0..30_u32 {
        display.paint(step)?;
        let (x, y) = ((step * 19 % 600).to_string(), (step * 13 % 400).to_string());
        viewer.send("mouse", &[&x, &y, "0"]).await?;
    }
    sees(viewer, || display.screenshot()).await.context("after motion")
}

/// What a viewer types arrives in a program there.
async fn takes_keys(display: &Display, viewer: &Viewer) -> Result<()> {
    sees(viewer, || display.screenshot()).await?;
    let typed = display.path("typed");
    let mut xterm = display.command("xterm");
    let script = "read line; echo \"$line\" > $0";
    xterm.args(["-geometry", "200x100+0+0", "-xrm", "*cursorBlink: false", "-bg", "#304050"]);
    let _xterm = display.run(xterm.args(["-e", "sh", "-c", script]).arg(&typed))?;
    let begin = Instant::now();
    // Its background covers the display when it is ready.
    while viewer.picture()?.at(600, 400) != [0x30, 0x40, 0x50, 0xff] {
        ensure!(begin.elapsed() < SEEN_WITHIN, "no terminal is seen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    viewer.send("mouse", &["100", "100", "0"]).await?;
    viewer.settled(Duration::from_millis(500), SHOWN_WITHIN).await?;
    viewer.type_text("Hello 42\n").await?;
    while std::fs::read_to_string(&typed).unwrap_or_default() != "Hello 42\n" {
        ensure!(begin.elapsed() < SEEN_WITHIN, "{:?}", std::fs::read_to_string(&typed));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Text goes from the viewer's clipboard to the display's, and back.
async fn shares_the_clipboard(display: &Display, viewer: &Viewer) -> Result<()> {
    viewer.copy("from the viewer").await?;
    display.clipboard("from the viewer").await?;
    display.copy("from the desktop")?;
    let begin = Instant::now();
    while viewer.clipboard().as_deref() != Some("from the desktop") {
        ensure!(begin.elapsed() < SEEN_WITHIN, "the viewer has {:?}", viewer.clipboard());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The pointer's shape is told when it changes under the pointer.
async fn shows_the_pointer(display: &Display, viewer: &Viewer) -> Result<()> {
    viewer.send("mouse", &["300", "200", "0"]).await?;
    let begin = Instant::now();
    for shape in ["watch", "cross"] {
        let before = viewer.pointers();
        let mut command = display.command("xsetroot");
        ensure!(command.args(["-cursor_name", shape]).status()?.success());
        while viewer.pointers() == before {
            ensure!(begin.elapsed() < SEEN_WITHIN, "no pointer {shape}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}
