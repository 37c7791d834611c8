use fanlight_core::{Input, Plan, ViewerId, Viewport};
use fanlight_engine::link::ViewerAccess;

use crate::stand::{elements, stand};

#[tokio::test]
async fn what_an_owner_does_arrives_in_order() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.send("key", &["97", "1"]).await;
    seat.send("key", &["97", "0"]).await;
    seat.send("mouse", &["10", "-3", "5"]).await;
    seat.send("size", &["800", "600"]).await;
    seat.send("size", &["1", "999999", "192"]).await;
    seat.send("nop", &[]).await;
    seat.paste("zwölf".as_bytes()).await;
    let expected = vec![
        Input::Key { keysym: 97, pressed: true },
        Input::Key { keysym: 97, pressed: false },
        Input::Mouse { viewer: ViewerId(0), x: 10, y: -3, buttons: 5 },
        Input::Resize(Viewport { width: 800, height: 600, dpi: 96 }),
        Input::Resize(Viewport { width: 64, height: 8192, dpi: 192 }),
        Input::Clipboard("zwölf".into()),
    ];
    assert_eq!(stand.inputs().await, expected);
}

#[tokio::test]
async fn bar_46_what_a_view_only_viewer_does_is_dropped() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::View).await;
    seat.next().await;
    seat.send("key", &["97", "1"]).await;
    seat.send("mouse", &["10", "10", "1"]).await;
    seat.send("size", &["800", "600"]).await;
    seat.paste(b"pasted").await;
    seat.send("argv", &["1", "text/plain", "password"]).await;
    seat.send("blob", &["1", "AAAA"]).await;
    seat.send("end", &["1"]).await;
    drop(seat);
    assert_eq!(stand.inputs().await, vec![]);
}

#[tokio::test]
async fn who_only_looks_may_have_the_text_of_the_screen_read_out() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::View).await;
    seat.send("argv", &["3", "text/plain", "screen-text"]).await;
    seat.send("blob", &["3", "b24="]).await;
    seat.send("end", &["3"]).await;
    let inputs = stand.inputs().await;
    let [Input::Argument { name, value, .. }] = &inputs[..] else { panic!("{inputs:?}") };
    assert_eq!((name.as_str(), value.as_str()), ("screen-text", "on"));
}

#[tokio::test]
async fn read_only_drops_the_owners_input_too_but_not_the_size() {
    let mut stand = stand(Plan::new("test").set_flag("read-only", true)).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.send("key", &["97", "1"]).await;
    seat.paste(b"pasted").await;
    seat.send("size", &["800", "600"]).await;
    let size = Viewport { width: 800, height: 600, dpi: 96 };
    assert_eq!(stand.inputs().await, vec![Input::Resize(size)]);
}

#[tokio::test]
async fn only_the_owner_sizes_the_session() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Interact).await;
    seat.send("size", &["800", "600"]).await;
    seat.send("key", &["98", "1"]).await;
    assert_eq!(stand.inputs().await, vec![Input::Key { keysym: 98, pressed: true }]);
}

#[tokio::test]
async fn disable_paste_refuses_the_stream_and_says_so() {
    let mut stand = stand(Plan::new("test").set_flag("disable-paste", true)).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.next().await;
    seat.paste(b"pasted").await;
    let answers = elements(&seat.next().await);
    assert_eq!(answers[0], ["ack", "7", "Not allowed", "771"]);
    assert_eq!(stand.inputs().await, vec![]);
}

#[tokio::test]
async fn a_paste_is_acknowledged_blob_by_blob_and_bounded() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.next().await;
    seat.paste(&vec![b'x'; 20_000]).await;
    let answers = elements(&seat.next().await);
    assert_eq!(answers.len(), 5, "one for the stream, one for each of its four blobs");
    assert!(answers.iter().all(|words| words[3] == "0"), "{answers:?}");
    assert_eq!(stand.inputs().await, vec![Input::Clipboard("x".repeat(20_000))]);
    seat.paste(&vec![b'x'; 300_000]).await;
    let answers = elements(&seat.next().await);
    assert!(answers.iter().any(|words| words[3] == "781"), "{answers:?}");
    assert_eq!(stand.inputs().await, vec![]);
}

#[tokio::test]
async fn an_argument_comes_with_its_name_and_a_file_is_refused() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    seat.next().await;
    seat.send("argv", &["3", "text/plain", "font-size"]).await;
    seat.send("blob", &["3", "MTQ="]).await;
    seat.send("end", &["3"]).await;
    seat.send("file", &["4", "text/plain", "a.txt"]).await;
    let argument =
        Input::Argument { viewer: ViewerId(0), name: "font-size".into(), value: "14".into() };
    assert_eq!(stand.inputs().await, vec![argument]);
    let answers = elements(&seat.next().await);
    assert_eq!(answers.last().unwrap()[..], ["ack", "4", "This session has no files.", "256"]);
}

#[tokio::test]
async fn bar_45_nonsense_in_well_formed_instructions_is_ignored() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    for (opcode, arguments) in [
        ("key", vec!["x", "1"]),
        ("key", vec![]),
        ("key", vec!["-1", "1"]),
        ("mouse", vec!["1", "2", "300"]),
        ("size", vec!["99999999999", "1"]),
        ("blob", vec!["9", "AAAA"]),
        ("end", vec!["x"]),
        ("sync", vec!["never"]),
        ("ünknown", vec!["x"]),
    ] {
        seat.send(opcode, &arguments).await;
    }
    assert_eq!(stand.inputs().await, vec![]);
}

#[tokio::test]
async fn keys_held_by_a_viewer_that_goes_are_released() {
    let mut stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Interact).await;
    seat.send("key", &["65507", "1"]).await;
    seat.send("key", &["97", "1"]).await;
    seat.send("key", &["97", "0"]).await;
    drop(seat);
    let inputs = stand.inputs().await;
    assert_eq!(inputs.last(), Some(&Input::Key { keysym: 65507, pressed: false }));
    assert_eq!(inputs.len(), 4);
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_hold_up_acknowledgements() {
    let stand = stand(Plan::new("test")).await;
    let mut seat = stand.viewer(ViewerAccess::Own).await;
    let started = std::time::Instant::now();
    for _ in 0..2000 {
        seat.send("key", &["97", "1"]).await;
        seat.send("mouse", &["1", "1", "0"]).await;
    }
    assert!(started.elapsed().as_secs() < 4, "{:?}", started.elapsed());
    drop(stand);
}
