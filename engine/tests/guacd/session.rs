//! Sessions in a scripted guacd: what passes, what stays, how they end.

use std::time::{Duration, Instant};

use crate::fake::{FakeGuacd, SSH, joined, next, owner, session, soon, viewer};
use bytes::Bytes;
use fanlight_core::Cause;
use fanlight_engine::link::ViewerAccess;
use tokio::time::timeout;

/// A frame with a picture, as short as can be.
const FRAME: &str = "4.size,1.0,1.9,1.9;4.sync,1.1;";

#[tokio::test]
async fn bar_67_data_right_behind_ready_is_not_lost() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "4.size,1.0,3.800,3.600;4.sy").await;
    let mut link = owner(&session).await;
    assert_eq!(next(&mut link.reader).await, "4.size,1.0,3.800,3.600;");
    primary.say("nc,1.7;").await;
    assert_eq!(next(&mut link.reader).await, "4.sync,1.7;");
    link.writer.send(Bytes::from_static(b"4.sync,1.7;")).await.unwrap();
    assert_eq!(primary.expect("sync").await, ["7"]);
}

#[tokio::test]
async fn bar_65_guacd_dies_mid_session() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, primary) = session(&guacd, "").await;
    let mut link = owner(&session).await;
    drop(primary);
    assert_eq!(soon(session.ended()).await.unwrap_err().cause, Cause::Lost);
    assert_eq!(soon(link.reader.next()).await.unwrap_err().cause, Cause::Lost);
    assert_eq!(soon(session.ended()).await.unwrap_err().cause, Cause::Lost);
    let again = session.view(crate::fake::viewer(ViewerAccess::Own)).await;
    assert_eq!(again.err().unwrap().cause, Cause::Lost);
}

#[tokio::test]
async fn bar_65_guacd_freezes_mid_session() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, _primary) = session(&guacd, "").await;
    let error = soon(session.ended()).await.unwrap_err();
    assert_eq!(error.cause, Cause::Lost);
    assert!(error.message.contains("silent"), "{error}");
}

#[tokio::test]
async fn bar_66_garbage_ends_the_session_behind_what_was_good() {
    let guacd = FakeGuacd::start().await;
    for garbage in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"4.size,3.abcd;", b"2.\xff\xfe;"] {
        let (_engine, session, mut primary) = session(&guacd, "").await;
        let mut link = owner(&session).await;
        primary.say_raw(&[b"3.nop;", garbage].concat()).await.unwrap();
        assert_eq!(next(&mut link.reader).await, "3.nop;");
        assert_eq!(soon(link.reader.next()).await.unwrap_err().cause, Cause::Lost);
        assert_eq!(soon(session.ended()).await.unwrap_err().cause, Cause::Lost);
        while primary.hear().await.is_some() {}
    }
}

#[tokio::test]
async fn bar_66_an_endless_instruction_is_garbage() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let _link = owner(&session).await;
    let element = format!("8192.{},", "x".repeat(8192));
    while primary.say_raw(element.as_bytes()).await.is_ok() {}
    assert_eq!(soon(session.ended()).await.unwrap_err().cause, Cause::Lost);
}

#[tokio::test]
async fn errors_of_guacd_are_told_in_plain_words() {
    let guacd = FakeGuacd::start().await;
    for (status, cause, word) in [
        ("3.769", Cause::LoginFailed, "password"),
        ("3.519", Cause::NotFound, "address"),
        ("3.514", Cause::TimedOut, "in time"),
        ("3.520", Cause::Unavailable, "refuses"),
    ] {
        let (_engine, session, mut primary) = session(&guacd, "").await;
        let mut link = owner(&session).await;
        primary.say(&format!("{FRAME}5.error,7.Aborted,{status};10.disconnect;")).await;
        assert_eq!(next(&mut link.reader).await, FRAME);
        assert!(soon(link.reader.next()).await.unwrap().is_none());
        let error = soon(session.ended()).await.unwrap_err();
        assert_eq!(error.cause, cause);
        assert!(error.message.contains(word) && error.message.contains("Aborted"), "{error}");
    }
}

#[tokio::test]
async fn a_goodbye_of_guacd_is_an_end_in_order() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let mut link = owner(&session).await;
    primary.say(&format!("{FRAME}10.disconnect;")).await;
    assert_eq!(next(&mut link.reader).await, FRAME);
    assert!(soon(link.reader.next()).await.unwrap().is_none());
    assert!(soon(session.ended()).await.is_ok());
}

#[tokio::test]
async fn a_goodbye_before_the_first_frame_is_a_failure_that_is_explained() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let _link = owner(&session).await;
    primary.say("4.name,3.vnc;10.disconnect;").await;
    let error = soon(session.ended()).await.unwrap_err();
    assert_eq!(error.cause, Cause::NotFound);
    assert!(error.message.contains("credentials"), "{error}");
}

