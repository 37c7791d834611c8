use std::time::Duration;

use fanlight_core::{Cause, Plan};
use fanlight_engine::link::ViewerAccess;
use tokio::time::{Instant, timeout};

use crate::stand::{Number, QUIET, SOON, Seat, Shown, Stand, elements, number, stand};

/// Rectangles enough for a frame that has to be acknowledged before the next.
const HEAVY: u32 = 200;

async fn showing(weight: u32) -> (Stand, std::sync::Arc<Number>) {
    let (stand, picture) = (stand(Plan::new("test")).await, Number::new(weight));
    stand.host.show(std::sync::Arc::new(Shown(picture.clone())));
    (stand, picture)
}

#[tokio::test]
async fn one_frame_in_flight_and_then_the_newest() {
    let (stand, picture) = showing(HEAVY).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    let first = seat.frame().await;
    for value in 2..=5000 {
        picture.set(value, &*stand.host);
    }
    assert!(seat.hears_nothing().await, "a second frame left before the first was acknowledged");
    seat.acknowledge(&first).await;
    assert_eq!(number(&seat.frame().await), 5000, "frames in between must be skipped");
}

#[tokio::test]
async fn bar_47_a_viewer_that_stops_reading_delays_nobody() {
    let (stand, picture) = showing(HEAVY).await;
    let mut stuck = stand.viewer(ViewerAccess::View).await;
    stuck.frame().await;
    let mut lively = stand.viewer(ViewerAccess::Own).await;
    let frame = lively.frame().await;
    lively.acknowledge(&frame).await;
    for value in 2..100 {
        let asked = Instant::now();
        picture.set(value, &*stand.host);
        let frame = lively.frame().await;
        assert_eq!(number(&frame), value);
        assert!(asked.elapsed() < QUIET);
        lively.acknowledge(&frame).await;
    }
}

#[tokio::test(start_paused = true)]
async fn bar_49_a_viewer_that_never_acknowledges_is_lost() {
    let (stand, _) = showing(HEAVY).await;
    let mut seat = stand.viewer(ViewerAccess::View).await;
    seat.frame().await;
    let error = timeout(Duration::from_secs(60), seat.reader.next()).await.unwrap().unwrap_err();
    assert_eq!(error.cause, Cause::Lost);
    let mut other = stand.viewer(ViewerAccess::Own).await;
    other.frame().await;
}

#[tokio::test(start_paused = true)]
async fn bar_49_an_idle_viewer_is_asked_for_a_sign_of_life() {
    let (stand, _) = showing(1).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    for _ in 0..10 {
        let asked = Instant::now();
        let frame = timeout(Duration::from_secs(60), seat.reader.next()).await.unwrap().unwrap();
        let frame = String::from_utf8(frame.unwrap().to_vec()).unwrap();
        assert!(asked.elapsed() <= Duration::from_secs(10));
        if frame.contains("4.sync,") {
            seat.acknowledge(&frame).await;
        }
    }
    let silent = timeout(Duration::from_secs(60), async {
        loop {
            if let Err(error) = seat.reader.next().await {
                return error;
            }
        }
    });
    assert_eq!(silent.await.unwrap().cause, Cause::Lost);
}

#[tokio::test]
async fn before_there_is_a_picture_no_client_is_told_that_it_is_connected() {
    let stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    assert_eq!(seat.next().await, "4.name,4.test;");
    assert!(seat.hears_nothing().await);
    stand.host.show(std::sync::Arc::new(Shown(Number::new(1))));
    assert!(seat.next().await.contains("4.sync,"));
}

#[tokio::test]
async fn a_late_joiner_gets_the_whole_picture_first() {
    let (stand, picture) = showing(1).await;
    let mut early = stand.viewer(ViewerAccess::Own).await;
    early.frame().await;
    picture.set(77, &*stand.host);
    stand.host.title("later".into());
    stand.host.clipboard("copied before".into());
    let mut late = stand.viewer(ViewerAccess::View).await;
    let frame = late.next().await;
    assert!(frame.starts_with("4.name,5.later;4.size,1.0,3.640,3.480;"), "{frame}");
    assert_eq!(number(&frame), 77);
    assert!(late.hears_nothing().await, "what was copied before is not the joiner's");
}

