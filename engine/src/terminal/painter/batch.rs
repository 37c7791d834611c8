use fanlight_core::{Canvas, Composite, Layer};

use super::areas::{Area, Fills, corner};
use super::cells::{PICTOGRAM, PaintCell};
use super::compose::Sheet;
use super::frame::Frame;
use super::picture;
use super::rows::Rows;
use super::slots::{BUFFER, Place, Slots};

/// Bytes on the wire, as measured, by which a row's cheaper form is chosen.
const COPY_COST: usize = 52;
const FILL_COST: usize = 80;
const UPLOAD_COST: usize = 40;
const PICTURE_COST: usize = 330;
const PICTURE_GLYPH_COST: usize = 16;
const PICTURE_BLANK_COST: usize = 1;
/// Pixels of one picture at most.
const LARGEST_PICTURE: usize = 2 << 20;

/// Cells of one row that are copied side by side from the buffer.
struct Copy {
    slot: u16,
    count: u32,
    column: usize,
    row: usize,
}

/// Everything that one frame has to draw.
#[derive(Default)]
pub(super) struct Batch {
    uploads: Vec<(u16, PaintCell)>,
    copies: Vec<Copy>,
    fills: Fills,
    pictures: Vec<Area>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.copies.is_empty() && self.fills.is_empty() && self.pictures.is_empty()
    }

    /// Decides how each row gets from `old` to what `frame` shows.
    pub(super) fn collect(&mut self, frame: &Frame, old: &Rows, slots: &mut Slots) {
        let columns = frame.shape.columns;
        for row in (0..frame.shape.rows).filter(|row| !old.is_same(*row, &frame.rows, *row)) {
            let (old, new) = (old.row(row), frame.row(row));
            let Some(left) = (0..columns).find(|column| old[*column] != new[*column]) else {
                continue;
            };
            let right =
                (0..columns).rfind(|column| old[*column] != new[*column]).unwrap_or(left) + 1;
            let area = Area { left, right, top: row, bottom: row + 1 };
            let pixels = frame.shape.metrics.width * frame.shape.metrics.height;
            if self.picture_is_cheaper(area, old, new, slots)
                || !self.cells(row, area, old, new, slots)
            {
                self.picture(area, LARGEST_PICTURE / pixels as usize);
            }
        }
    }

    fn picture_is_cheaper(
        &self,
        area: Area,
        old: &[PaintCell],
        new: &[PaintCell],
        slots: &Slots,
    ) -> bool {
        let joins = self.pictures.last().is_some_and(|last| last.bottom == area.top);
        let mut picture = if joins { 0 } else { PICTURE_COST };
        let mut cells = 0;
        let mut filling = None;
        for column in area.left..area.right {
            let cell = new[column];
            let blank = cell.is_blank();
            picture += if blank { PICTURE_BLANK_COST } else { PICTURE_GLYPH_COST };
            if old[column] == cell {
                filling = None;
            } else if blank {
                cells += if filling == Some(cell) { 0 } else { FILL_COST };
                filling = Some(cell);
            } else {
                cells += COPY_COST + if slots.holds(cell) { 0 } else { UPLOAD_COST };
                filling = None;
            }
        }
        picture < cells
    }

    /// Draws a row cell by cell; `false`, and nothing done, when the buffer is too small
    /// for all that this frame needs.
    fn cells(
        &mut self,
        row: usize,
        area: Area,
        old: &[PaintCell],
        new: &[PaintCell],
        slots: &mut Slots,
    ) -> bool {
        let (copies, fills) = (self.copies.len(), self.fills.len());
        for column in (area.left..area.right).filter(|column| old[*column] != new[*column]) {
            let cell = new[column];
            if cell.is_blank() {
                self.fills.add(column, row, cell.background_color(), fills);
                continue;
            }
            let slot = match slots.place(cell) {
                Some(Place::Known(slot)) => slot,
                Some(Place::New(slot)) => {
                    self.uploads.push((slot, cell));
                    slot
                }
                None => {
                    self.copies.truncate(copies);
                    self.fills.truncate(fills);
                    return false;
                }
            };
            self.copy(slot, column, row, slots);
        }
        self.fills.join(fills);
        true
    }

    fn copy(&mut self, slot: u16, column: usize, row: usize, slots: &Slots) {
        if let Some(last) = self.copies.last_mut()
            && last.row == row
            && last.column + last.count as usize == column
            && slots.adjoin(last.slot + last.count as u16 - 1, slot)
        {
            last.count += 1;
            return;
        }
        self.copies.push(Copy { slot, count: 1, column, row });
    }

    fn picture(&mut self, area: Area, most_cells: usize) {
        if let Some(last) = self.pictures.last_mut().filter(|last| last.bottom == area.top) {
            let (left, right) = (last.left.min(area.left), last.right.max(area.right));
            if (right - left) * (area.bottom - last.top) <= most_cells {
                *last = Area { left, right, top: last.top, bottom: area.bottom };
                return;
            }
        }
        self.pictures.push(area);
    }

    /// Draws it all.
    pub(super) fn emit(mut self, frame: &Frame, slots: &Slots, canvas: &mut dyn Canvas) {
        self.uploads.sort_unstable_by_key(|(slot, _)| *slot);
        let near = |left: &(u16, PaintCell), right: &(u16, PaintCell)| {
            slots.adjoin(left.0, right.0) && (left.1.style() ^ right.1.style()) & PICTOGRAM == 0
        };
        for strip in self.uploads.chunk_by(near) {
            let mut sheet = Sheet::new(frame.shape.metrics, &frame.clusters, strip.len(), 1);
            for (column, (_, cell)) in strip.iter().enumerate() {
                sheet.draw(column, 0, *cell);
            }
            sheet.put(canvas, BUFFER, slots.point(strip[0].0));
        }
        let metrics = frame.shape.metrics;
        self.fills.sort();
        for (area, color) in self.fills.iter() {
            canvas.fill(Layer::DEFAULT, area.rect(metrics), color);
        }
        for copy in &self.copies {
            let at = corner(metrics, copy.column, copy.row);
            let from = slots.rect(copy.slot, copy.count);
            canvas.copy(BUFFER, from, Layer::DEFAULT, at, Composite::Over);
        }
        for area in &self.pictures {
            picture::put(frame, *area, canvas);
        }
    }
}
