//! How a line lies in rows of a certain width.

use std::ops::Range;

use alacritty_terminal::term::cell::{Cell, Flags};

use super::line::{Line, is_spacer};

/// The cells of each row, at least one row. A wide character that does not fit leaves the
/// last cell of its row free.
pub(super) fn rows(cells: &[Cell], columns: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let mut end = (start + columns).min(cells.len());
        if end < cells.len() && is_spacer(&cells[end]) && end > start + 1 {
            end -= 1;
        }
        next = (end < cells.len()).then_some(end);
        Some(start..end)
    })
}

/// How many rows a line takes.
pub(super) fn count(line: Line<'_>, columns: usize) -> usize {
    match line.extent() {
        (cells, false) => cells.div_ceil(columns).max(1),
        (_, true) => {
            let mut cells = Vec::new();
            line.decode(&mut cells);
            rows(&cells, columns).count()
        }
    }
}

/// A whole row of the screen's width. `wraps` if the line goes on below.
pub(super) fn fill(cells: &[Cell], columns: usize, wraps: bool) -> Vec<Cell> {
    let mut row = cells.to_vec();
    let free = columns.saturating_sub(row.len());
    row.resize(columns, Cell::default());
    if let Some(last) = row.last_mut().filter(|_| wraps) {
        if free > 0 {
            last.flags.insert(Flags::LEADING_WIDE_CHAR_SPACER);
        }
        last.flags.insert(Flags::WRAPLINE);
    }
    row
}
