use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::cell::{Cell, Flags};

use super::history::{is_filler, is_right_half};
use super::state::State;
use super::view::wraps;

/// What a selection grows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Character,
    Word,
    Line,
    /// Characters, in the same columns of each row.
    Block,
}

/// A place between two cells: the left or the right edge of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// Number of the row.
    pub(super) row: usize,
    /// Column of the cell.
    pub(super) column: usize,
    pub(super) right: bool,
}

/// What a viewer marked with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) unit: Unit,
    pub(super) anchor: Edge,
    pub(super) head: Edge,
}

/// Cells from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: (usize, usize),
    end: (usize, usize),
    block: bool,
}

impl Span {
    fn columns(&self, row: usize, width: usize) -> Range<usize> {
        if row < self.start.0 || row > self.end.0 {
            return 0..0;
        }
        let left = if row == self.start.0 || self.block { self.start.1 } else { 0 };
        let right = if row == self.end.0 || self.block { self.end.1 + 1 } else { width };
        left..right.min(width)
    }
}

/// What parts words besides blanks, and is a word of its own.
const SEPARATORS: &str = ",│`|:\"' ()[]{}<>\t";

fn parts_words(cell: &Cell) -> bool {
    SEPARATORS.contains(cell.c)
}

impl State {
    /// The columns of a row that are selected.
    pub(super) fn selected_columns(&self, row: usize) -> Range<usize> {
        let Some(span) = self.span() else { return 0..0 };
        let mut columns = span.columns(row, self.term.columns());
        if columns.is_empty() {
            return 0..0;
        }
        // A wide character is selected whole.
        let cells = self.row(row);
        if columns.start > 0 && is_right_half(&cells[columns.start]) {
            columns.start -= 1;
        }
        if cells.get(columns.end).is_some_and(is_right_half) {
            columns.end += 1;
        }
        columns
    }

    fn span(&self) -> Option<Span> {
        let Selection { unit, anchor, head } = self.selection?;
        let (first, last) = (anchor.min(head), anchor.max(head));
        let all = self.rows();
        if last.row < all.start || first.row >= all.end {
            return None;
        }
        let span = match unit {
            Unit::Character => self.characters(first, last)?,
            Unit::Block => block(anchor, head)?,
            Unit::Word => Span {
                start: self.word_edge(first.row, first.column, false),
                end: self.word_edge(last.row, last.column, true),
                block: false,
            },
            Unit::Line => Span {
                start: (self.line_rows(first.row).start, 0),
                end: (self.line_rows(last.row).end - 1, self.term.columns() - 1),
                block: false,
            },
        };
        let start = if span.start.0 < all.start { (all.start, 0) } else { span.start };
        Some(Span { start, ..span })
    }

    fn characters(&self, first: Edge, last: Edge) -> Option<Span> {
        let width = self.term.columns();
        let start = match first.column + usize::from(first.right) {
            column if column >= width => (first.row + 1, 0),
            column => (first.row, column),
        };
        let end = match (last.column + usize::from(last.right)).checked_sub(1) {
            Some(column) => (last.row, column.min(width - 1)),
            None => (last.row.checked_sub(1)?, width - 1),
        };
        (start <= end).then_some(Span { start, end, block: false })
    }

    /// The first or last cell of the word at a cell, over the ends of rows that wrap.
    fn word_edge(&self, row: usize, column: usize, forwards: bool) -> (usize, usize) {
        let rows = self.line_rows(row);
        let width = self.term.columns();
        let cells: Vec<Cell> = rows.clone().flat_map(|row| self.row(row).into_owned()).collect();
        let mut at = (row - rows.start) * width + column.min(width - 1);
        let is_part = |index: usize| {
            cells
                .get(index)
                .is_some_and(|cell| !parts_words(cell) || is_right_half(cell) || is_filler(cell))
        };
        if is_part(at) {
            while forwards && is_part(at + 1) {
                at += 1;
            }
            while !forwards && at.checked_sub(1).is_some_and(is_part) {
                at -= 1;
            }
        }
        (rows.start + at / width, at % width)
    }

    /// The text that is selected.
    pub(super) fn selected_text(&self) -> Option<String> {
        let span = self.span()?;
        let width = self.term.columns();
        let line = self.selection.is_some_and(|selection| selection.unit == Unit::Line);
        let mut text = String::new();
        for number in span.start.0..=span.end.0 {
            let row = self.row(number);
            let columns = span.columns(number, width);
            let joined = !span.block && columns.end == width && wraps(&row);
            push_text(&row, columns, &mut text);
            if (number < span.end.0 || line) && !joined {
                text.push('\n');
            }
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// What the screen's part of a selection says, to notice that it changed.
    pub(super) fn selection_mark(&self) -> Option<SelectionMark> {
        let span = self.span()?;
        let screen = self.screen_rows();
        let rows = span.start.0.max(screen.start)..(span.end.0 + 1).min(screen.end);
        Some(SelectionMark {
            hash: self.hash(span, rows.clone()),
            rows,
            alternate: self.is_alternate(),
        })
    }

    fn hash(&self, span: Span, rows: Range<usize>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for number in rows {
            let mut text = String::new();
            let columns = span.columns(number, self.term.columns());
            push_text(&self.row(number), columns, &mut text);
            text.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Gives a selection up whose text is not what it was.
    pub(super) fn check_selection(&mut self, before: Option<SelectionMark>) {
        let Some(before) = before else { return };
        let holds = before.alternate == self.is_alternate()
            && self.span().is_some_and(|span| self.hash(span, before.rows) == before.hash);
        if !holds {
            self.selection = None;
        }
    }
}

/// See [`State::selection_mark`].
pub(super) struct SelectionMark {
    rows: Range<usize>,
    hash: u64,
    alternate: bool,
}

fn block(anchor: Edge, head: Edge) -> Option<Span> {
    let (left, right) = ((anchor.column, anchor.right), (head.column, head.right));
    let (left, right) = (left.min(right), left.max(right));
    let start = left.0 + usize::from(left.1);
    let end = (right.0 + usize::from(right.1)).checked_sub(1)?;
    let (top, bottom) = (anchor.row.min(head.row), anchor.row.max(head.row));
    (start <= end).then_some(Span { start: (top, start), end: (bottom, end), block: true })
}

/// Columns from one tab stop to the next, as they are unless a program sets others.
const TAB: usize = 8;

/// Appends the text of some columns of a row. Blanks behind the text of a row that does
/// not go on are left out, and so are those that a tab left behind.
pub(super) fn push_text(row: &[Cell], columns: Range<usize>, text: &mut String) {
    let used = if wraps(row) { row.len() } else { text_length(row) };
    let mut after_tab = 0;
    let cells = row.iter().enumerate().take(columns.end.min(used)).skip(columns.start);
    for (column, cell) in cells {
        let left_by_tab = cell.c == ' ' && column < after_tab;
        if is_right_half(cell) || is_filler(cell) || left_by_tab {
            continue;
        }
        if cell.c == '\t' {
            after_tab = (column / TAB + 1) * TAB;
        }
        text.push(if cell.flags.contains(Flags::HIDDEN) { ' ' } else { cell.c });
        text.extend(cell.zerowidth().into_iter().flatten());
    }
}

/// Cells up to the last that holds something.
fn text_length(row: &[Cell]) -> usize {
    let blank = |cell: &Cell| matches!(cell.c, ' ' | '\t') && cell.zerowidth().is_none();
    row.iter().rposition(|cell| !blank(cell)).map_or(0, |last| last + 1)
}
