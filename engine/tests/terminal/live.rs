//! What pages follow and change while a terminal runs.

use std::collections::BTreeMap;

use crate::support::{VIEWER, Viewer, picture, press, terminal};
use fanlight_core::Input;
use fanlight_engine::terminal::{Effects, Terminal};

fn ask(terminal: &Terminal, name: &str, value: &str) -> Effects {
    terminal.input(&Input::Argument { viewer: VIEWER, name: name.into(), value: value.into() })
}

/// What the viewer is told with the next frame.
fn told(viewer: &mut Viewer) -> BTreeMap<String, String> {
    viewer.look().1.arguments.into_iter().collect()
}

fn fill(terminal: &Terminal, lines: usize) {
    terminal.feed("line\r\n".repeat(lines).as_bytes());
}

#[test]
fn one_who_comes_is_told_everything_and_then_only_news() {
    let terminal = terminal(40, 6);
    let mut viewer = Viewer::of(&terminal);
    let first = told(&mut viewer);
    assert_eq!(first["font-size"], "12");
    assert_eq!(first["color-scheme"], "gray-black");
    assert_eq!(first["scrollback"], r#"{"offset":0,"history":0,"rows":6}"#);
    terminal.feed(b"x");
    assert!(told(&mut viewer).is_empty());
    fill(&terminal, 10);
    let news = told(&mut viewer);
    assert_eq!(
        news.into_iter().collect::<Vec<_>>(),
        [("scrollback".to_owned(), r#"{"offset":0,"history":5,"rows":6}"#.to_owned())]
    );
}

#[test]
fn pages_hear_whether_the_remote_program_marks_what_is_pasted() {
    let terminal = terminal(40, 6);
    let mut viewer = Viewer::of(&terminal);
    assert_eq!(told(&mut viewer)["bracketed-paste"], "false");
    terminal.feed(b"\x1b[?2004h");
    assert_eq!(told(&mut viewer)["bracketed-paste"], "true");
    terminal.feed(b"\x1b[?2004l");
    assert_eq!(told(&mut viewer)["bracketed-paste"], "false");
}

#[test]
fn a_new_font_size_lays_the_screen_out_anew_and_everyone_hears_of_it() {
    let terminal = terminal(40, 6);
    terminal.feed(b"hello");
    let (mut one, mut other) = (Viewer::of(&terminal), Viewer::of(&terminal));
    one.look();
    other.look();
    let before = terminal.size();
    let effects = ask(&terminal, "font-size", "24");
    assert_eq!(effects.resized, Some(terminal.size()));
    assert!(terminal.size().columns < before.columns && terminal.size().rows < before.rows);
    assert_eq!(told(&mut one)["font-size"], "24");
    assert_eq!(told(&mut other)["font-size"], "24");
    assert!(one.model.pixels() == picture(&terminal).model.pixels());
    ask(&terminal, "font-size", "12");
    assert_eq!(terminal.size(), before);
}

#[test]
fn a_wish_that_cannot_be_read_is_answered_with_what_holds() {
    let terminal = terminal(40, 6);
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    for (wish, holds) in [("x", "12"), ("NaN", "12"), ("1e9", "96"), ("-1", "4")] {
        assert!(ask(&terminal, "font-size", wish).changed);
        assert_eq!(told(&mut viewer)["font-size"], holds, "{wish}");
    }
    let long = "color1:red;".repeat(1000);
    assert!(!ask(&terminal, "color-scheme", &long).changed);
    assert!(ask(&terminal, "no-such-name", "1").to_remote.is_empty());
}

#[test]
fn a_new_colour_scheme_shows_at_once() {
    let terminal = terminal(40, 6);
    terminal.feed(b"hello");
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    let black = viewer.pixel(399, 100);
    assert_eq!(ask(&terminal, "color-scheme", "black-white").resized, None);
    assert_eq!(told(&mut viewer)["color-scheme"], "black-white");
    assert_eq!((black, viewer.pixel(399, 100)), ([0; 3], [255; 3]));
    assert!(viewer.model.pixels() == picture(&terminal).model.pixels());
}

#[test]
fn a_scrollbar_moves_the_view() {
    let terminal = terminal(40, 6);
    fill(&terminal, 100);
    terminal.rest();
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    for (wish, offset) in [("30", 30), ("5000", 95), ("x", 95), ("-1", 95), ("0", 0)] {
        ask(&terminal, "scrollback", wish);
        let expected = format!(r#"{{"offset":{offset},"history":95,"rows":6}}"#);
        assert_eq!(told(&mut viewer)["scrollback"], expected, "{wish}");
    }
    ask(&terminal, "scrollback", "30");
    press(&terminal, 0x61);
    assert!(told(&mut viewer)["scrollback"].starts_with(r#"{"offset":0,"#));
    terminal.feed(b"\x1b[?1049h");
    assert!(told(&mut viewer)["scrollback"].contains(r#""history":0"#));
}
