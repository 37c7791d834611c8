use std::borrow::Cow;
use std::ops::Range;

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Line;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};

use super::state::{Effects, State};

/// Where a view of the scrollback goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scroll {
    /// Rows towards older output; negative for newer.
    By(isize),
    /// So many rows above the bottom.
    To(usize),
    PageUp,
    PageDown,
    Top,
}

/// Cells of a row that stand out, by their columns.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    /// Selected.
    pub(super) selected: Range<usize>,
    /// Found by the search.
    pub(super) found: Vec<Range<usize>>,
    /// The one of them that the search is at.
    pub(super) current: Range<usize>,
    /// Parts of the link under the mouse.
    pub(super) pointed: Vec<Range<usize>>,
}

impl State {
    pub(super) fn is_alternate(&self) -> bool {
        self.term.mode().contains(TermMode::ALT_SCREEN)
    }

    /// Rows that one can scroll back to. A full-screen program has none.
    pub(super) fn history_rows(&self) -> usize {
        if self.is_alternate() { 0 } else { self.history.len() }
    }

    /// How many rows the view is scrolled back.
    pub(super) fn offset(&self) -> usize {
        self.history.offset.min(self.history_rows())
    }

    /// Numbers of all rows, history and screen.
    pub(super) fn rows(&self) -> Range<usize> {
        let screen = self.history.numbers().end;
        screen - self.history_rows()..screen + self.term.screen_lines()
    }

    /// Numbers of the rows of the screen, where the remote side writes.
    pub(super) fn screen_rows(&self) -> Range<usize> {
        let start = self.history.numbers().end;
        start..start + self.term.screen_lines()
    }

    /// Numbers of the rows that viewers see.
    pub(super) fn window_rows(&self) -> Range<usize> {
        let start = self.history.numbers().end - self.offset();
        start..start + self.term.screen_lines()
    }

    /// A row by its number, as wide as the screen; blank where there is none.
    pub(super) fn row(&self, number: usize) -> Cow<'_, [Cell]> {
        let screen = self.screen_rows();
        if screen.contains(&number) {
            return Cow::Borrowed(&self.term.grid()[Line((number - screen.start) as i32)][..]);
        }
        let row = self.history.row(number);
        Cow::Owned(row.unwrap_or_else(|| vec![Cell::default(); self.term.columns()]))
    }

    /// What stands out in a row.
    pub(super) fn marks(&self, number: usize) -> Marks {
        let (found, current) = self.found_columns(number);
        Marks {
            selected: self.selected_columns(number),
            found,
            current,
            pointed: self.pointed_columns(number),
        }
    }

    /// The rows of the line that a row belongs to.
    pub(super) fn line_rows(&self, number: usize) -> Range<usize> {
        const FARTHEST: usize = 4096;
        let all = self.rows();
        let mut start = number;
        while start > all.start && number - start < FARTHEST && wraps(&self.row(start - 1)) {
            start -= 1;
        }
        let mut end = number + 1;
        while end < all.end && end - number < FARTHEST && wraps(&self.row(end - 1)) {
            end += 1;
        }
        start..end
    }

    /// Moves the view.
    pub(super) fn scroll(&mut self, scroll: Scroll) -> Effects {
        let page = self.term.screen_lines();
        let (now, most) = (self.offset(), self.history_rows());
        let wanted = match scroll {
            Scroll::By(rows) => now.saturating_add_signed(rows),
            Scroll::To(offset) => offset,
            Scroll::PageUp => now + page,
            Scroll::PageDown => now.saturating_sub(page),
            Scroll::Top => most,
        };
        self.history.offset = wanted.min(most);
        Effects { changed: self.history.offset != now, ..Effects::default() }
    }
}

/// Whether the line of a row goes on in the next one.
pub(super) fn wraps(row: &[Cell]) -> bool {
    row.last().is_some_and(|last| last.flags.contains(Flags::WRAPLINE))
}
