use std::collections::VecDeque;

use alacritty_terminal::Term;
use alacritty_terminal::event::EventListener;
use alacritty_terminal::grid::{Dimensions, Row};
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::Color;
use unicode_width::UnicodeWidthChar;

/// Scrollback of a terminal at rest, packed. The emulator spends 24 bytes on every cell of
/// a line, used or not, and takes room for a thousand lines when the first one scrolls
/// away; packed, a line takes little more than its text.
#[derive(Default)]
pub(super) struct Archive {
    lines: VecDeque<Packed>,
}

/// A line: the characters of its cells, each followed by its combining marks, and the
/// attributes where they are not the default.
struct Packed {
    text: Box<str>,
    runs: Box<[Run]>,
}

/// Neighbouring cells of equal attributes.
#[derive(Clone, Copy)]
struct Run {
    cells: u16,
    foreground: Color,
    background: Color,
    flags: Flags,
}

impl Archive {
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }

    /// Moves the emulator's scrollback in here, unless someone looks at it.
    pub(super) fn pack<T: EventListener>(&mut self, term: &mut Term<T>, most_lines: usize) {
        let history = term.history_size();
        let shown = term.grid().display_offset() > 0
            || term.selection.as_ref().and_then(|s| s.to_range(term)).is_some();
        if shown || history == 0 || term.mode().contains(TermMode::ALT_SCREEN) {
            return;
        }
        self.lines.extend((1..=history as i32).rev().map(|up| pack(&term.grid()[Line(-up)])));
        let excess = self.lines.len().saturating_sub(most_lines);
        self.lines.drain(..excess);
        self.lines.shrink_to_fit();
        term.grid_mut().clear_history();
        term.grid_mut().truncate();
    }

    /// Moves everything back, as far as the emulator keeps that many lines.
    pub(super) fn unpack<T: EventListener>(&mut self, term: &mut Term<T>, most_lines: usize) {
        if self.lines.is_empty() || term.mode().contains(TermMode::ALT_SCREEN) {
            return;
        }
        let (columns, screen) = (term.columns(), term.screen_lines());
        let history = term.history_size();
        let mut rows: Vec<Row<Cell>> =
            self.lines.drain(..).flat_map(|line| unpack(&line, columns)).collect();
        self.lines.shrink_to_fit();
        let excess = (rows.len() + history).saturating_sub(most_lines).min(rows.len());
        rows.drain(..excess);
        let grid = term.grid_mut();
        for line in (-(history as i32)..screen as i32).map(Line) {
            rows.push(std::mem::replace(&mut grid[line], Row::new(columns)));
        }
        let mut missing = rows.len() - history - screen;
        while missing > 0 {
            let step = missing.min(screen);
            grid.scroll_up(&(Line(0)..Line(screen as i32)), step);
            missing -= step;
        }
        let top = grid.topmost_line().0;
        for (line, row) in (top..).map(Line).zip(rows) {
            grid[line] = row;
        }
    }
}

fn pack(row: &Row<Cell>) -> Packed {
    let cells = &row[..];
    let used = cells.iter().rposition(|cell| *cell != Cell::default()).map_or(0, |last| last + 1);
    let mut text = String::with_capacity(used);
    let mut runs: Vec<Run> = Vec::new();
    for cell in &cells[..used] {
        text.push(if is_mark(cell.c) { ' ' } else { cell.c });
        text.extend(cell.zerowidth().into_iter().flatten().filter(|c| is_mark(**c)));
        match runs.last_mut().filter(|run| run.fits(cell)) {
            Some(run) => run.cells += 1,
            None => runs.push(Run::of(cell)),
        }
    }
    if runs.iter().all(|run| run.fits(&Cell::default())) {
        runs.clear();
    }
    Packed { text: text.into(), runs: runs.into() }
}

fn is_mark(c: char) -> bool {
    c.width() == Some(0)
}

impl Run {
    fn of(cell: &Cell) -> Self {
        Self { cells: 1, foreground: cell.fg, background: cell.bg, flags: cell.flags }
    }

    fn fits(&self, cell: &Cell) -> bool {
        (self.foreground, self.background, self.flags) == (cell.fg, cell.bg, cell.flags)
    }
}

/// The rows of a line: more than one where the screen has become narrower.
fn unpack(packed: &Packed, columns: usize) -> Vec<Row<Cell>> {
    let mut attributes =
        packed.runs.iter().flat_map(|run| std::iter::repeat_n(run, run.cells.into()));
    let mut cells: Vec<Cell> = Vec::with_capacity(columns);
    for c in packed.text.chars() {
        match cells.last_mut() {
            Some(cell) if is_mark(c) => cell.push_zerowidth(c),
            _ => cells.push(match attributes.next() {
                Some(run) => Cell {
                    c,
                    fg: run.foreground,
                    bg: run.background,
                    flags: run.flags,
                    extra: None,
                },
                None => Cell { c, ..Cell::default() },
            }),
        }
    }
    let parts: Vec<_> = cells.chunks(columns).collect();
    let mut rows: Vec<_> = parts.iter().map(|part| row_of(part, columns)).collect();
    let last = rows.len().saturating_sub(1);
    for row in &mut rows[..last] {
        row[Column(columns - 1)].flags.insert(Flags::WRAPLINE);
    }
    if rows.is_empty() {
        rows.push(Row::new(columns));
    }
    rows
}

fn row_of(cells: &[Cell], columns: usize) -> Row<Cell> {
    let mut row = Row::new(columns);
    row[..][..cells.len()].clone_from_slice(cells);
    row
}
