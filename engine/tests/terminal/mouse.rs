//! Mouse, selection, scrollback, paste.

use crate::support::{VIEWER, Viewer, chord, mouse, picture, press, terminal};
use fanlight_core::Input;
use fanlight_engine::terminal::Terminal;

const SHIFT: u32 = 0xFFE1;
const CONTROL: u32 = 0xFFE3;
const PAGE_UP: u32 = 0xFF55;
const END: u32 = 0xFF57;
const INSERT: u32 = 0xFF63;
const LEFT: u8 = 1;
const MIDDLE: u8 = 2;
const WHEEL_UP: u8 = 8;
const WHEEL_DOWN: u8 = 16;

fn drag(terminal: &Terminal, from: (u32, u32), to: (u32, u32)) -> Option<String> {
    mouse(terminal, from.0, from.1, 0);
    terminal.input(&Input::Mouse {
        viewer: VIEWER,
        x: (from.0 * 10 + 1) as i32,
        y: (from.1 * 19) as i32,
        buttons: LEFT,
    });
    terminal.input(&Input::Mouse {
        viewer: VIEWER,
        x: (to.0 * 10 + 9) as i32,
        y: (to.1 * 19) as i32,
        buttons: LEFT,
    });
    terminal
        .input(&Input::Mouse {
            viewer: VIEWER,
            x: (to.0 * 10 + 9) as i32,
            y: (to.1 * 19) as i32,
            buttons: 0,
        })
        .clipboard
}

fn click(terminal: &Terminal, column: u32, row: u32) -> Option<String> {
    mouse(terminal, column, row, LEFT);
    mouse(terminal, column, row, 0).clipboard
}

fn wheel(terminal: &Terminal, buttons: u8) -> Vec<u8> {
    let effects = mouse(terminal, 3, 1, buttons);
    mouse(terminal, 3, 1, 0);
    effects.to_remote
}

fn remote(terminal: &Terminal, column: u32, row: u32, buttons: u8) -> String {
    String::from_utf8_lossy(&mouse(terminal, column, row, buttons).to_remote).into_owned()
}

fn numbered(lines: u32) -> std::sync::Arc<Terminal> {
    let terminal = terminal(20, 4);
    for line in 0..lines {
        terminal.feed(format!("\r\nline {line}").as_bytes());
    }
    terminal
}

#[test]
fn dragging_selects_and_copies() {
    let terminal = terminal(30, 4);
    terminal.feed("first line\r\nzweite Zeile 中文\r\nthird".as_bytes());
    assert_eq!(drag(&terminal, (6, 0), (5, 1)).unwrap(), "line\nzweite");
    assert_eq!(drag(&terminal, (13, 1), (16, 1)).unwrap(), "中文");
    assert_eq!(drag(&terminal, (6, 1), (5, 0)).unwrap(), "line\nzweite");
    assert_eq!(click(&terminal, 2, 2), None);
}

#[test]
fn two_clicks_take_a_word_and_three_a_line() {
    let terminal = terminal(30, 4);
    terminal.feed(b"see /etc/hosts now");
    click(&terminal, 6, 0);
    assert_eq!(click(&terminal, 6, 0).unwrap(), "/etc/hosts");
    assert_eq!(click(&terminal, 6, 0).unwrap(), "see /etc/hosts now\n");
}

#[test]
fn two_clicks_between_words_take_neither() {
    let terminal = terminal(30, 4);
    terminal.feed(b"alpha (beta) gamma");
    for (column, expected) in [(5, " "), (6, "("), (8, "beta")] {
        click(&terminal, column, 0);
        assert_eq!(click(&terminal, column, 0).unwrap(), expected);
        click(&terminal, 0, 3);
    }
}

#[test]
fn a_wrapped_line_is_copied_as_one() {
    let terminal = terminal(10, 4);
    terminal.feed(b"0123456789abcdef");
    assert_eq!(drag(&terminal, (0, 0), (5, 1)).unwrap(), "0123456789abcdef");
}

#[test]
fn a_selection_is_seen_and_can_be_copied_again() {
    let terminal = terminal(30, 4);
    terminal.feed(b"\x1b[?25lsome text");
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    let before = viewer.cells(0, 0, 4);
    drag(&terminal, (0, 0), (3, 0));
    assert!(viewer.look().0 > 0);
    assert_ne!(viewer.cells(0, 0, 4), before);
    assert_eq!(viewer.model.pixels(), picture(&terminal).model.pixels());
    let copied = chord(&terminal, &[CONTROL, SHIFT], u32::from('C'));
    assert_eq!((copied.clipboard.as_deref(), &copied.to_remote[..]), (Some("some"), &b""[..]));
}

#[test]
fn the_wheel_scrolls_back_and_forth() {
    let terminal = numbered(30);
    let bottom = picture(&terminal).cells(0, 0, 8);
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    assert_eq!(wheel(&terminal, WHEEL_UP), b"");
    viewer.look();
    assert_ne!(viewer.cells(0, 0, 8), bottom);
    assert_eq!(viewer.cells(0, 3, 8), bottom, "three lines up");
    wheel(&terminal, WHEEL_DOWN);
    viewer.look();
    assert_eq!(viewer.cells(0, 0, 8), bottom);
    for _ in 0..100 {
        wheel(&terminal, WHEEL_UP);
    }
    assert_eq!(drag(&terminal, (0, 1), (7, 1)).unwrap(), "line 0");
}

