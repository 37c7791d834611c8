#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::sync::Arc;

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Line;
use fanlight_core::{Input, ViewerId, Viewport};
use proptest::prelude::*;

use crate::terminal::selection::push_text;
use crate::terminal::state::State;
use crate::terminal::view::{Scroll, wraps};
use crate::terminal::{Terminal, TerminalOptions};

/// A cell at 12 points and 96 dots per inch, in pixels.
const CELL: (u32, u32) = (10, 19);

fn viewport(columns: u32, rows: u32) -> Viewport {
    Viewport { width: columns * CELL.0, height: rows * CELL.1, dpi: 96 }
}

fn terminal(columns: u32, rows: u32) -> Arc<Terminal> {
    Terminal::new(TerminalOptions::default(), viewport(columns, rows))
}

/// Everything above the cursor and its row, as lines of output.
fn lines(state: &State) -> Vec<String> {
    let cursor = state.screen_rows().start + state.term.grid().cursor.point.line.0 as usize;
    let mut lines = vec![String::new()];
    for number in state.rows().start..=cursor {
        let row = state.row(number);
        push_text(&row, 0..row.len(), lines.last_mut().unwrap());
        if !wraps(&row) {
            lines.push(String::new());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn listing(lines: usize) -> String {
    (0..lines).fold(String::new(), |mut text, n| {
        let size = n * 7919 % 1_000_000;
        let name = format!("document-{n:05}-final.pdf");
        let date = "Nov 22 20:";
        let minute = n % 60;
        let styled = match n % 4 {
            0 => format!("\x1b[0m\x1b[01;34mfolder-{n:05}\x1b[0m"),
            1 => format!("\x1b[01;32mprogram-{n:05}.sh\x1b[0m"),
            _ => name,
        };
        writeln!(text, "-rw-r--r--  1 operator staff {size:>9} {date}{minute:02} {styled}\r")
            .unwrap();
        text
    })
}

#[test]
fn ten_thousand_lines_of_a_coloured_listing_take_less_than_a_megabyte() {
    let terminal = terminal(80, 24);
    terminal.feed(listing(10_100).as_bytes());
    terminal.rest();
    let state = terminal.state.lock();
    let history = &state.history;
    let bytes: usize = history.blocks.iter().map(|block| block.memory()).sum();
    assert_eq!(history.lines, 10_000);
    assert!(bytes < 950_000, "{bytes}");
    let full: String = "x".repeat(79) + "\r\n";
    drop(state);
    terminal.feed(full.repeat(11_000).as_bytes());
    let bytes: usize = terminal.state.lock().history.blocks.iter().map(|b| b.memory()).sum();
    assert!(bytes < 950_000, "{bytes}");
}

#[test]
fn what_a_line_may_take_is_bounded_whatever_it_is_made_of() {
    let terminal = terminal(200, 24);
    let mut text = String::new();
    for n in 0..12_000 {
        for column in 0..100 {
            write!(text, "\x1b[38;2;{};{};{}m\u{1F600}", n % 256, column, n / 256).unwrap();
        }
        text.push_str("\r\n");
        if n % 500 == 0 {
            terminal.feed(std::mem::take(&mut text).as_bytes());
        }
    }
    terminal.feed(text.as_bytes());
    let state = terminal.state.lock();
    let bytes: usize = state.history.blocks.iter().map(|block| block.memory()).sum();
    assert!(bytes < 10_000 * super::BYTES_PER_LINE * 5 / 4, "{bytes}");
    assert!(state.history.lines > 2000);
}

#[test]
fn an_endless_line_is_kept_in_pieces() {
    let terminal = terminal(80, 24);
    let text: String = (0..100_000_u32).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
    terminal.feed(text.as_bytes());
    let state = terminal.state.lock();
    assert_eq!(lines(&state).concat(), text);
    assert!(state.history.open.len() <= super::LONGEST_LINE);
}

#[test]
fn lines_survive_any_width_and_back() {
    let printed: Vec<String> =
        (0..300).map(|n| format!("{n} {} 中文e\u{301}", "wide 中文 ".repeat(n % 17))).collect();
    let terminal = terminal(80, 24);
    for line in &printed {
        terminal.feed(format!("{line}\r\n").as_bytes());
    }
    let printed: Vec<_> = printed.iter().map(|line| line.trim_end()).collect();
    for (columns, rows) in [(20, 10), (133, 50), (2, 3), (500, 100), (7, 24), (80, 24)] {
        terminal.input(&Input::Resize(Viewport {
            width: columns * CELL.0,
            height: rows * CELL.1,
            dpi: 96,
        }));
        assert_eq!(lines(&terminal.state.lock()), printed, "{columns}x{rows}");
    }
}

#[test]
fn the_first_row_in_view_stays_in_view() {
    let terminal = terminal(80, 24);
    for n in 0..500 {
        terminal.feed(format!("line {n} {}\r\n", "and more of it ".repeat(n % 13)).as_bytes());
    }
    terminal.state.lock().scroll(Scroll::To(400));
    let text = |state: &State| {
        let rows = state.line_rows(state.window_rows().start);
        let mut text = String::new();
        rows.for_each(|n| push_text(&state.row(n), 0..state.term.columns(), &mut text));
        text
    };
    let before = text(&terminal.state.lock());
    for columns in [33, 120, 9, 80] {
        terminal.input(&Input::Resize(viewport(columns, 24)));
        assert_eq!(text(&terminal.state.lock()), before, "{columns}");
    }
}

fn check(terminal: &Terminal) {
    let state = terminal.state.lock();
    let cursor = state.term.grid().cursor.point;
    assert!((0..state.term.screen_lines() as i32).contains(&cursor.line.0), "{cursor:?}");
    assert!(cursor.column.0 < state.term.columns());
    assert_eq!(state.term.history_size(), 0);
    let numbers = state.history.numbers();
    let rows: usize = state.history.blocks.iter().map(|block| block.rows).sum();
    assert_eq!(state.history.rows, rows);
    assert!(state.history.offset <= state.history.len() || state.is_alternate());
    for number in [numbers.start, numbers.start + numbers.len() / 2, numbers.end.max(1) - 1] {
        if numbers.contains(&number) {
            assert_eq!(state.row(number).len(), state.term.columns());
            let place = state.history.place(number).unwrap();
            let offset = state.history.offset_of(place);
            assert_eq!(state.history.row_of(place.line, offset), Some(number));
        }
    }
    assert_eq!(state.term.grid()[Line(0)].len(), state.term.columns());
}

#[derive(Debug, Clone)]
enum Step {
    Print(String),
    Resize(u32, u32),
    Scroll(isize),
    Find(String),
    Drag(i32, i32),
    Rest,
}

fn output() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z ]{0,40}",
        4 => Just("\r\n".to_owned()),
        2 => "[中文e\u{301}\u{1F600}]{0,30}",
        1 => (0..40_u32, 0..200_u32).prop_map(|(row, column)| format!("\x1b[{row};{column}H")),
        1 => prop::sample::select(vec![
            "\x1b[2J", "\x1b[3J", "\x1bc", "\x1b[?1049h", "\x1b[?1049l", "\x1b[5S", "\x1b[3T",
            "\x1b[2;5r", "\x1b[r", "\x1b[4L", "\x1b[3M", "\x1bM", "\x1b[10P", "\x1b[7@", "\x1b#8",
            "\x1b[?6h", "\x1b[?6l", "\x1b[4h", "\x1b[4l", "\x1b[?7l", "\x1b[?7h", "\x1b[K", "\t",
            "\x1b[1;31m", "\x1b[0m", "\x1b7", "\x1b8", "\x1b]8;;http://a.b\x07", "\x1b]8;;\x07",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..60).prop_map(|pieces| pieces.concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => output().prop_map(Step::Print),
        2 => (1..=500_u32, 1..=60_u32).prop_map(|(c, r)| Step::Resize(c, r)),
        1 => (1..=20_u32, 1..=6_u32).prop_map(|(c, r)| Step::Resize(c, r)),
        2 => (-60..60_isize).prop_map(Step::Scroll),
        1 => "[a-e]{1,2}".prop_map(Step::Find),
        1 => (-20..300_i32, -20..300_i32).prop_map(|(x, y)| Step::Drag(x, y)),
        1 => Just(Step::Rest),
    ]
}

fn carry_out(terminal: &Terminal, step: &Step) {
    let viewer = ViewerId::default();
    let mouse = |x, y, buttons| {
        terminal.input(&Input::Mouse { viewer, x, y, buttons });
    };
    match step {
        Step::Print(text) => {
            terminal.feed(text.as_bytes());
        }
        Step::Resize(columns, rows) => {
            terminal.input(&Input::Resize(viewport(*columns, *rows)));
        }
        Step::Scroll(by) => {
            terminal.state.lock().scroll(Scroll::By(*by));
        }
        Step::Find(text) => {
            let value = format!(r#"{{"text":"{text}","go":"previous"}}"#);
            terminal.input(&Input::Argument { viewer, name: "search".into(), value });
        }
        Step::Drag(x, y) => {
            mouse(5, 5, 1);
            mouse(*x, *y, 1);
            mouse(*x, *y, 0);
        }
        Step::Rest => terminal.rest(),
    }
    let mut state = terminal.state.lock();
    state.refresh_search();
    for number in state.window_rows() {
        state.marks(number);
        state.row(number);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_output_resize_and_scroll_keeps_the_terminal_whole(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        let terminal = Terminal::new(
            TerminalOptions { scrollback: 200, ..TerminalOptions::default() },
            viewport(40, 6),
        );
        for step in &steps {
            carry_out(&terminal, step);
            check(&terminal);
        }
    }

    #[test]
    fn unwrapped_lines_are_preserved_through_any_resizes(
        printed in prop::collection::vec("[a-zA-Z0-9中文 ]{0,90}[a-z]", 1..80),
        sizes in prop::collection::vec((2..=500_u32, 1..=60_u32), 1..6),
    ) {
        let terminal = terminal(60, 12);
        let every = printed.len().div_ceil(sizes.len());
        for (lines, (columns, rows)) in printed.chunks(every).zip(&sizes) {
            lines.iter().for_each(|line| {
                terminal.feed(format!("{line}\r\n").as_bytes());
            });
            terminal.input(&Input::Resize(viewport(*columns, *rows)));
        }
        let kept = lines(&terminal.state.lock());
        let printed: Vec<_> = printed.iter().map(|line| line.trim_end().to_owned()).collect();
        prop_assert_eq!(kept, printed);
    }
}
