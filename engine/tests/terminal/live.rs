//! What pages follow and change while a terminal runs.

use std::collections::BTreeMap;

use crate::support::{VIEWER, Viewer, mouse, picture, press, terminal, viewport};
use fanlight_core::{Input, Parameters, Plan, ViewerId};
use fanlight_engine::terminal::{Effects, Terminal, TerminalOptions};

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

const CONTROL: u32 = 0xFFE3;

/// Clicks with Control held down; what the one who clicked is told to open.
fn click(terminal: &Terminal, viewer: &mut Viewer, column: u32, row: u32) -> Option<String> {
    terminal.input(&Input::Key { keysym: CONTROL, pressed: true });
    mouse(terminal, column, row, 1);
    let effects = mouse(terminal, column, row, 0);
    terminal.input(&Input::Key { keysym: CONTROL, pressed: false });
    assert_eq!(effects.clipboard, None);
    told(viewer).remove("open-link")
}

#[test]
fn a_link_is_opened_by_the_one_who_clicks_it_with_control() {
    let terminal = terminal(60, 6);
    terminal.feed(b"\x1b]8;;https://example.com/a;b\x1b\\here\x1b]8;;\x1b\\ not here\r\n");
    terminal.feed(b"see (http://example.org/x_(y)), or ftp://f.example.\r\n");
    terminal.feed(b"\x1b]8;;javascript:alert(1)\x07bad\x1b]8;;\x07 file:///etc/passwd\r\n");
    terminal.feed(format!("{}https://long.example/{}", " ".repeat(50), "z".repeat(30)).as_bytes());
    let mut mine = Viewer::of(&terminal);
    let mut other = Viewer::numbered(&terminal, ViewerId(9));
    assert_eq!(told(&mut mine)["open-link"], "");
    assert_eq!(told(&mut other)["open-link"], "");
    let mut clicked = |column, row| click(&terminal, &mut mine, column, row).unwrap_or_default();
    assert_eq!(clicked(1, 0), "https://example.com/a;b");
    assert_eq!(clicked(1, 0), "https://example.com/a;b", "again");
    assert_eq!(clicked(6, 0), "");
    assert_eq!(clicked(10, 1), "http://example.org/x_(y)");
    assert_eq!(clicked(29, 1), "");
    assert_eq!(clicked(40, 1), "ftp://f.example");
    assert_eq!(clicked(1, 2), "");
    assert_eq!(clicked(8, 2), "");
    let long = format!("https://long.example/{}", "z".repeat(30));
    assert_eq!(clicked(55, 3), long);
    assert_eq!(clicked(3, 4), long);
    assert!(!told(&mut other).contains_key("open-link"));
}

#[test]
fn a_link_under_the_mouse_is_underlined_wherever_it_shows() {
    let terminal = terminal(60, 6);
    terminal.feed(
        b"\x1b[?25l\x1b]8;id=1;https://a.b\x07one\x1b]8;;\x07 x \x1b]8;id=1;https://a.b\x07two",
    );
    let plain = picture(&terminal);
    mouse(&terminal, 1, 0, 0);
    let pointed = picture(&terminal);
    assert_ne!(plain.cells(0, 0, 3), pointed.cells(0, 0, 3));
    assert_ne!(plain.cells(6, 0, 3), pointed.cells(6, 0, 3));
    assert_eq!(plain.cells(3, 0, 3), pointed.cells(3, 0, 3));
    mouse(&terminal, 20, 3, 0);
    assert!(plain.model.pixels() == picture(&terminal).model.pixels());
}

#[test]
fn a_screen_reader_is_told_the_text_and_then_what_changes() {
    let terminal = terminal(20, 3);
    terminal.feed("hello  \r\n中文 wörld".as_bytes());
    let (mut mine, mut other) = (Viewer::of(&terminal), Viewer::numbered(&terminal, ViewerId(9)));
    assert_eq!(told(&mut mine)["screen-text"], "off");
    other.look();
    ask(&terminal, "screen-text", "on");
    assert_eq!(told(&mut mine)["screen-text"], r#"{"rows":["hello","中文 wörld",""]}"#);
    terminal.feed(b"\r\nthird");
    assert_eq!(told(&mut mine).get("screen-text"), None, "not at once");
    let wait = mine.again_in().unwrap();
    assert!(wait <= std::time::Duration::from_millis(250));
    std::thread::sleep(wait);
    assert_eq!(told(&mut mine)["screen-text"], r#"{"changed":[[2,"third"]]}"#);
    assert_eq!(told(&mut other).get("screen-text"), None);
    ask(&terminal, "screen-text", "off");
    assert_eq!(told(&mut mine)["screen-text"], "off");
}

#[test]
fn where_copying_is_forbidden_no_text_is_told() {
    let plan = Plan::new("ssh").set("disable-copy", "true");
    let parameters: Parameters = plan.parameters;
    let options = TerminalOptions::from_parameters(&parameters);
    let terminal = Terminal::new(options, viewport(20, 3));
    terminal.feed(b"secret");
    let mut viewer = Viewer::of(&terminal);
    assert_eq!(told(&mut viewer).get("screen-text"), None);
    ask(&terminal, "screen-text", "on");
    assert_eq!(told(&mut viewer).get("screen-text"), None);
}

#[test]
fn a_program_that_follows_the_focus_hears_of_it() {
    let terminal = terminal(20, 3);
    let mut viewer = Viewer::of(&terminal);
    assert_eq!(told(&mut viewer)["focus"], "off");
    assert_eq!(ask(&terminal, "focus", "out").to_remote, b"");
    terminal.feed(b"\x1b[?1004h");
    assert_eq!(told(&mut viewer)["focus"], "on");
    assert_eq!(ask(&terminal, "focus", "in").to_remote, b"\x1b[I");
    assert_eq!(ask(&terminal, "focus", "out").to_remote, b"\x1b[O");
    assert_eq!(ask(&terminal, "focus", "sideways").to_remote, b"");
}