#[test]
fn shifted_page_keys_scroll_and_output_does_not_jump() {
    let terminal = numbered(30);
    assert!(chord(&terminal, &[SHIFT], PAGE_UP).changed);
    let shown = picture(&terminal).cells(0, 0, 8);
    terminal.feed(b"\r\nnews");
    assert_eq!(picture(&terminal).cells(0, 0, 8), shown);
    assert!(chord(&terminal, &[SHIFT], END).changed);
    assert_eq!(drag(&terminal, (0, 3), (5, 3)).unwrap(), "news");
}

#[test]
fn the_wheel_is_arrow_keys_in_full_screen_programs() {
    let terminal = terminal(20, 4);
    terminal.feed(b"\x1b[?1049h");
    assert_eq!(wheel(&terminal, WHEEL_UP), b"\x1b[A\x1b[A\x1b[A");
    terminal.feed(b"\x1b[?1h");
    assert_eq!(wheel(&terminal, WHEEL_DOWN), b"\x1bOB\x1bOB\x1bOB");
    terminal.feed(b"\x1b[?1007l");
    assert_eq!(wheel(&terminal, WHEEL_UP), b"");
}

#[test]
fn programs_that_ask_are_told_of_the_mouse() {
    let terminal = terminal(300, 4);
    terminal.feed(b"\x1b[?1000h");
    assert_eq!(remote(&terminal, 2, 1, LEFT), "\x1b[M #\"");
    assert_eq!(remote(&terminal, 3, 1, LEFT), "", "no motion was asked for");
    assert_eq!(remote(&terminal, 3, 1, 0), "\x1b[M#$\"");
    assert_eq!(remote(&terminal, 250, 1, LEFT), "", "too far for one byte");
    mouse(&terminal, 3, 1, 0);
    terminal.feed(b"\x1b[?1005h");
    assert_eq!(remote(&terminal, 250, 1, LEFT), "\x1b[M \u{11b}\"");
    mouse(&terminal, 3, 1, 0);
    terminal.feed(b"\x1b[?1002h\x1b[?1006h");
    assert_eq!(remote(&terminal, 3, 1, LEFT), "\x1b[<0;4;2M");
    assert_eq!(remote(&terminal, 4, 1, LEFT), "\x1b[<32;5;2M");
    assert_eq!(remote(&terminal, 4, 1, LEFT), "", "it did not move");
    assert_eq!(remote(&terminal, 4, 1, 0), "\x1b[<0;5;2m");
    assert_eq!(remote(&terminal, 5, 1, 0), "");
    terminal.feed(b"\x1b[?1003h");
    assert_eq!(remote(&terminal, 6, 1, 0), "\x1b[<35;7;2M");
    assert_eq!(remote(&terminal, 6, 1, WHEEL_UP), "\x1b[<64;7;2M");
    mouse(&terminal, 6, 1, 0);
    press(&terminal, 0x61);
    terminal.input(&Input::Key { keysym: CONTROL, pressed: true });
    assert_eq!(remote(&terminal, 6, 1, 4), "\x1b[<18;7;2M");
}

#[test]
fn shift_takes_the_mouse_back_from_programs() {
    let terminal = terminal(20, 4);
    terminal.feed(b"\x1b[?1003h\x1b[?1006hhello");
    terminal.input(&Input::Key { keysym: SHIFT, pressed: true });
    assert_eq!(drag(&terminal, (0, 0), (4, 0)).unwrap(), "hello");
    terminal.input(&Input::Key { keysym: SHIFT, pressed: false });
    assert_eq!(remote(&terminal, 6, 1, LEFT), "\x1b[<0;7;2M");
}

#[test]
fn pasting_types_the_clipboard() {
    let terminal = terminal(20, 4);
    assert_eq!(chord(&terminal, &[SHIFT], INSERT).to_remote, b"", "nothing to paste");
    terminal.input(&Input::Clipboard("ls\n\x1b[201~é\x03".into()));
    let plain = "ls\r[201~é".as_bytes();
    let bracketed = "\x1b[200~ls\r[201~é\x1b[201~".as_bytes();
    assert_eq!(chord(&terminal, &[SHIFT], INSERT).to_remote, plain);
    terminal.feed(b"\x1b[?2004h");
    assert_eq!(chord(&terminal, &[SHIFT, CONTROL], u32::from('V')).to_remote, bracketed);
    assert_eq!(mouse(&terminal, 1, 1, MIDDLE).to_remote, bracketed);
    mouse(&terminal, 1, 1, 0);
    assert_eq!(chord(&terminal, &[CONTROL], u32::from('v')).to_remote, b"\x16");
}

#[test]
fn a_pointer_outside_of_the_window_is_at_its_edge() {
    let terminal = terminal(20, 4);
    terminal.feed(b"\x1b[?1003h\x1b[?1006h");
    let far =
        |x, y| terminal.input(&Input::Mouse { viewer: VIEWER, x, y, buttons: LEFT }).to_remote;
    assert_eq!(far(i32::MAX, i32::MAX), b"\x1b[<0;20;4M");
    assert_eq!(far(i32::MIN, i32::MIN), b"\x1b[<32;1;1M");
}

#[test]
fn a_region_that_scrolls_does_not_push_the_view_out_of_the_scrollback() {
    let terminal = numbered(6);
    wheel(&terminal, WHEEL_UP);
    terminal.feed(b"\x1b[2;4r\x1b[4;1H\n\n\n\n\n\n\n\n\n\n\n\n");
    picture(&terminal);
    chord(&terminal, &[SHIFT], END);
    assert_eq!(drag(&terminal, (0, 0), (5, 0)).unwrap(), "line 2");
}
