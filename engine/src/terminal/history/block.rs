use alacritty_terminal::term::cell::{Cell, Hyperlink};

use super::layout;
use super::line::{self, Line};

/// Lines in a block: large enough to make what a block itself takes vanish, small enough
/// to find a line in it by walking.
const FULL: usize = 128;

/// Some consecutive lines.
#[derive(Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    links: Vec<Hyperlink>,
    places: Vec<Place>,
    /// Lines at the front that are gone.
    gone: usize,
    /// Bytes that it holds.
    pub(super) weight: usize,
    /// Rows of those that are left.
    pub(super) rows: usize,
}

/// Where a line ends, and what there is to know of it without reading it.
#[derive(Clone, Copy)]
struct Place {
    end: u32,
    rows: u16,
    /// It was cut only because it is too long: the next line goes on with it.
    goes_on: bool,
}

impl Block {
    pub(super) fn is_full(&self) -> bool {
        self.places.len() >= FULL
    }

    /// Lines that are left.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.gone
    }

    /// Bytes of memory that it takes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let links: usize = self.links.iter().map(|link| link.uri().len() + 64).sum();
        size_of::<Self>()
            + self.bytes.capacity()
            + self.links.capacity() * size_of::<Hyperlink>()
            + self.places.capacity() * size_of::<Place>()
            + links
    }

    pub(super) fn push(&mut self, cells: &[Cell], rows: usize, goes_on: bool) {
        let (bytes, links) = (self.bytes.len(), self.links.len());
        line::encode(cells, &mut self.bytes, &mut self.links);
        let new_links = self.links[links..].iter().map(|link| link.uri().len() + link.id().len());
        self.weight += self.bytes.len() - bytes + new_links.sum::<usize>();
        let (end, rows) = (self.bytes.len() as u32, rows as u16);
        self.places.push(Place { end, rows, goes_on });
        self.rows += usize::from(rows);
        if self.is_full() {
            self.bytes.shrink_to_fit();
            self.links.shrink_to_fit();
            self.places.shrink_to_fit();
        }
    }

    /// The line at `index` of those that are left.
    pub(super) fn line(&self, index: usize) -> Line<'_> {
        let at = index + self.gone;
        let start = at.checked_sub(1).map_or(0, |before| self.places[before].end as usize);
        let bytes = &self.bytes[start..self.places[at].end as usize];
        Line { bytes, links: &self.links }
    }

    pub(super) fn rows_of(&self, index: usize) -> usize {
        self.places[index + self.gone].rows.into()
    }

    pub(super) fn goes_on(&self, index: usize) -> bool {
        self.places[index + self.gone].goes_on
    }

    /// Drops the first line; how many rows that were.
    pub(super) fn drop_first(&mut self) -> usize {
        let rows = self.rows_of(0);
        self.gone += 1;
        self.rows -= rows;
        rows
    }

    /// Takes the last line off.
    pub(super) fn pop(&mut self, into: &mut Vec<Cell>) {
        let last = self.len() - 1;
        self.line(last).decode(into);
        self.rows -= self.rows_of(last);
        self.places.pop();
        let left = self.places.last().map_or(0, |place| place.end as usize);
        self.weight -= self.bytes.len() - left;
        self.bytes.truncate(left);
    }

    /// Counts the rows anew for another width.
    pub(super) fn lay_out(&mut self, columns: usize) {
        self.rows = 0;
        for index in 0..self.len() {
            let rows = layout::count(self.line(index), columns);
            self.places[index + self.gone].rows = rows as u16;
            self.rows += rows;
        }
    }
}
