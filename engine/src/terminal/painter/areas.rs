use fanlight_core::{Color, Point, Rect};

use crate::terminal::fonts::CellMetrics;

/// A rectangle of cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) top: usize,
    pub(super) bottom: usize,
}

impl Area {
    pub(super) fn columns(self) -> usize {
        self.right - self.left
    }

    pub(super) fn rows(self) -> usize {
        self.bottom - self.top
    }

    /// Its pixels.
    pub(super) fn rect(self, metrics: CellMetrics) -> Rect {
        let Point { x, y } = corner(metrics, self.left, self.top);
        let width = self.columns() as u32 * metrics.width;
        let height = self.rows() as u32 * metrics.height;
        Rect { x, y, width, height }
    }
}

/// The top left pixel of a cell.
pub(super) fn corner(metrics: CellMetrics, column: usize, row: usize) -> Point {
    Point { x: (column as u32 * metrics.width) as i32, y: (row as u32 * metrics.height) as i32 }
}

/// Areas and their colours: few, and those of one colour together.
#[derive(Default)]
pub(super) struct Fills(Vec<(Area, Color)>);

impl Fills {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Area, Color)> {
        self.0.iter().copied()
    }

    /// Adds a cell to the run before it, if that is of this row (from `first` on).
    pub(super) fn add(&mut self, column: usize, row: usize, color: Color, first: usize) {
        if let Some((area, known)) = self.0[first..].last_mut()
            && area.right == column
            && *known == color
        {
            area.right += 1;
            return;
        }
        let area = Area { left: column, right: column + 1, top: row, bottom: row + 1 };
        self.0.push((area, color));
    }

    /// The colour of the last run of this row (from `first` on).
    pub(super) fn last_color(&self, first: usize) -> Option<Color> {
        self.0[first..].last().map(|(_, color)| *color)
    }

    /// Lets the last run of this row (from `first` on) go on up to a column.
    pub(super) fn stretch(&mut self, column: usize, first: usize) {
        if let Some((area, _)) = self.0[first..].last_mut() {
            area.right = column;
        }
    }

    /// Joins the runs from `first` on with equal ones right above.
    pub(super) fn join(&mut self, first: usize) {
        for (run, color) in self.0.split_off(first) {
            let above = self.0.iter_mut().rev().find(|(area, known)| {
                *known == color
                    && area.bottom == run.top
                    && (area.left, area.right) == (run.left, run.right)
            });
            match above {
                Some((area, _)) => area.bottom = run.bottom,
                None => self.0.push((run, color)),
            }
        }
    }

    /// Puts those of one colour together: they are sent with one instruction.
    pub(super) fn sort(&mut self) {
        self.0.sort_by_key(|(_, color)| (color.r, color.g, color.b));
    }
}