#[tokio::test]
async fn bar_50_a_session_outlives_its_viewer_and_shows_the_next_one_everything() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    drop(owner(&session).await);
    primary.say("3.img,1.0;4.sync,2.41;4.sync,2.42;").await;
    assert_eq!(primary.expect("sync").await, ["41"]);
    assert_eq!(primary.expect("sync").await, ["42"]);

    let (mut link, mut second, values) =
        joined(&guacd, &session, ViewerAccess::Own, "4.size,1.0,3.800,3.600;").await;
    assert_eq!(values, ["VERSION_1_3_0", "", "", ""]);
    assert_eq!(next(&mut link.reader).await, "4.size,1.0,3.800,3.600;");
    assert_eq!(second.expect("size").await, ["1000", "700"]);
    link.writer.send(Bytes::from_static(b"3.key,2.65,1.1;")).await.unwrap();
    assert_eq!(second.expect("key").await, ["65", "1"]);

    drop(link);
    assert_eq!(second.expect("disconnect").await, [""; 0]);
    primary.say("4.sync,2.43;").await;
    assert_eq!(primary.acknowledged().await, "43");
}

#[tokio::test]
async fn bar_46_a_viewer_that_may_only_look_can_do_nothing_else() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, _primary) = session(&guacd, FRAME).await;
    let (mut looking, mut leg, values) = joined(&guacd, &session, ViewerAccess::View, "").await;
    assert_eq!(values, ["VERSION_1_3_0", "", "", "true"]);
    let all = b"3.key,2.65,1.1;10.disconnect;4.size,2.99,2.99;4.sync,1.7;";
    looking.writer.send(Bytes::from_static(all)).await.unwrap();
    assert_eq!(leg.expect("sync").await, ["7"]);

    let (mut helping, mut leg, values) = joined(&guacd, &session, ViewerAccess::Interact, "").await;
    assert_eq!(values, ["VERSION_1_3_0", "", "", ""]);
    helping.writer.send(Bytes::from_static(all)).await.unwrap();
    assert_eq!(leg.expect("key").await, ["65", "1"]);
    assert_eq!(leg.expect("sync").await, ["7"]);
}

#[tokio::test]
async fn bar_51_closing_says_goodbye_on_every_leg_within_a_second() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, FRAME).await;
    let mut link = owner(&session).await;
    assert_eq!(next(&mut link.reader).await, FRAME);
    let (mut shared, mut leg, _) = joined(&guacd, &session, ViewerAccess::View, "").await;
    let answer = async {
        primary.expect("disconnect").await;
        leg.expect("disconnect").await;
        primary.say("10.disconnect;").await;
        drop((primary, leg));
    };
    let begin = Instant::now();
    tokio::join!(session.close(), answer);
    assert!(begin.elapsed() < Duration::from_millis(700), "{:?}", begin.elapsed());
    assert_eq!(session.ended().await.unwrap_err().cause, Cause::Closed);
    assert!(soon(link.reader.next()).await.unwrap().is_none());
    assert!(soon(shared.reader.next()).await.unwrap().is_none());
    assert!(link.writer.send(Bytes::from_static(b"3.key,2.65,1.1;")).await.is_err());
    session.close().await;
}

#[tokio::test]
async fn bar_51_closing_does_not_wait_for_a_guacd_that_does_not_answer() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, _primary) = session(&guacd, "").await;
    let begin = Instant::now();
    session.close().await;
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(session.ended().await.unwrap_err().cause, Cause::Closed);
}

#[tokio::test]
async fn a_session_that_nobody_holds_is_closed() {
    let guacd = FakeGuacd::start().await;
    let (engine, session, mut primary) = session(&guacd, "").await;
    drop((session, engine));
    assert_eq!(primary.expect("disconnect").await, [""; 0]);
    assert_eq!(primary.hear().await, None);
}

/// guacd drops a viewer that it has not heard of for 15 s.
#[tokio::test]
async fn guacd_hears_of_a_viewer_that_does_nothing() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let _link = owner(&session).await;
    primary.expect("nop").await;
    primary.expect("nop").await;
}

/// A viewer that takes nothing holds up guacd, and not the gateway's memory.
#[tokio::test]
async fn bar_47_a_viewer_that_does_not_read_is_its_own_brake() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let mut link = owner(&session).await;
    let blob = format!("4.blob,1.1,6000.{};", "x".repeat(6000));
    let mut sent = 0;
    let flood = async {
        while primary.say_raw(blob.as_bytes()).await.is_ok() {
            sent += blob.len();
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(700), flood).await;
    assert!(sent < 16 << 20, "{sent} bytes went somewhere");
    link.writer.send(Bytes::from_static(b"3.key,2.65,1.1;")).await.unwrap();
    assert_eq!(soon(link.reader.next()).await.unwrap().unwrap().len() % blob.len(), 0);
}

