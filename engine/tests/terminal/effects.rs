//! What remote output does besides drawing.

use crate::support::{picture, terminal};
use fanlight_core::{Color, Input, Plan, Viewport};
use fanlight_engine::terminal::{Terminal, TerminalOptions, TerminalSize};

fn answer(terminal: &Terminal, question: &str) -> String {
    String::from_utf8(terminal.feed(question.as_bytes()).to_remote).unwrap()
}

#[test]
fn questions_are_answered() {
    let terminal = terminal(80, 24);
    assert!(answer(&terminal, "\x1b[c").starts_with("\x1b[?"));
    assert_eq!(answer(&terminal, "\x1b[5n"), "\x1b[0n");
    assert_eq!(answer(&terminal, "\x1b[3;7H\x1b[6n"), "\x1b[3;7R");
    assert_eq!(answer(&terminal, "\x1b[18t"), "\x1b[8;24;80t");
    assert_eq!(answer(&terminal, "\x1b[14t"), "\x1b[4;456;800t");
    assert_eq!(answer(&terminal, "\x1b]11;?\x07"), "\x1b]11;rgb:0000/0000/0000\x07");
    assert_eq!(answer(&terminal, "\x1b]4;1;?\x07"), "\x1b]4;1;rgb:cdcd/3131/3131\x07");
    assert_eq!(answer(&terminal, "\x1b]52;c;?\x07"), "", "the clipboard is not for reading");
}

#[test]
fn titles_bells_and_clipboards_are_told() {
    let terminal = terminal(80, 24);
    assert_eq!(terminal.feed(b"\x1b]0;A title\x07").title.unwrap(), "A title");
    let long = format!("\x1b]2;{}\x07", "x".repeat(100_000));
    assert_eq!(terminal.feed(long.as_bytes()).title.unwrap().len(), 256);
    assert!(terminal.feed(b"\x07").bell);
    assert_eq!(terminal.feed(b"\x1b]52;c;aGVsbG8=\x07").clipboard.unwrap(), "hello");
    assert!(terminal.feed(b"x").changed);
}

#[test]
fn a_command_that_never_ends_is_cut_off() {
    let terminal = terminal(80, 24);
    terminal.feed(b"\x1b]2;");
    for _ in 0..40 {
        terminal.feed(&[b'x'; 32 * 1024]);
    }
    terminal.feed(b"\r\n\x1b[2J\x1b[Hvisible");
    assert_eq!(answer(&terminal, "\x1b[6n"), "\x1b[1;8R");
}

#[test]
fn marks_without_end_do_not_pile_up() {
    let terminal = terminal(80, 24);
    terminal.feed(b"\x1b[?25la");
    terminal.feed("\u{301}".repeat(8).as_bytes());
    let before = picture(&terminal).model.pixels().to_vec();
    terminal.feed("\u{300}".repeat(100_000).as_bytes());
    assert!(picture(&terminal).model.pixels() == before);
}

#[test]
fn older_switches_of_the_alternate_screen_work() {
    let terminal = terminal(20, 4);
    for (on, off) in [("\x1b[?47h", "\x1b[?47l"), ("\x1b[?1047h", "\x1b[?1047l")] {
        terminal.feed(b"\x1b[2J\x1b[H\x1b[?25lprimary");
        let primary = picture(&terminal).model.pixels().to_vec();
        terminal.feed(on.as_bytes());
        terminal.feed(b"\x1b[Halternate");
        assert!(picture(&terminal).model.pixels() != primary);
        terminal.feed(off.as_bytes());
        assert!(picture(&terminal).model.pixels() == primary);
    }
}

#[test]
fn the_size_follows_window_font_and_resolution() {
    let size = |width, height, dpi, points: &str| {
        let parameters = Plan::new("ssh").set("font-size", points).parameters;
        let options = TerminalOptions::from_parameters(&parameters);
        Terminal::new(options, Viewport { width, height, dpi }).size()
    };
    let expected = TerminalSize { columns: 102, rows: 40, width_px: 1020, height_px: 760 };
    assert_eq!(size(1024, 768, 96, "12"), expected);
    assert_eq!(size(2048, 1536, 192, "12").columns, 107);
    assert!(size(1024, 768, 96, "24").columns < 60);
    assert_eq!(size(1024, 768, 96, "NaN"), expected);
    assert_eq!(size(1024, 768, 96, "-5"), size(1024, 768, 96, "4"));
    let tiny = size(64, 64, 600, "96");
    assert_eq!((tiny.columns, tiny.rows), (2, 1));
    let huge = size(8192, 8192, 24, "4");
    assert!(huge.columns <= 1000 && huge.rows <= 500);
}

#[test]
fn a_resize_is_told_once() {
    let terminal = terminal(80, 24);
    let bigger = Input::Resize(Viewport { width: 1000, height: 500, dpi: 96 });
    let size = terminal.input(&bigger).resized.unwrap();
    assert_eq!((size.columns, size.rows, terminal.size()), (100, 26, size));
    assert_eq!(terminal.input(&bigger).resized, None);
    let margin = Input::Resize(Viewport { width: 1003, height: 500, dpi: 96 });
    let effects = terminal.input(&margin);
    assert_eq!((effects.resized, effects.changed), (None, true));
}

#[test]
fn schemes_colour_the_screen() {
    let parameters = Plan::new("ssh").set("color-scheme", "background: rgb:01/02/03").parameters;
    let options = TerminalOptions::from_parameters(&parameters);
    assert_eq!(options.colors.background, Color { r: 1, g: 2, b: 3 });
    let terminal = Terminal::new(options, Viewport { width: 205, height: 100, dpi: 96 });
    let viewer = picture(&terminal);
    assert_eq!((viewer.pixel(100, 50), viewer.pixel(204, 99)), ([1, 2, 3], [1, 2, 3]));
}
