use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fanlight_core::{Cause, ClientSession, EngineClient, EngineKind, Plan, SessionError};
use fanlight_engine::host::EmbeddedEngine;
use fanlight_engine::link::{Engine, Viewer, ViewerAccess};
use tokio::time::timeout;

use crate::stand::{Number, Puppet, SOON, Shown, elements, number, opening, stand};

#[tokio::test]
async fn a_parameter_that_the_client_lacks_is_named() {
    let plan = Plan::new("test").set("colour", "red").set("smell", "rose");
    let opened = EmbeddedEngine::new().open(opening(plan, Arc::new(Puppet::default()))).await;
    let error = opened.err().unwrap();
    assert_eq!(error.cause, Cause::EngineLacksParameter);
    assert!(error.message.contains("smell") && !error.message.contains("rose"), "{error}");
}

#[tokio::test]
async fn a_default_that_the_client_lacks_is_left_out() {
    let plan = Plan::new("test").set("colour", "red").default("smell", "rose");
    let stand = stand(plan).await;
    assert_eq!(stand.parameters.get("colour"), Some("red"));
    assert_eq!(stand.parameters.get("smell"), None);
}

#[tokio::test]
async fn without_a_client_the_engine_says_so() {
    let engine = EmbeddedEngine::new();
    assert_eq!(engine.kind(), EngineKind::Embedded);
    let mut opening = opening(Plan::new("odd"), Arc::new(Puppet::default()));
    opening.client = None;
    let error = engine.open(opening).await.err().unwrap();
    assert!(error.cause == Cause::Unavailable && error.message.contains("odd"));
}

#[tokio::test]
async fn a_session_has_a_connection_id_of_its_own() {
    let (one, two) = (stand(Plan::new("test")).await, stand(Plan::new("test")).await);
    let id = one.session.connection_id();
    assert!(id.starts_with('$') && id.len() == 37 && id != two.session.connection_id());
}

#[tokio::test]
async fn bar_51_close_ends_the_client_within_a_second() {
    let stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    let started = Instant::now();
    stand.session.close().await;
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(stand.gone.load(Ordering::SeqCst), "the client still runs");
    assert_eq!(stand.session.ended().await.unwrap_err().cause, Cause::Closed);
    stand.session.close().await;
    seat.send("key", &["97", "1"]).await;
    let viewer = Viewer { viewport: Default::default(), access: ViewerAccess::Own };
    assert_eq!(stand.session.view(viewer).await.err().unwrap().cause, Cause::Closed);
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_client() {
    let stand = stand(Plan::new("test")).await;
    let seat = stand.viewer(ViewerAccess::Own).await;
    drop(stand.session);
    let ended = async {
        while !stand.gone.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, ended).await.expect("a viewer keeps the client alive");
    drop(seat);
}

#[tokio::test]
async fn an_orderly_end_shows_the_last_picture_and_no_error() {
    let (stand, picture) = (stand(Plan::new("test")).await, Number::new(1));
    stand.host.show(Arc::new(Shown(picture.clone())));
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    let frame = seat.frame().await;
    seat.acknowledge(&frame).await;
    picture.set(42, &*stand.host);
    stand.end.send(Ok(())).unwrap();
    stand.session.ended().await.unwrap();
    let mut last = seat.next().await;
    if !last.ends_with("10.disconnect;") {
        seat.acknowledge(&last).await;
        last += &seat.next().await;
    }
    assert_eq!(number(&last), 42);
    let words: Vec<_> = elements(&last).into_iter().map(|words| words[0].clone()).collect();
    assert!(!words.contains(&"error".to_owned()) && words.last().unwrap() == "disconnect");
    assert!(seat.reader.next().await.unwrap().is_none());
}

#[tokio::test]
async fn bar_65_a_failure_is_told_to_the_viewer() {
    let stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.next().await;
    let failure = SessionError::new(Cause::LoginFailed, "Wrong password.");
    stand.end.send(Err(failure)).unwrap();
    assert_eq!(seat.next().await, "5.error,15.Wrong password.,3.769;10.disconnect;");
    assert!(seat.reader.next().await.unwrap().is_none());
    assert_eq!(stand.session.ended().await.unwrap_err().cause, Cause::LoginFailed);
}

#[tokio::test]
async fn bar_65_a_viewer_that_acknowledges_nothing_learns_of_the_end_all_the_same() {
    let (stand, picture) = (stand(Plan::new("test")).await, Number::new(200));
    stand.host.show(Arc::new(Shown(picture.clone())));
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.frame().await;
    picture.set(42, &*stand.host);
    stand.end.send(Ok(())).unwrap();
    let last = seat.next().await;
    assert!(number(&last) == 42 && last.ends_with("10.disconnect;"));
}

struct Panics;

#[async_trait]
impl EngineClient for Panics {
    fn parameters(&self) -> &'static [&'static str] {
        &[]
    }

    async fn run(&self, _: ClientSession) -> Result<(), SessionError> {
        panic!("a fault in a driver")
    }
}

#[tokio::test]
async fn bar_65_a_client_that_panics_ends_only_its_own_session() {
    let engine = EmbeddedEngine::new();
    let other = stand(Plan::new("test")).await;
    let session = engine.open(opening(Plan::new("test"), Arc::new(Panics))).await.unwrap();
    let error = timeout(SOON, session.ended()).await.unwrap().unwrap_err();
    assert_eq!(error.cause, Cause::Internal);
    assert!(!other.gone.load(Ordering::SeqCst));
}
