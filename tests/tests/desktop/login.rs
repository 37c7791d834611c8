//! Credentials: asked for, wrong, or for nobody; and what people are told.

use std::time::Duration;

use anyhow::Result;
use fanlight_tests::{Engine, Gateway, Guacd, RdpShare, Viewer, VncDesktop};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{VIEWPORT, World, rdp_session, sees, shows_changes, vnc_session};

async fn desktop() -> VncDesktop {
    let desktop = VncDesktop::start(VIEWPORT.width, VIEWPORT.height).await.unwrap();
    desktop.paint(1).unwrap();
    desktop
}

/// Moves the mouse, as people do while they are asked: guacd must not hear of it.
async fn fidget(viewer: &Viewer) -> Result<()> {
    for x in 0..20 {
        viewer.send("mouse", &[&x.to_string(), "10", "0"]).await?;
        viewer.key(0x20).await?;
    }
    viewer.send("size", &["640", "480"]).await
}

/// Answers all that is asked.
async fn answer(viewer: &Viewer, answers: &Value) -> Result<()> {
    fidget(viewer).await?;
    let question = viewer.question().await?;
    fidget(viewer).await?;
    for (stream, name) in question.iter().enumerate() {
        viewer.answer(stream + 1, name, answers[name].as_str().unwrap_or_default()).await?;
    }
    Ok(())
}

fn without(mut session: Value, fields: &[&str]) -> Value {
    session.as_object_mut().unwrap().retain(|name, _| !fields.contains(&name.as_str()));
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vnc_password_that_is_missing_is_asked_for() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let session = without(vnc_session(desktop.port(), ""), &["password"]);
    let (_, viewer) = world.open(&session).await.unwrap();
    answer(&viewer, &json!({ "password": VncDesktop::PASSWORD })).await.unwrap();
    sees(&viewer, || desktop.screenshot()).await.unwrap();

    let (id, viewer) = world.open(&session).await.unwrap();
    answer(&viewer, &json!({ "password": "wrong" })).await.unwrap();
    let (status, why) = world.told(&id, &viewer).await.unwrap();
    assert_eq!(status, "error", "{why}");
    assert!(why.contains("credentials"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rdp_credentials_that_are_missing_are_asked_for() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let share = desktop.share_by_rdp().await.unwrap();
    let mut session = without(rdp_session(share.port(), "", "nla"), &["username", "password"]);
    session["color_depth"] = 32.into();
    let (_, viewer) = world.open(&session).await.unwrap();
    let right = json!({ "username": RdpShare::USERNAME, "password": RdpShare::PASSWORD });
    answer(&viewer, &right).await.unwrap();
    viewer.drawing_after(0).await.unwrap();
    super::rdp::sees_the_shadow(&desktop, &viewer).await.unwrap();
    drop(viewer);

    let (id, viewer) = world.open(&session).await.unwrap();
    let wrong = json!({ "username": RdpShare::USERNAME, "password": "wrong" });
    answer(&viewer, &wrong).await.unwrap();
    let (status, why) = world.told(&id, &viewer).await.unwrap();
    assert_eq!(status, "error", "{why}");
    assert!(why.contains("credentials"), "{why}");
}

/// Nobody but the owner answers, nor hears the question.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_can_answer_nothing() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let mut session = without(vnc_session(desktop.port(), ""), &["password"]);
    session["share_mode"] = "interact".into();
    let created = world.gateway.create(&session).await.unwrap();
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    let owner = Viewer::open(&world.gateway, &text("session_id"), VIEWPORT).await.unwrap();
    let question = owner.question().await.unwrap();
    assert_eq!(question, ["password"]);
    let key = text("share_url").split_once("&key=").unwrap().1.to_owned();
    let path = format!("/ws/{}?key={key}", text("session_id"));
    let guest = Viewer::connect(&world.gateway, &path).await.unwrap();
    guest.answer(1, "password", "wrong").await.unwrap();
    let early = timeout(Duration::from_secs(2), guest.drawing_after(0)).await;
    assert!(early.is_err(), "{early:?}");
    owner.answer(1, "password", VncDesktop::PASSWORD).await.unwrap();
    shows_changes(&desktop, &owner).await.unwrap();
    sees(&guest, || desktop.screenshot()).await.unwrap();
}

/// How a session ends that has to fail.
async fn failure(world: &World, session: &Value) -> String {
    let (id, viewer) = world.open(session).await.unwrap();
    let (status, why) = world.told(&id, &viewer).await.unwrap();
    assert_eq!(status, "error", "{} {why}", session["session_type"]);
    why
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_closed_ports_are_told_in_words() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let share = desktop.share_by_rdp().await.unwrap();
    let closed = fanlight_tests::free_port().unwrap();
    for session in [
        vnc_session(desktop.port(), "wrong"),
        vnc_session(closed, VncDesktop::PASSWORD),
        rdp_session(share.port(), "wrong", "nla"),
        rdp_session(closed, RdpShare::PASSWORD, "nla"),
    ] {
        let why = failure(&world, &session).await;
        assert!(why.contains("address and port") && why.contains("credentials"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_refused_in_words() {
    let (world, desktop) = (World::start().await.unwrap(), desktop().await);
    let share = desktop.share_by_xrdp().await.unwrap();
    let mut session = rdp_session(share.port(), VncDesktop::PASSWORD, "tls");
    session["ignore_cert"] = false.into();
    let why = failure(&world, &session).await;
    assert!(why.contains("certificate"), "{why} {}", world.guacd.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guacd_that_is_not_there_is_told_in_words() {
    let port = fanlight_tests::free_port().unwrap();
    let gateway = Gateway::start(Engine::Guacd(port)).await.unwrap();
    let world = World { gateway, guacd: Guacd::start().await.unwrap() };
    for session in [vnc_session(5900, "secret"), rdp_session(3389, "secret", "any")] {
        let why = failure(&world, &session).await;
        assert!(why.contains("guacd") && why.contains(&port.to_string()), "{why}");
        assert!(why.contains("Check that it is running"), "{why}");
    }
}
