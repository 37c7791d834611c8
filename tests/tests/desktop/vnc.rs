//! VNC servers.

use fanlight_tests::{Qemu, VncDesktop};

use super::{
    VIEWPORT, World, sees, shares_the_clipboard, shows_changes, shows_the_pointer, takes_keys,
    vnc_session,
};

async fn desktop() -> VncDesktop {
    let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await.unwrap();
    desktop.paint(1).unwrap();
    desktop
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vnc_desktop_is_seen_pixel_by_pixel() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let session = vnc_session(desktop.port(), VncDesktop::PASSWORD);
    let (_, viewer) = world.open(&session).await.unwrap();
    shows_changes(&desktop, &viewer).await.unwrap();
    shows_the_pointer(&desktop, &viewer).await.unwrap();
    desktop.resize(800, 600).unwrap();
    desktop.paint(7).unwrap();
    sees(&viewer, || desktop.screenshot()).await.unwrap();
    assert_eq!(viewer.picture().unwrap().width, 800);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vnc_desktop_takes_keys_and_shares_the_clipboard() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let session = vnc_session(desktop.port(), VncDesktop::PASSWORD);
    let (_, viewer) = world.open(&session).await.unwrap();
    takes_keys(&desktop, &viewer).await.unwrap();
    shares_the_clipboard(&desktop, &viewer).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_display_that_x11vnc_shares_is_seen_pixel_by_pixel() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let (port, _x11vnc) = desktop.share_by_x11vnc().await.unwrap();
    let session = vnc_session(port, VncDesktop::PASSWORD);
    let (_, viewer) = world.open(&session).await.unwrap();
    shows_changes(&desktop, &viewer).await.unwrap();
}

/// The firmware's screen, with a cursor that blinks.
#[tokio::test(flavor = "multi_thread")]
async fn the_screen_of_a_virtual_machine_is_seen_pixel_by_pixel() {
    let (world, qemu) = (World::start().await.unwrap(), Qemu::start().await.unwrap());
    let session = vnc_session(qemu.port(), Qemu::PASSWORD);
    let (_, viewer) = world.open(&session).await.unwrap();
    sees(&viewer, || qemu.screenshot()).await.unwrap();
    assert!(viewer.picture().unwrap().width >= 640);
}
