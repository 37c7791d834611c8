//! RDP servers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::{RdpShare, Viewer, VncDesktop, XorgDesktop};
use serde_json::Value;

use super::{
    SEEN_WITHIN, VIEWPORT, World, rdp_session, sees, sees_within, shares_the_clipboard,
    shows_changes, shows_the_pointer, takes_keys,
};

/// What xrdp's gateway to VNC and guacd say, for messages.
fn logs(share: &RdpShare, world: &World) -> String {
    share.log() + &world.guacd.log()
}

async fn share_by_xrdp() -> (VncDesktop, RdpShare, Value) {
    let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await.unwrap();
    desktop.paint(1).unwrap();
    let share = desktop.share_by_xrdp().await.unwrap();
    let session = rdp_session(share.port(), VncDesktop::PASSWORD, "tls");
    (desktop, share, session)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rdp_desktop_is_seen_pixel_by_pixel() {
    let world = World::start().await.unwrap();
    let (desktop, share, session) = share_by_xrdp().await;
    let (_, viewer) = world.open(&session).await.unwrap();
    let shown = shows_changes(&desktop, &viewer).await;
    shown.with_context(|| logs(&share, &world)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rdp_desktop_takes_keys() {
    let world = World::start().await.unwrap();
    let (desktop, share, session) = share_by_xrdp().await;
    let (_, viewer) = world.open(&session).await.unwrap();
    let taken = takes_keys(&desktop, &viewer).await;
    taken.with_context(|| logs(&share, &world)).unwrap();
}

/// FreeRDP's shadow server sends no picture before something changes after the login.
pub(super) async fn sees_the_shadow(desktop: &VncDesktop, viewer: &Viewer) -> Result<()> {
    let begin = Instant::now();
    for seed in 1.. {
        desktop.paint(seed)?;
        let patience = Duration::from_secs(3);
        let seen = sees_within(patience, viewer, || desktop.screenshot()).await;
        if seen.is_ok() || begin.elapsed() > SEEN_WITHIN {
            return seen;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_behind_nla_is_seen_pixel_by_pixel() {
    let world = World::start().await.unwrap();
    let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await.unwrap();
    let share = desktop.share_by_rdp().await.unwrap();
    let mut session = rdp_session(share.port(), RdpShare::PASSWORD, "nla");
    // It sends no more than 16 bits of colour to one who asks for 24.
    session["color_depth"] = 32.into();
    let (_, viewer) = world.open(&session).await.unwrap();
    let seen = sees_the_shadow(&desktop, &viewer).await;
    seen.with_context(|| logs(&share, &world)).unwrap();
    shows_changes(&desktop, &viewer).await.unwrap();
}

/// Waits for the login to bring a display.
pub(super) async fn has_begun(desktop: &XorgDesktop) -> Result<()> {
    let begin = Instant::now();
    while let Err(error) = desktop.paint(1) {
        ensure!(begin.elapsed() < SEEN_WITHIN, "{error}: {}", desktop.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// The desktop gets the window's new size, and is seen as it is then.
async fn follows_the_window(world: &World, desktop: &XorgDesktop, viewer: &Viewer) -> Result<()> {
    viewer.send("size", &["800", "600"]).await?;
    let begin = Instant::now();
    while desktop.screenshot()?.width != 800 {
        ensure!(begin.elapsed() < SEEN_WITHIN, "it keeps its size");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desktop.paint(9)?;
    let resized = sees(viewer, || desktop.screenshot()).await;
    resized.with_context(|| desktop.log() + &world.guacd.log())
}

async fn session_by(method: &str) -> (World, XorgDesktop, Viewer) {
    let (world, desktop) = (World::start().await.unwrap(), XorgDesktop::start().await.unwrap());
    let mut session = rdp_session(desktop.port(), XorgDesktop::PASSWORD, "tls");
    session["resize_method"] = method.into();
    let (_, viewer) = world.open(&session).await.unwrap();
    has_begun(&desktop).await.unwrap();
    (world, desktop, viewer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_xrdp_starts_is_seen_pixel_by_pixel_and_follows_the_window() {
    let (world, desktop, viewer) = session_by("reconnect").await;
    let shown = shows_changes(&desktop, &viewer).await;
    shown.with_context(|| desktop.log() + &world.guacd.log()).unwrap();
    shows_the_pointer(&desktop, &viewer).await.unwrap();
    follows_the_window(&world, &desktop, &viewer).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_xrdp_starts_follows_the_window_by_display_updates() {
    let (world, desktop, viewer) = session_by("display-update").await;
    sees(&viewer, || desktop.screenshot()).await.unwrap();
    follows_the_window(&world, &desktop, &viewer).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_xrdp_starts_takes_keys_and_shares_the_clipboard() {
    let (world, desktop) = (World::start().await.unwrap(), XorgDesktop::start().await.unwrap());
    let session = rdp_session(desktop.port(), XorgDesktop::PASSWORD, "tls");
    let (_, viewer) = world.open(&session).await.unwrap();
    has_begun(&desktop).await.unwrap();
    takes_keys(&desktop, &viewer).await.unwrap();
    let shared = shares_the_clipboard(&desktop, &viewer).await;
    shared.with_context(|| desktop.log() + &world.guacd.log()).unwrap();
}
