//! Malformed UTF-8, after the cases of Markus Kuhn's stress test, and noise.

use std::time::{Duration, Instant};

use crate::support::{VIEWER, Viewer, terminal};
use fanlight_core::Input;
use fanlight_engine::terminal::Terminal;

/// The rows of the screen.
fn text(terminal: &Terminal) -> Vec<String> {
    let input = Input::Argument { viewer: VIEWER, name: "screen-text".into(), value: "on".into() };
    terminal.input(&input);
    let arguments = Viewer::of(terminal).look().1.arguments;
    let rows = arguments.into_iter().rfind(|(name, _)| name == "screen-text").unwrap().1;
    serde_json::from_str::<serde_json::Value>(&rows).unwrap()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_str().unwrap().to_owned())
        .collect()
}

/// What is printed between two marks, whole or a byte at a time.
fn shown(bytes: &[u8]) -> String {
    let line = [b"<", bytes, b">"].concat();
    let (whole, split) = (terminal(80, 2), terminal(80, 2));
    whole.feed(&line);
    line.chunks(1).for_each(|byte| drop(split.feed(byte)));
    let row = text(&whole).remove(0);
    assert_eq!(row, text(&split)[0], "{bytes:x?} in pieces");
    row.strip_prefix('<').unwrap().strip_suffix('>').unwrap().to_owned()
}

#[test]
fn malformed_utf8_becomes_replacement_characters_and_nothing_else_suffers() {
    let odd = '\u{FFFD}';
    // 2: the ends of each length's range.
    for whole in ["\u{A0}", "\u{7FF}", "\u{800}", "\u{FFFD}", "\u{10000}", "\u{D7FF}", "\u{E000}"] {
        let row = shown(whole.as_bytes());
        assert!(!row.contains(odd) || whole == "\u{FFFD}", "{whole:?}: {row:?}");
    }
    let cases: [&[u8]; 24] = [
        b"\x80",
        b"\xBF",
        b"\x80\xBF",
        b"\x80\xBF\x80\xBF\x80\xBF\x80",
        b"\xC0 \xC1 \xDF ",
        b"\xE0 \xEF ",
        b"\xF0 \xF7 ",
        b"\xF8 \xFB ",
        b"\xFC \xFD ",
        b"\xC0",
        b"\xE0\x80",
        b"\xF0\x80\x80",
        b"\xDF",
        b"\xEF\xBF",
        b"\xF7\xBF\xBF",
        b"\xFE",
        b"\xFF",
        b"\xFE\xFE\xFF\xFF",
        b"\xC0\xAF",
        b"\xE0\x80\xAF",
        b"\xF0\x80\x80\xAF",
        b"\xC1\xBF",
        b"\xED\xA0\x80\xED\xBF\xBF",
        b"\xF4\x90\x80\x80",
    ];
    for case in cases {
        let row = shown(case);
        assert!(row.contains(odd), "{case:x?}: {row:?}");
        assert!(row.chars().all(|c| c == odd || c == ' '), "{case:x?}: {row:?}");
        assert!(row.chars().count() <= case.len(), "{case:x?}: {row:?}");
    }
    // Nothing that follows is swallowed: neither text nor a sequence.
    assert_eq!(shown(b"\xE4\xB8a"), format!("{odd}a"));
    assert_eq!(shown(b"\xF0\x9F\x98\x1b[0mb"), format!("{odd}b"));
    assert_eq!(shown(b"\xC3\xC3\xA4"), format!("{odd}ä"));
}

/// Noise from a small generator: the same each time.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(bytes)
    .collect()
}

#[test]
fn noise_is_printed_without_a_stall() {
    let terminal = terminal(80, 24);
    let mut viewer = Viewer::of(&terminal);
    let mut slowest = Duration::ZERO;
    for seed in 1..=40 {
        let begun = Instant::now();
        terminal.feed(&noise(32 * 1024, seed));
        slowest = slowest.max(begun.elapsed());
        viewer.look();
    }
    assert!(slowest < Duration::from_secs(5), "32 KiB took {slowest:?}");
    // A control string that the noise left open is ended at last.
    terminal.feed(b"\x18\x1bc");
    terminal.feed(b"whole again");
    assert_eq!(text(&terminal)[0], "whole again");
}
