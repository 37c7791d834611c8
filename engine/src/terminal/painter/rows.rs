use super::cells::PaintCell;

/// The cells of a screen, and a hash of each row.
#[derive(Clone, Default)]
pub(super) struct Rows {
    columns: usize,
    cells: Vec<PaintCell>,
    hashes: Vec<u64>,
}

impl Rows {
    /// None yet, with room for `rows`.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        let (cells, hashes) = (Vec::with_capacity(columns * rows), Vec::with_capacity(rows));
        Self { columns, cells, hashes }
    }

    /// Rows that all look like `cell`.
    pub(super) fn filled(columns: usize, rows: usize, cell: PaintCell) -> Self {
        let cells = vec![cell; columns * rows];
        let hash = cells[..columns].iter().fold(0, |hash, cell| cell.mix_into(hash));
        Self { columns, cells, hashes: vec![hash; rows] }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn row(&self, row: usize) -> &[PaintCell] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    pub(super) fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Adds a cell to the row that is being filled.
    pub(super) fn push(&mut self, cell: PaintCell) {
        self.cells.push(cell);
    }

    /// The row that was filled is whole.
    pub(super) fn end_row(&mut self) {
        let row = self.row(self.hashes.len());
        self.hashes.push(row.iter().fold(0, |hash, cell| cell.mix_into(hash)));
    }

    /// Whether a row looks like one of another screen.
    pub(super) fn is_same(&self, row: usize, other: &Self, theirs: usize) -> bool {
        self.hashes[row] == other.hashes[theirs] && self.row(row) == other.row(theirs)
    }

    /// Copies `count` rows from one place to another.
    pub(super) fn copy(&mut self, from: usize, to: usize, count: usize) {
        let columns = self.columns;
        self.cells.copy_within(from * columns..(from + count) * columns, to * columns);
        self.hashes.copy_within(from..from + count, to);
    }
}