#[tokio::test]
async fn the_echo_of_a_key_leaves_at_once_and_a_flood_is_paced() {
    let (stand, picture) = showing(1).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    let mut frame = seat.frame().await;
    seat.acknowledge(&frame).await;
    tokio::time::sleep(QUIET).await;
    let asked = Instant::now();
    picture.set(2, &*stand.host);
    frame = seat.frame().await;
    assert!(asked.elapsed() < Duration::from_millis(12), "{:?}", asked.elapsed());
    let (start, mut frames, mut value) = (Instant::now(), 0, 3);
    while start.elapsed() < Duration::from_millis(500) {
        seat.acknowledge(&frame).await;
        value += 1;
        picture.set(value, &*stand.host);
        frame = seat.frame().await;
        frames += 1;
    }
    assert!((10..=33).contains(&frames), "{frames} frames in half a second");
}

#[tokio::test]
async fn copied_text_title_and_bell_reach_every_viewer() {
    let (stand, _) = showing(1).await;
    let mut seats = [stand.viewer(ViewerAccess::Own).await, stand.viewer(ViewerAccess::View).await];
    for seat in &mut seats {
        seat.frame().await;
    }
    stand.host.title("töp\r\n".into());
    stand.host.bell();
    let text = "ä".repeat(10_000);
    stand.host.clipboard(text.clone());
    for seat in &mut seats {
        let heard = elements(&seat.next().await);
        assert!(heard.contains(&vec!["name".into(), "töp".into()]));
        assert!(heard.contains(&vec!["bell".into()]));
        assert_eq!(copied(&heard), text);
    }
}

#[tokio::test]
async fn a_clipboard_too_long_is_cut_between_characters() {
    let (stand, _) = showing(1).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.frame().await;
    stand.host.clipboard("ä€".repeat(200_000));
    let heard = copied(&elements(&seat.next().await));
    assert!(heard.len() <= 256 * 1024 && heard.len() > 256 * 1024 - 4);
}

#[tokio::test]
async fn disable_copy_keeps_copied_text_from_viewers() {
    let stand = stand(Plan::new("test").set_flag("disable-copy", true)).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.next().await;
    stand.host.clipboard("secret".into());
    assert!(seat.hears_nothing().await);
}

#[tokio::test]
async fn a_viewer_that_says_goodbye_is_gone_and_the_session_is_not() {
    let (stand, _) = showing(1).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.frame().await;
    seat.send("disconnect", &[]).await;
    assert!(timeout(SOON, seat.reader.next()).await.unwrap().unwrap().is_none());
    stand.viewer(ViewerAccess::Own).await.frame().await;
}

fn copied(heard: &[Vec<String>]) -> String {
    let blobs = heard.iter().filter(|words| words[0] == "blob").map(|words| words[2].clone());
    let bytes: Vec<u8> =
        blobs.flat_map(|blob| base64_simd::STANDARD.decode_to_vec(blob).unwrap()).collect();
    assert!(heard.iter().any(|words| words[0] == "end"));
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn next_may_be_cancelled_at_any_time() {
    let (stand, picture) = showing(1).await;
    let mut seat: Seat = stand.viewer(ViewerAccess::Own).await;
    let frame = seat.frame().await;
    seat.acknowledge(&frame).await;
    for _ in 0..50 {
        assert!(timeout(Duration::from_millis(1), seat.reader.next()).await.is_err());
    }
    picture.set(9, &*stand.host);
    assert_eq!(number(&seat.frame().await), 9);
}

#[tokio::test]
async fn a_flood_of_titles_bells_and_copies_is_paced() {
    let (stand, _) = showing(1).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    let mut frame = seat.frame().await;
    let (start, mut frames, mut count) = (Instant::now(), 0, 0);
    while start.elapsed() < Duration::from_millis(500) {
        for _ in 0..50 {
            count += 1;
            stand.host.title(format!("title {count}"));
            stand.host.bell();
            stand.host.clipboard(format!("text {count}"));
        }
        seat.acknowledge(&frame).await;
        frame = seat.next().await;
        frames += 1;
    }
    assert!((10..=33).contains(&frames), "{frames} messages in half a second");
    seat.acknowledge(&frame).await;
    frame = if frame.contains(&format!("title {count};")) { frame } else { seat.next().await };
    assert_eq!(copied(&elements(&frame)), format!("text {count}"));
}
