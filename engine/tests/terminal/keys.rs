//! Keysyms to the bytes that xterm sends.

use crate::support::{chord, press, terminal, viewport};
use fanlight_core::{Parameters, Plan};
use fanlight_engine::terminal::{Terminal, TerminalOptions};

const SHIFT: u32 = 0xFFE1;
const CONTROL: u32 = 0xFFE3;
const ALT: u32 = 0xFFE9;
const ALT_GRAPH: u32 = 0xFE03;
const BACKSPACE: u32 = 0xFF08;
const TAB: u32 = 0xFF09;
const RETURN: u32 = 0xFF0D;
const ESCAPE: u32 = 0xFF1B;
const LEFT: u32 = 0xFF51;
const UP: u32 = 0xFF52;
const HOME: u32 = 0xFF50;
const DELETE: u32 = 0xFFFF;
const PAGE_UP: u32 = 0xFF55;
const F1: u32 = 0xFFBE;

fn typed(terminal: &Terminal, held: &[u32], keysym: u32) -> String {
    String::from_utf8(chord(terminal, held, keysym).to_remote).unwrap()
}

#[test]
fn characters_are_sent_as_utf8() {
    let terminal = terminal(80, 24);
    for (keysym, text) in [
        (0x41, "A"),
        (0x7E, "~"),
        (0xE4, "ä"),
        (0xFF, "ÿ"),
        (0x20AC, "€"),
        (0x0100_20AC, "€"),
        (0x0100_4E2D, "中"),
        (0x0101_F600, "😀"),
        (0xFFB7, "7"),
        (0xFFAB, "+"),
        (0xFF8D, "\r"),
    ] {
        assert_eq!(typed(&terminal, &[], keysym), text, "{keysym:#x}");
    }
    for nothing in [0x0100_D800, 0x0111_0000, 0x0100_0007, 0xFF14, 0, u32::MAX, SHIFT, 0xFFEB] {
        assert_eq!(typed(&terminal, &[], nothing), "", "{nothing:#x}");
    }
}

#[test]
fn control_and_alt_change_characters() {
    let terminal = terminal(80, 24);
    let key = |c: char| u32::from(c);
    for (held, keysym, bytes) in [
        (&[CONTROL][..], key('c'), "\x03"),
        (&[CONTROL], key('['), "\x1b"),
        (&[CONTROL], key(' '), "\0"),
        (&[CONTROL], key('_'), "\x1f"),
        (&[CONTROL], key('/'), "\x1f"),
        (&[CONTROL], key('?'), "\x7f"),
        (&[CONTROL, ALT], key('a'), "\x1b\x01"),
        (&[CONTROL], key('ä'), "ä"),
        (&[ALT], key('x'), "\x1bx"),
        (&[ALT], 0x0100_4E2D, "\x1b中"),
        (&[ALT], RETURN, "\x1b\r"),
        (&[ALT_GRAPH], key('@'), "@"),
        (&[CONTROL, ALT, ALT_GRAPH], key('{'), "{"),
        (&[SHIFT], key('A'), "A"),
        (&[SHIFT], TAB, "\x1b[Z"),
        (&[], 0xFE20, "\x1b[Z"),
        (&[], TAB, "\t"),
        (&[], ESCAPE, "\x1b"),
    ] {
        assert_eq!(typed(&terminal, held, keysym), bytes, "{held:x?} {keysym:#x}");
    }
}

#[test]
fn cursor_and_function_keys_carry_modifiers() {
    let terminal = terminal(80, 24);
    for (held, keysym, bytes) in [
        (&[][..], UP, "\x1b[A"),
        (&[], HOME, "\x1b[H"),
        (&[SHIFT], LEFT, "\x1b[1;2D"),
        (&[CONTROL], LEFT, "\x1b[1;5D"),
        (&[CONTROL, SHIFT, ALT], LEFT, "\x1b[1;8D"),
        (&[], DELETE, "\x1b[3~"),
        (&[ALT], DELETE, "\x1b[3;3~"),
        (&[], PAGE_UP, "\x1b[5~"),
        (&[CONTROL], PAGE_UP, "\x1b[5;5~"),
        (&[], F1, "\x1bOP"),
        (&[SHIFT], F1, "\x1b[1;2P"),
        (&[], F1 + 4, "\x1b[15~"),
        (&[], F1 + 5, "\x1b[17~"),
        (&[], F1 + 9, "\x1b[21~"),
        (&[], F1 + 10, "\x1b[23~"),
        (&[CONTROL], F1 + 11, "\x1b[24;5~"),
        (&[], F1 + 19, "\x1b[34~"),
        (&[], 0xFF97, "\x1b[A"),
    ] {
        assert_eq!(typed(&terminal, held, keysym), bytes, "{held:x?} {keysym:#x}");
    }
    terminal.feed(b"\x1b[?1h");
    assert_eq!(typed(&terminal, &[], UP), "\x1bOA");
    assert_eq!(typed(&terminal, &[], HOME), "\x1bOH");
    assert_eq!(typed(&terminal, &[CONTROL], UP), "\x1b[1;5A");
    terminal.feed(b"\x1b[20h");
    assert_eq!(typed(&terminal, &[], RETURN), "\r\n");
}

#[test]
fn backspace_sends_what_is_set() {
    for (setting, plain, control) in [(None, "\x7f", "\x08"), (Some("8"), "\x08", "\x7f")] {
        let parameters: Parameters = Plan::new("ssh").set_some("backspace", setting).parameters;
        let terminal =
            Terminal::new(TerminalOptions::from_parameters(&parameters), viewport(80, 24));
        assert_eq!(typed(&terminal, &[], BACKSPACE), plain);
        assert_eq!(typed(&terminal, &[CONTROL], BACKSPACE), control);
        assert_eq!(typed(&terminal, &[ALT], BACKSPACE), format!("\x1b{plain}"));
    }
}

#[test]
fn typing_returns_to_the_prompt() {
    let terminal = terminal(20, 4);
    for line in 0..30 {
        terminal.feed(format!("line {line}\r\n").as_bytes());
    }
    assert!(chord(&terminal, &[SHIFT], PAGE_UP).changed);
    assert!(!press(&terminal, SHIFT).changed);
    assert!(press(&terminal, 0x61).changed);
    assert!(!press(&terminal, 0x61).changed);
}
