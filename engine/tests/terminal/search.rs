//! Searching the scrollback.

use serde_json::json;

use crate::support::{VIEWER, Viewer, picture, terminal, viewport};
use fanlight_core::Input;
use fanlight_engine::terminal::Terminal;

/// Asks, and returns what is told: how many there are, and which one is current.
fn seek(terminal: &Terminal, viewer: &mut Viewer, query: serde_json::Value) -> (u64, u64) {
    let input = Input::Argument { viewer: VIEWER, name: "search".into(), value: query.to_string() };
    terminal.input(&input);
    told(viewer)
}

fn told(viewer: &mut Viewer) -> (u64, u64) {
    let arguments = viewer.look().1.arguments;
    let answer = &arguments.iter().find(|(name, _)| name == "search").unwrap().1;
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    (answer["count"].as_u64().unwrap(), answer["current"].as_u64().unwrap())
}

fn offset(terminal: &Terminal) -> u64 {
    let arguments = Viewer::of(terminal).look().1.arguments;
    let value = &arguments.iter().find(|(name, _)| name == "scrollback").unwrap().1;
    serde_json::from_str::<serde_json::Value>(value).unwrap()["offset"].as_u64().unwrap()
}

fn fruit(terminal: &Terminal) {
    for n in 0..100 {
        let name = if n % 10 == 0 { "Apple" } else { "pear" };
        terminal.feed(format!("{n} {name}\r\n").as_bytes());
    }
}

#[test]
fn matches_are_counted_and_gone_through_both_ways() {
    let terminal = terminal(40, 6);
    fruit(&terminal);
    terminal.rest();
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "apple"})), (10, 10));
    assert!(offset(&terminal) > 0, "the last one is above the screen");
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "apple", "go": "previous"})), (10, 9));
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "apple", "go": "next"})), (10, 10));
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "apple", "go": "next"})), (10, 1));
    assert_eq!(offset(&terminal), 95, "the first one is at the top");
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "apple", "go": "previous"})), (10, 10));
    let picky = json!({"text": "apple", "case": true});
    assert_eq!(seek(&terminal, &mut viewer, picky), (0, 0));
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "^[15]0 ", "regex": true})).0, 2);
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "^[15]0 "})), (0, 0));
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": ""})), (0, 0));
}

#[test]
fn matches_stand_out_and_new_ones_are_found() {
    let terminal = terminal(40, 6);
    terminal.feed(b"one two one");
    let plain = picture(&terminal).cells(0, 0, 3);
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "one"})), (2, 2));
    assert_ne!(viewer.cells(0, 0, 3), plain);
    assert_ne!(viewer.cells(0, 0, 3), viewer.cells(8, 0, 3), "the current one differs");
    assert!(viewer.model.pixels() == picture(&terminal).model.pixels());
    terminal.feed(b" and one more");
    assert_eq!(told(&mut viewer), (3, 2));
    terminal.feed(b"\x1b[2K");
    assert_eq!(told(&mut viewer), (0, 0));
    terminal.feed(b"\rone");
    assert_eq!(told(&mut viewer), (1, 0));
}

#[test]
fn a_match_over_the_end_of_a_row_is_one() {
    let terminal = terminal(10, 3);
    terminal.feed("0123456needle中文 x\r\n".repeat(9).as_bytes());
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "needle中文"})), (9, 9));
    let before = picture(&terminal).model.pixels().to_vec();
    seek(&terminal, &mut viewer, json!({"text": ""}));
    assert!(before != picture(&terminal).model.pixels());
    terminal.input(&Input::Resize(viewport(33, 5)));
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "needle中文"})), (9, 9));
}

#[test]
fn a_bad_query_is_answered_and_harms_nothing() {
    let terminal = terminal(40, 6);
    terminal.feed(b"aaaa");
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    for pattern in ["(", "a{999999999}", "(a{1000}){1000}"] {
        assert_eq!(seek(&terminal, &mut viewer, json!({"text": pattern, "regex": true})), (0, 0));
        let value = Viewer::of(&terminal).look().1.arguments;
        assert!(value.iter().any(|(name, value)| name == "search" && value.contains("error")));
    }
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": "x*", "regex": true})), (0, 0));
    assert_eq!(seek(&terminal, &mut viewer, json!("nonsense")), (0, 0));
    assert_eq!(seek(&terminal, &mut viewer, json!({"text": 5})), (0, 0));
}
