//! The lines that left the screen at its top, packed. The emulator spends 24 bytes on each
//! cell of a row, used or not; here a line takes little more than its text: 10,000 lines
//! of a coloured `ls -l` are under a megabyte.
//!
//! Lines are kept as the remote side printed them, not as rows: how they wrap is worked
//! out for the width at hand, so that a resize changes none of them.

mod block;
mod layout;
mod line;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;

use alacritty_terminal::Term;
use alacritty_terminal::event::EventListener;
use alacritty_terminal::grid::{Dimensions, Row};
use alacritty_terminal::index::Line as GridLine;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};

use self::block::Block;
use self::line::is_spacer;

/// Cells after which a line without an end is cut.
const LONGEST_LINE: usize = 4096;
/// Bytes that lines may take on average. Far above what text needs: it bounds what a
/// remote side can make out of colours and links.
const BYTES_PER_LINE: usize = 512;

/// Everything above the screen. Rows are numbered as they come and keep their numbers
/// until the width changes; lines keep theirs for good.
pub(super) struct History {
    blocks: VecDeque<Block>,
    /// The last line, as long as the top of the screen goes on with it.
    open: Vec<Cell>,
    open_rows: usize,
    columns: usize,
    most_lines: usize,
    /// Number of the first row.
    first_row: usize,
    /// Rows of the blocks.
    rows: usize,
    /// Number of the first line.
    first_line: u64,
    /// Lines of the blocks.
    lines: usize,
    weight: usize,
    /// How many rows the view is scrolled back.
    pub(super) offset: usize,
}

