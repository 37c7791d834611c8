//! A terminal at rest keeps its scrollback, in less memory.

use crate::support::{Viewer, chord, mouse, picture, press, terminal, viewport};
use fanlight_core::Input;
use fanlight_engine::terminal::{Terminal, TerminalOptions};

const SHIFT: u32 = 0xFFE1;
const PAGE_UP: u32 = 0xFF55;
const HOME: u32 = 0xFF50;
const WHEEL_UP: u8 = 8;

fn fill(terminal: &Terminal, from: u32, to: u32) {
    for line in from..to {
        let color = 31 + line % 7;
        let text =
            format!("\r\n{line} \x1b[{color}mcolour\x1b[1;4m bold\x1b[0m 中文 e\u{301}x\ttab");
        terminal.feed(text.as_bytes());
    }
}

/// Everything that can be scrolled to, page by page.
fn pages(terminal: &Terminal) -> Vec<Vec<u8>> {
    chord(terminal, &[SHIFT], HOME);
    let mut pages = vec![picture(terminal).model.pixels().to_vec()];
    while chord(terminal, &[SHIFT], 0xFF56).changed {
        pages.push(picture(terminal).model.pixels().to_vec());
    }
    pages
}

#[test]
fn scrollback_is_the_same_after_rests() {
    let (busy, rested) = (terminal(40, 6), terminal(40, 6));
    for round in 0..4 {
        fill(&busy, round * 37, (round + 1) * 37);
        fill(&rested, round * 37, (round + 1) * 37);
        rested.rest();
        rested.rest();
    }
    assert!(pages(&busy) == pages(&rested));
    rested.rest();
    assert!(pages(&busy) == pages(&rested));
}

#[test]
fn the_oldest_lines_go_first() {
    let short = || {
        let options = TerminalOptions { scrollback: 100, ..TerminalOptions::default() };
        Terminal::new(options, viewport(20, 4))
    };
    let (busy, rested) = (short(), short());
    fill(&busy, 0, 250);
    fill(&rested, 0, 130);
    rested.rest();
    fill(&rested, 130, 250);
    rested.rest();
    assert_eq!(pages(&busy).len(), 2 * 100 / 4 + 1, "each line takes two rows");
    assert!(pages(&busy) == pages(&rested));
}

#[test]
fn a_rest_changes_no_picture_and_ends_when_someone_scrolls() {
    let terminal = terminal(40, 6);
    fill(&terminal, 0, 100);
    let mut viewer = Viewer::of(&terminal);
    viewer.look();
    terminal.rest();
    assert_eq!(viewer.look().0, 0);
    assert!(viewer.model.pixels() == picture(&terminal).model.pixels());
    assert!(mouse(&terminal, 1, 1, WHEEL_UP).changed);
    let scrolled = picture(&terminal).model.pixels().to_vec();
    terminal.rest();
    assert!(picture(&terminal).model.pixels() == scrolled, "nobody is scrolled away");
}

#[test]
fn clearing_the_scrollback_clears_what_rests() {
    for clear in ["\x1b[3J", "\x1bc"] {
        let terminal = terminal(40, 6);
        fill(&terminal, 0, 100);
        terminal.rest();
        terminal.feed(clear.as_bytes());
        assert!(!chord(&terminal, &[SHIFT], PAGE_UP).changed, "{clear:?}");
    }
}

#[test]
fn a_resize_takes_the_rested_lines_along() {
    let (busy, rested) = (terminal(40, 6), terminal(40, 6));
    for terminal in [&busy, &rested] {
        fill(terminal, 0, 60);
    }
    rested.rest();
    for terminal in [&busy, &rested] {
        terminal.input(&Input::Resize(viewport(25, 8)));
    }
    assert!(pages(&busy) == pages(&rested));
}

#[test]
fn lines_that_rest_during_a_full_screen_program_survive_its_resize() {
    let terminal = terminal(40, 6);
    fill(&terminal, 0, 60);
    terminal.rest();
    terminal.feed(b"\x1b[?1049h");
    terminal.rest();
    terminal.input(&Input::Resize(viewport(12, 8)));
    assert_eq!(press(&terminal, PAGE_UP).to_remote, b"\x1b[5~");
    terminal.feed(b"\x1b[?1049l");
    assert!(pages(&terminal).len() > 8);
}

#[test]
fn a_sequence_that_a_rest_interrupts_goes_on() {
    let terminal = terminal(40, 6);
    terminal.feed(b"\x1b[?25l\x1b[");
    terminal.rest();
    terminal.feed(b"31mred \xE4\xB8");
    terminal.rest();
    terminal.feed(b"\xAD");
    let whole = crate::support::terminal(40, 6);
    whole.feed("\x1b[?25l\x1b[31mred 中".as_bytes());
    assert!(picture(&terminal).model.pixels() == picture(&whole).model.pixels());
}
