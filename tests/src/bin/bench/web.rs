//! A web page, once as a web session and once as it would be shown without: Chromium on a
//! TigerVNC desktop that guacd shows. That Chromium runs without its sandbox, which spares
//! it processes.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_core::Viewport;
use fanlight_tests::{Engine, Gateway, Guacd, Process, Viewer, VncDesktop};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::processes::Usage;
use crate::report::{Row, Target, percentile};

const VIEWPORT: Viewport = Viewport { width: 1280, height: 720, dpi: 96 };
const PAGE: &str = include_str!("web.html");
const KEYS: usize = 100;
/// Not a divisor of common frame times, so that keys meet every moment of a frame.
const PAUSE: Duration = Duration::from_millis(157);
const MOVES_FOR: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(60);
/// What Chromium takes for its own network service must not be measured as the page's.
const CHROMIUM: [&str; 9] = [
    "--no-sandbox",
    "--kiosk",
    "--window-position=0,0",
    "--window-size=1280,720",
    "--disable-gpu",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
];

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let own = enclosed().await?;
    let theirs = on_a_desktop().await?;
    let key = |part: f64| (percentile(&own.keys, part), percentile(&theirs.keys, part));
    let ((own_p50, their_p50), (own_p95, their_p95)) = (key(0.5), key(0.95));
    let row = |what: &str, own: f64, theirs: f64, target: Target| {
        Row::ratio(format!("web page, against Chromium on VNC: {what}"), own, theirs, target)
    };
    Ok(vec![
        row("key to drawing, p50, ms", own_p50, their_p50, Target::AtMost(0.5)),
        row("key to drawing, p95, ms", own_p95, their_p95, Target::AtMost(0.5)),
        row("frames/s of a page that moves", own.frames, theirs.frames, Target::AtLeast(1.0)),
        row("memory with all processes, MiB (PSS)", own.memory, theirs.memory, Target::AtMost(1.0)),
    ])
}

/// How a page fares.
struct Fare {
    /// Milliseconds from each key to the first frame that draws something.
    keys: Vec<f64>,
    /// Frames in a second while the page moves.
    frames: f64,
    /// MiB that showing the page adds.
    memory: f64,
}

async fn enclosed() -> Result<Fare> {
    let (address, _serving) = serve().await?;
    let mut gateway = Gateway::start(Engine::Embedded).await?;
    let before = Usage::of([gateway.process()?.id()])?.pss;
    let url = format!("http://{address}/");
    let session = json!({ "session_type": "web", "url": url, "allowed_domains": ["127.0.0.1"] });
    let viewer = open(&gateway, &session).await?;
    let memory = (Usage::of([gateway.process()?.id()])?.pss - before) / 1024.0;
    fare(&viewer, memory).await
}

async fn on_a_desktop() -> Result<Fare> {
    let (address, _serving) = serve().await?;
    let guacd = Guacd::start().await?;
    let mut gateway = Gateway::start(Engine::Guacd(guacd.port())).await?;
    let before = Usage::of([gateway.process()?.id(), guacd.id()])?.pss;
    let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await?;
    let (chromium, _profile) = chromium(&desktop, address)?;
    let session = json!({ "session_type": "vnc", "hostname": "127.0.0.1", "port": desktop.port(),
        "password": VncDesktop::PASSWORD });
    let viewer = open(&gateway, &session).await?;
    let all = [gateway.process()?.id(), guacd.id(), desktop.id(), chromium.id()];
    let memory = (Usage::of(all)?.pss - before) / 1024.0;
    fare(&viewer, memory).await
}

fn chromium(desktop: &VncDesktop, address: SocketAddr) -> Result<(Process, TempDir)> {
    let profile = tempfile::Builder::new().prefix("fanlight-chromium").tempdir()?;
    let mut command = Command::new("chromium");
    command.args(CHROMIUM).arg(format!("--user-data-dir={}", profile.path().display()));
    command.env("HOME", profile.path()).arg(format!("http://{address}/"));
    Ok((desktop.run(&mut command)?, profile))
}

/// A viewer that sees the page at rest, with the pointer on it.
async fn open(gateway: &Gateway, session: &Value) -> Result<Viewer> {
    let created = gateway.create(session).await?;
    let id = created["session_id"].as_str().context("no session_id")?;
    let viewer = Viewer::open(gateway, id, VIEWPORT).await?;
    viewer.drawing_after(0).await?;
    for buttons in ["0", "1", "0"] {
        viewer.send("mouse", &["640", "600", buttons]).await?;
    }
    let begin = Instant::now();
    while !shows_the_page(&viewer)? {
        ensure!(begin.elapsed() < LIMIT, "the page is not shown");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    viewer.settled(QUIET, LIMIT).await?;
    Ok(viewer)
}

/// The page's left edge is a stripe of a colour of its own.
fn shows_the_page(viewer: &Viewer) -> Result<bool> {
    let picture = viewer.picture()?;
    let near = |value: u8, wanted: u8| value.abs_diff(wanted) < 8;
    let edge = |y: usize| picture.at(4, y);
    Ok(picture.height > 700
        && [100, 700].into_iter().all(|y| {
            let color = edge(y);
            near(color[0], 0) && near(color[1], 102) && near(color[2], 204)
        }))
}

async fn fare(viewer: &Viewer, memory: f64) -> Result<Fare> {
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        tokio::time::sleep(PAUSE).await;
        let drawings = viewer.progress().drawings;
        let begin = Instant::now();
        viewer.key(u32::from(b'a')).await?;
        let drawn = viewer.drawing_after(drawings).await?.drawn_at;
        keys.push(drawn.duration_since(begin).as_secs_f64() * 1000.0);
    }
    viewer.key(u32::from(b'm')).await?;
    tokio::time::sleep(QUIET).await;
    let before = viewer.progress().drawings;
    tokio::time::sleep(MOVES_FOR).await;
    let frames = (viewer.progress().drawings - before) as f64 / MOVES_FOR.as_secs_f64();
    Ok(Fare { keys, frames, memory })
}

/// A web server with one page.
async fn serve() -> Result<(SocketAddr, JoinSet<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A connection that only tries whether somebody listens says nothing.
            let _ = answer(stream).await;
        }
    });
    Ok((address, serving))
}

async fn answer(stream: TcpStream) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close";
    let text = format!("{head}\r\nContent-Length: {}\r\n\r\n{PAGE}", PAGE.len());
    writer.write_all(text.as_bytes()).await
}