impl History {
    /// Keeps at most `most_lines` lines of output.
    pub(super) fn new(columns: usize, most_lines: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            open: Vec::new(),
            open_rows: 0,
            columns,
            most_lines,
            first_row: 0,
            rows: 0,
            first_line: 0,
            lines: 0,
            weight: 0,
            offset: 0,
        }
    }

    /// Rows above the screen.
    pub(super) fn len(&self) -> usize {
        self.rows + self.open_rows
    }

    /// Numbers of the rows above the screen; the screen's own follow.
    pub(super) fn numbers(&self) -> Range<usize> {
        self.first_row..self.first_row + self.len()
    }

    /// Takes over what the emulator scrolled off its screen. A view that is scrolled back
    /// goes on showing the same rows.
    pub(super) fn take<T: EventListener>(&mut self, term: &mut Term<T>) {
        let scrolled = term.history_size();
        for up in (1..=scrolled as i32).rev() {
            self.push(&term.grid()[GridLine(-up)][..]);
        }
        if scrolled > 0 {
            term.grid_mut().clear_history();
            if self.offset > 0 {
                self.offset += scrolled;
            }
        }
        self.offset = self.offset.min(self.len());
    }

    /// Adds the next row.
    fn push(&mut self, row: &[Cell]) {
        let wraps = row.last().is_some_and(|last| last.flags.contains(Flags::WRAPLINE));
        let used = if wraps { wrapped(row) } else { trimmed(row) };
        if self.open_rows == 0 && !wraps {
            self.store(Source::Row(used), 1, false);
            return;
        }
        // Even a blank rest has its row.
        self.open.extend_from_slice(if used.is_empty() { &row[..1] } else { used });
        self.open_rows = layout::rows(&self.open, self.columns).count();
        if !wraps || self.open.len() + self.columns > LONGEST_LINE {
            let rows = std::mem::take(&mut self.open_rows);
            self.store(Source::Open, rows, wraps);
        }
    }

    fn store(&mut self, source: Source<'_>, rows: usize, goes_on: bool) {
        if self.most_lines == 0 {
            self.first_row += rows;
            self.first_line += 1;
            self.open.clear();
            return;
        }
        if self.blocks.back().is_none_or(Block::is_full) {
            self.blocks.push_back(Block::default());
        }
        let Some(block) = self.blocks.back_mut() else { return };
        let before = block.weight;
        match source {
            Source::Row(cells) => block.push(cells, rows, goes_on),
            Source::Open => {
                block.push(&self.open, rows, goes_on);
                self.open = Vec::new();
            }
        }
        self.weight += block.weight - before;
        self.rows += rows;
        self.lines += 1;
        self.keep_bounds();
    }

    fn keep_bounds(&mut self) {
        let heaviest = self.most_lines * BYTES_PER_LINE;
        while self.lines > self.most_lines || self.weight > heaviest {
            let Some(block) = self.blocks.front_mut() else { return };
            let rows = block.drop_first();
            self.first_row += rows;
            self.rows -= rows;
            self.first_line += 1;
            self.lines -= 1;
            if block.len() == 0 {
                self.weight -= block.weight;
                self.blocks.pop_front();
            }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        let first_row = self.numbers().end;
        let first_line = self.closed_lines().end + u64::from(self.open_rows > 0);
        *self = Self { first_row, first_line, ..Self::new(self.columns, self.most_lines) };
    }

    /// Moves the last rows back above the emulator's screen, as many as a screen of the
    /// new size may want to show, and lays the others out anew. The emulator's screen is
    /// then resized, and what it has no room for is [taken](Self::take) again.
    pub(super) fn prepare_resize<T: EventListener>(
        &mut self,
        term: &mut Term<T>,
        columns: usize,
        rows: usize,
    ) {
        if !term.mode().contains(TermMode::ALT_SCREEN) {
            let wanted = self.pop_rows(columns, rows);
            put_back(term, wanted);
        }
        self.columns = columns;
        self.first_row = 0;
        for block in &mut self.blocks {
            block.lay_out(columns);
        }
        self.rows = self.blocks.iter().map(|block| block.rows).sum();
        self.open_rows = match self.open.len() {
            0 => 0,
            _ => layout::rows(&self.open, columns).count(),
        };
    }

    /// Takes off the last lines, enough for so many rows of the new width; as rows of the
    /// present one.
    fn pop_rows(&mut self, columns: usize, rows: usize) -> Vec<Row<Cell>> {
        let mut lines = Vec::new();
        let mut found = 0;
        if self.open_rows > 0 {
            self.open_rows = 0;
            found += self.open.len() / columns;
            lines.push((std::mem::take(&mut self.open), true));
        }
        while found < rows {
            let Some(block) = self.blocks.back_mut() else { break };
            let (goes_on, before) = (block.goes_on(block.len() - 1), block.weight);
            let mut cells = Vec::new();
            block.pop(&mut cells);
            self.weight -= before - block.weight;
            if block.len() == 0 {
                self.weight -= block.weight;
                self.blocks.pop_back();
            }
            self.lines -= 1;
            found += layout::rows(&cells, columns).count();
            lines.push((cells, goes_on));
        }
        let now = self.columns;
        lines.iter().rev().flat_map(|(cells, wraps)| rows_of(cells, now, *wraps)).collect()
    }

    /// The row with that number, in the screen's width, with the emulator's marks for
    /// rows that wrap. `None` outside of [`numbers`](Self::numbers).
    pub(super) fn row(&self, number: usize) -> Option<Vec<Cell>> {
        let place = self.place(number)?;
        let mut cells = Vec::new();
        let wraps = self.read(place.line, &mut cells);
        let range = layout::rows(&cells, self.columns).nth(place.row)?;
        let wraps = wraps || range.end < cells.len();
        Some(layout::fill(&cells[range], self.columns, wraps))
    }

    /// Where a row is.
    pub(super) fn place(&self, number: usize) -> Option<Place> {
        let mut down = number.checked_sub(self.first_row)?;
        let mut line = self.first_line;
        for block in &self.blocks {
            if down < block.rows {
                for index in 0..block.len() {
                    let rows = block.rows_of(index);
                    if down < rows {
                        return Some(Place { line: line + index as u64, row: down });
                    }
                    down -= rows;
                }
            }
            down -= block.rows;
            line += block.len() as u64;
        }
        (down < self.open_rows).then_some(Place { line, row: down })
    }

    /// The number of the row of a line that holds the cell at `offset`.
    pub(super) fn row_of(&self, line: u64, offset: usize) -> Option<usize> {
        let mut index = usize::try_from(line.checked_sub(self.first_line)?).ok()?;
        let mut number = self.first_row;
        for block in &self.blocks {
            if index < block.len() {
                number += (0..index).map(|before| block.rows_of(before)).sum::<usize>();
                return Some(number + self.row_within(line, offset));
            }
            index -= block.len();
            number += block.rows;
        }
        (index == 0 && self.open_rows > 0).then(|| number + self.row_within(line, offset))
    }

    fn row_within(&self, line: u64, offset: usize) -> usize {
        let mut cells = Vec::new();
        self.read(line, &mut cells);
        let mut rows = layout::rows(&cells, self.columns);
        rows.position(|range| offset < range.end).unwrap_or_default()
    }

    /// Numbers of the lines that will not change any more.
    pub(super) fn closed_lines(&self) -> Range<u64> {
        self.first_line..self.first_line + self.lines as u64
    }

    /// The line that the top of the screen goes on with; empty if there is none.
    pub(super) fn open_line(&self) -> &[Cell] {
        &self.open
    }

    /// The cells of the rows before row `place.row` of a line.
    pub(super) fn offset_of(&self, place: Place) -> usize {
        let mut cells = Vec::new();
        self.read(place.line, &mut cells);
        layout::rows(&cells, self.columns).nth(place.row).map_or(0, |range| range.start)
    }

    /// Appends the cells of a line. Whether the next one goes on with it.
    pub(super) fn read(&self, line: u64, cells: &mut Vec<Cell>) -> bool {
        let Some(index) = line.checked_sub(self.first_line) else { return false };
        let mut index = index as usize;
        for block in &self.blocks {
            if index < block.len() {
                block.line(index).decode(cells);
                return block.goes_on(index);
            }
            index -= block.len();
        }
        cells.extend_from_slice(&self.open);
        self.open_rows > 0
    }
}

