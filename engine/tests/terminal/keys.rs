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
fn alphabets_from_before_unicode_are_known() {
    let terminal = terminal(80, 24);
    for (keysym, text) in [
        (0x01A1, "Ą"),
        (0x01B3, "ł"),
        (0x01EC, "ě"),
        (0x02A1, "Ħ"),
        (0x03BF, "ŋ"),
        (0x04B1, "ア"),
        (0x05C7, "\u{627}"),
        (0x06C1, "а"),
        (0x06FF, "Ъ"),
        (0x06AD, "ґ"),
        (0x07C1, "Α"),
        (0x07F9, "ω"),
        (0x0AA9, "—"),
        (0x0CE0, "\u{5D0}"),
        (0x0DA1, "\u{E01}"),
        (0x13BC, "Œ"),
        (0x20AC, "€"),
    ] {
        assert_eq!(typed(&terminal, &[], keysym), text, "{keysym:#x}");
    }
    for nothing in [0x0100, 0x01A0, 0x1FFF, 0xFE51] {
        assert_eq!(typed(&terminal, &[], nothing), "", "{nothing:#x}");
    }
}

/// Every modified form of a key, in the order of xterm's parameter ("PC-Style Function
/// Keys"): none, Shift, Alt, Alt Shift, Control and so on.
#[test]
fn every_combination_of_modifiers_is_told_as_xterm_does() {
    let terminal = terminal(80, 24);
    // A full-screen program: there, Shift with page keys is the program's too.
    terminal.feed(b"\x1b[?1049h");
    let keys: [(u32, &str, &str); 14] = [
        (UP, "\x1b[A", "\x1b[1;?A"),
        (0xFF54, "\x1b[B", "\x1b[1;?B"),
        (0xFF53, "\x1b[C", "\x1b[1;?C"),
        (LEFT, "\x1b[D", "\x1b[1;?D"),
        (HOME, "\x1b[H", "\x1b[1;?H"),
        (0xFF57, "\x1b[F", "\x1b[1;?F"),
        (DELETE, "\x1b[3~", "\x1b[3;?~"),
        (PAGE_UP, "\x1b[5~", "\x1b[5;?~"),
        (0xFF56, "\x1b[6~", "\x1b[6;?~"),
        (F1, "\x1bOP", "\x1b[1;?P"),
        (F1 + 3, "\x1bOS", "\x1b[1;?S"),
        (F1 + 4, "\x1b[15~", "\x1b[15;?~"),
        (F1 + 11, "\x1b[24~", "\x1b[24;?~"),
        (0xFF67, "\x1b[29~", "\x1b[29;?~"),
    ];
    for (keysym, plain, modified) in keys {
        for parameter in 1..=8_u32 {
            let held: Vec<u32> = [(SHIFT, 1), (ALT, 2), (CONTROL, 4)]
                .into_iter()
                .filter(|(_, bit)| (parameter - 1) & bit != 0)
                .map(|(key, _)| key)
                .collect();
            let expected = match parameter {
                1 => plain.to_owned(),
                _ => modified.replace('?', &parameter.to_string()),
            };
            assert_eq!(typed(&terminal, &held, keysym), expected, "{keysym:#x} {parameter}");
        }
    }
}

#[test]
fn control_reaches_every_byte_that_it_does_on_a_keyboard() {
    let terminal = terminal(80, 24);
    let bytes = |c: char| typed(&terminal, &[CONTROL], u32::from(c)).into_bytes();
    for (c, byte) in ('a'..='z').zip(1_u8..) {
        assert_eq!(bytes(c), [byte]);
        // With Shift some letters are the terminal's own.
        if !"cv".contains(c) {
            assert_eq!(typed(&terminal, &[CONTROL, SHIFT], u32::from(c) - 32).as_bytes(), [byte]);
        }
    }
    for (c, byte) in "@[\\]^_`{|}~2345678/? "
        .chars()
        .zip([0, 27, 28, 29, 30, 31, 0, 27, 28, 29, 30, 0, 27, 28, 29, 30, 31, 127, 31, 127, 0])
    {
        assert_eq!(bytes(c), [byte], "{c}");
    }
    for c in "1 90-=;',.!%&".chars().filter(|c| *c != ' ') {
        assert_eq!(bytes(c), [c as u8], "{c} has no control form");
    }
}

#[test]
fn an_application_keypad_has_an_enter_of_its_own() {
    let terminal = terminal(80, 24);
    terminal.feed(b"\x1b=");
    assert_eq!(typed(&terminal, &[], 0xFF8D), "\x1bOM");
    assert_eq!(typed(&terminal, &[], 0xFFB5), "5");
    terminal.feed(b"\x1b>");
    assert_eq!(typed(&terminal, &[], 0xFF8D), "\r");
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
