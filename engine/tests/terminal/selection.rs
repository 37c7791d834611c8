//! Marking text with the mouse, over the scrollback too.

use std::time::Duration;

use crate::support::{CELL, VIEWER, Viewer, mouse, terminal};
use fanlight_core::Input;
use fanlight_engine::terminal::Terminal;

const SHIFT: u32 = 0xFFE1;
const CONTROL: u32 = 0xFFE3;
const LEFT: u8 = 1;

/// The mouse at the left or right edge of a cell.
fn at(terminal: &Terminal, place: (u32, u32), right: bool, buttons: u8) -> Option<String> {
    let x = (place.0 * CELL.0 + if right { CELL.0 - 1 } else { 1 }) as i32;
    let y = (place.1 * CELL.1 + CELL.1 / 2) as i32;
    terminal.input(&Input::Mouse { viewer: VIEWER, x, y, buttons }).clipboard
}

fn drag(terminal: &Terminal, from: (u32, u32), to: (u32, u32)) -> Option<String> {
    at(terminal, from, false, 0);
    at(terminal, from, false, LEFT);
    at(terminal, to, true, LEFT);
    at(terminal, to, true, 0)
}

fn with(terminal: &Terminal, keysym: u32, act: impl FnOnce() -> Option<String>) -> Option<String> {
    terminal.input(&Input::Key { keysym, pressed: true });
    let result = act();
    terminal.input(&Input::Key { keysym, pressed: false });
    result
}

#[test]
fn a_block_takes_the_same_columns_of_each_row() {
    let terminal = terminal(30, 6);
    terminal.feed("one   111\r\ntwo\r\nthree 中33".as_bytes());
    let block = with(&terminal, CONTROL, || drag(&terminal, (2, 0), (6, 2)));
    assert_eq!(block.unwrap(), "e   1\no\nree 中");
}

#[test]
fn shift_and_a_click_extend_what_is_marked() {
    let terminal = terminal(30, 6);
    terminal.feed(b"some words in a row");
    assert_eq!(drag(&terminal, (5, 0), (9, 0)).unwrap(), "words");
    let extended = with(&terminal, SHIFT, || {
        at(&terminal, (14, 0), true, LEFT);
        at(&terminal, (14, 0), true, 0)
    });
    assert_eq!(extended.unwrap(), "words in a");
}

#[test]
fn output_that_scrolls_takes_the_selection_along_and_a_change_ends_it() {
    let terminal = terminal(30, 4);
    terminal.feed(b"keep this\r\nand this");
    drag(&terminal, (5, 0), (7, 1)).unwrap();
    let copy = || {
        with(&terminal, CONTROL, || {
            with(&terminal, SHIFT, || {
                let key = Input::Key { keysym: u32::from('C'), pressed: true };
                terminal.input(&key).clipboard
            })
        })
    };
    terminal.feed(&b"\r\nmore".repeat(50));
    assert_eq!(copy().unwrap(), "this\nand this", "now in the scrollback");
    terminal.feed(b"\x1b[2J\x1b[H");
    terminal.feed(b"new text");
    drag(&terminal, (0, 0), (2, 0)).unwrap();
    terminal.feed(b"\x1b[3;1Helsewhere");
    assert_eq!(copy().unwrap(), "new");
    terminal.feed(b"\x1b[1;1HNEW");
    assert_eq!(copy(), None, "what was marked is not there any more");
}

#[test]
fn a_drag_beyond_the_edge_scrolls_on_by_itself() {
    let terminal = terminal(30, 4);
    (0..40).for_each(|n| drop(terminal.feed(format!("line {n}\r\n").as_bytes())));
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    at(&terminal, (5, 2), true, LEFT);
    let above = |buttons| {
        let input = Input::Mouse { viewer: VIEWER, x: 1, y: -5, buttons };
        terminal.input(&input).clipboard
    };
    above(LEFT);
    for _ in 0..5 {
        let wait = viewer.again_in().unwrap();
        assert!(wait <= Duration::from_millis(50));
        std::thread::sleep(Duration::from_millis(51));
        viewer.look();
    }
    let text = above(0).unwrap();
    assert!(text.starts_with("line 3") && text.ends_with("line 3"), "{text}");
    assert!(text.lines().count() >= 8, "{text}");
    mouse(&terminal, 1, 1, 0);
    assert_eq!(viewer.again_in(), None);
}

#[test]
fn a_word_and_a_line_are_whole_over_the_ends_of_rows() {
    let terminal = terminal(10, 4);
    terminal.feed(b"ab longword-that-wraps cd\r\nnext\r\n1\r\n2\r\n3");
    terminal.input(&Input::Argument {
        viewer: VIEWER,
        name: "scrollback".into(),
        value: "100".into(),
    });
    let click = || {
        at(&terminal, (2, 1), false, LEFT);
        at(&terminal, (2, 1), false, 0)
    };
    click();
    assert_eq!(click().unwrap(), "longword-that-wraps");
    assert_eq!(click().unwrap(), "ab longword-that-wraps cd\n");
}