/// A row's place in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The line's number.
    pub(super) line: u64,
    /// Which of its rows, from 0.
    pub(super) row: usize,
}

enum Source<'a> {
    Row(&'a [Cell]),
    Open,
}

/// The cells of a row that its line goes on from.
fn wrapped(row: &[Cell]) -> &[Cell] {
    match row.split_last() {
        Some((last, rest)) if last.flags.contains(Flags::LEADING_WIDE_CHAR_SPACER) => rest,
        _ => row,
    }
}

fn trimmed(row: &[Cell]) -> &[Cell] {
    let used = row.iter().rposition(|cell| !is_default(cell)).map_or(0, |last| last + 1);
    &row[..used]
}

fn is_default(cell: &Cell) -> bool {
    cell.c == ' ' && *cell == Cell::default()
}

fn rows_of(cells: &[Cell], columns: usize, wraps: bool) -> Vec<Row<Cell>> {
    layout::rows(cells, columns)
        .map(|range| {
            let row =
                layout::fill(&cells[range.clone()], columns, wraps || range.end < cells.len());
            Row::from_vec(row, columns)
        })
        .collect()
}

/// Puts rows above an emulator's screen that has none there.
fn put_back<T: EventListener>(term: &mut Term<T>, mut rows: Vec<Row<Cell>>) {
    let (columns, screen) = (term.columns(), term.screen_lines());
    let grid = term.grid_mut();
    let mut missing = rows.len();
    for line in (0..screen as i32).map(GridLine) {
        rows.push(std::mem::replace(&mut grid[line], Row::new(columns)));
    }
    while missing > 0 {
        let step = missing.min(screen);
        grid.scroll_up(&(GridLine(0)..GridLine(screen as i32)), step);
        missing -= step;
    }
    let top = grid.topmost_line().0;
    for (line, row) in (top..).map(GridLine).zip(rows) {
        grid[line] = row;
    }
}

/// Whether a cell only fills the place at the end of a row where a wide character did
/// not fit: it is no part of its line.
pub(super) fn is_filler(cell: &Cell) -> bool {
    cell.flags.contains(Flags::LEADING_WIDE_CHAR_SPACER)
}

/// Whether a cell is the right half of a wide character.
pub(super) fn is_right_half(cell: &Cell) -> bool {
    is_spacer(cell)
}