#[tokio::test]
async fn a_certificate_that_guacd_does_not_trust_is_told_as_such() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let words = "SSL/TLS connection failed (untrusted/self-signed certificate?)";
    primary.say(&format!("{FRAME}5.error,{}.{words},3.519;", words.len())).await;
    let error = soon(session.ended()).await.unwrap_err();
    assert_eq!(error.cause, Cause::Untrusted);
    assert!(error.message.contains("fingerprint") && error.message.contains(words), "{error}");
}

/// guacd 1.3.0 crashes on one who joins a VNC session that is still connecting.
#[tokio::test]
async fn a_guest_waits_for_the_first_frame() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "8.required,8.password;").await;
    let _owner = owner(&session).await;
    let early = session.view(viewer(ViewerAccess::View));
    assert!(timeout(Duration::from_millis(500), early).await.is_err());
    primary.say(FRAME).await;
    joined(&guacd, &session, ViewerAccess::View, FRAME).await;
}

/// guacd 1.3.0 may begin to draw before it counts the owner among the viewers.
#[tokio::test]
async fn bar_67_an_owner_whom_guacd_did_not_tell_the_size_is_sent_everything_again() {
    let guacd = FakeGuacd::start().await;
    let picture = "3.img,1.3,2.14,1.0,9.image/png,1.0,1.0;4.blob,1.3,4.AAAA;3.end,1.3;4.sync,1.1;";
    let (_engine, session, mut primary) = session(&guacd, picture).await;
    let mut link = owner(&session).await;
    let serve = async {
        let mut second = guacd.accept().await;
        second.start(&SSH, "4.size,1.0,3.800,3.600;4.sync,1.2;").await;
        second
    };
    let (shown, mut second) = tokio::join!(next(&mut link.reader), serve);
    assert_eq!(shown, "4.size,1.0,3.800,3.600;4.sync,1.2;");
    assert_eq!(second.expect("size").await, ["1000", "700"]);
    link.writer.send(Bytes::from_static(b"3.key,2.65,1.1;")).await.unwrap();
    assert_eq!(second.expect("key").await, ["65", "1"]);
    primary.say("4.sync,1.3;").await;
    assert_eq!(primary.acknowledged().await, "3");
    // Once only: the second beginning counts.
    second.say(picture).await;
    assert_eq!(next(&mut link.reader).await, picture);
}

/// guacd asks its first viewer alone, and hears an answer from no other.
#[tokio::test]
async fn bar_50_an_owner_who_reloads_is_asked_for_credentials_again() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, "").await;
    let mut link = owner(&session).await;
    primary.say("3.nop;8.required,8.username,8.password;").await;
    assert!(next(&mut link.reader).await.contains("required"));
    link.writer.send(Bytes::from_static(b"5.mouse,1.1,1.1,1.0;4.size,2.90,2.80;")).await.unwrap();
    drop(link);
    let mut link = owner(&session).await;
    assert_eq!(next(&mut link.reader).await, "8.required,8.username,8.password;");
    let answer = b"4.argv,1.0,10.text/plain,8.password;4.blob,1.0,4.c2Vj;3.end,1.0;";
    link.writer.send(Bytes::from_static(answer)).await.unwrap();
    loop {
        let (opcode, _) = primary.hear().await.expect("hung up");
        assert!(["nop", "argv"].contains(&opcode.as_str()), "{opcode}");
        if opcode == "argv" {
            break;
        }
    }
    assert_eq!(primary.expect("blob").await, ["0", "c2Vj"]);
    assert_eq!(primary.expect("end").await, ["0"]);
    primary.say("4.size,1.0,3.800,3.600;4.sync,1.1;").await;
    assert_eq!(next(&mut link.reader).await, "4.size,1.0,3.800,3.600;4.sync,1.1;");
    link.writer.send(Bytes::from_static(b"4.sync,1.1;")).await.unwrap();
    assert_eq!(primary.expect("size").await, ["90", "80"]);

    // Answered: from now on an owner joins, and is sent the picture.
    drop(link);
    let (mut link, ..) = joined(&guacd, &session, ViewerAccess::Own, "4.sync,1.2;").await;
    assert_eq!(next(&mut link.reader).await, "4.sync,1.2;");
}

/// The session must not hang on a viewer that is stuck, and its next one sees everything.
#[tokio::test]
async fn bar_47_a_viewer_that_takes_nothing_counts_as_gone() {
    let guacd = FakeGuacd::start().await;
    let (_engine, session, mut primary) = session(&guacd, FRAME).await;
    let mut stuck = owner(&session).await;
    // One batch waits, one is held out in vain; two reads, so that they are two batches.
    assert_eq!(primary.expect("nop").await, [""; 0]);
    primary.say("4.sync,1.2;").await;
    assert_eq!(soon(primary.acknowledged()).await, "2");
    assert_eq!(next(&mut stuck.reader).await, FRAME);
    assert!(soon(stuck.reader.next()).await.unwrap().is_none());
    primary.say("5.error,4.Gone,3.519;").await;
    assert_eq!(soon(session.ended()).await.unwrap_err().cause, Cause::NotFound);
}
