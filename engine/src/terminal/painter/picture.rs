use fanlight_core::{Canvas, Color, Composite, Layer, Point, Rect};

use super::areas::{Area, Fills, corner};
use super::cells::{Look, PICTOGRAM, PaintCell, UNDERLINES};
use super::compose::Sheet;
use super::frame::Frame;

/// Holds what is about to be tinted.
const SCRATCH: Layer = Layer(-3);
/// Draws an area as a picture. Letters of one colour on one background are one image. All
/// others are sent without colour and tinted by the viewer: that takes the less, the more
/// colours there are; a screen of rainbow text, whose shades fit no palette, a third of
/// its exact pixels. Pictograms follow one by one.
pub(super) fn put(frame: &Frame, area: Area, canvas: &mut dyn Canvas) {
    let picture = Picture { frame, area };
    let single =
        if picture.has_one_pair() { picture.plain(canvas) } else { picture.tinted(canvas) };
    for area in single {
        let mut sheet = picture.sheet(area);
        for column in area.left..area.right {
            sheet.draw(column - area.left, 0, frame.row(area.top)[column]);
        }
        sheet.put(canvas, Layer::DEFAULT, corner(frame.shape.metrics, area.left, area.top));
    }
}

struct Picture<'a> {
    frame: &'a Frame,
    area: Area,
}

impl<'a> Picture<'a> {
    fn sheet(&self, area: Area) -> Sheet<'a> {
        Sheet::new(self.frame.shape.metrics, &self.frame.clusters, area.columns(), area.rows())
    }

    /// All cells: column and row within the picture, and what is there.
    fn cells(&self) -> impl Iterator<Item = (usize, usize, PaintCell)> {
        let Area { left, right, top, bottom } = self.area;
        (top..bottom).flat_map(move |row| {
            let cells = &self.frame.row(row)[left..right];
            cells.iter().enumerate().map(move |(column, cell)| (column, row - top, *cell))
        })
    }

    /// Whether all letters have one colour, and one background.
    fn has_one_pair(&self) -> bool {
        let letters = self.cells().map(|(_, _, cell)| cell).filter(|cell| !cell.is_blank());
        let mut pairs = letters
            .map(|cell| cell.look())
            .map(|look| (look.foreground, look.background, look.line));
        let first = pairs.next();
        pairs.all(|pair| Some(pair) == first)
    }

    /// Draws it as one image, and returns what that leaves out.
    fn plain(&self, canvas: &mut dyn Canvas) -> Vec<Area> {
        let mut sheet = self.sheet(self.area);
        let mut left_out = LeftOut::new(self.area);
        for (column, row, cell) in self.cells() {
            if cell.style() & PICTOGRAM == 0 {
                sheet.draw(column, row, cell);
            } else {
                sheet.draw(column, row, PaintCell::blank(cell.background_color()));
                left_out.add(column, row);
            }
        }
        let Point { x, y } = corner(self.frame.shape.metrics, self.area.left, self.area.top);
        sheet.put(canvas, Layer::DEFAULT, Point { x, y });
        left_out.areas
    }

    /// Draws backgrounds, then letters without colour into a buffer, tints them there and
    /// lays them over. Returns what that leaves out.
    fn tinted(&self, canvas: &mut dyn Canvas) -> Vec<Area> {
        let metrics = self.frame.shape.metrics;
        let (sheet, tints, left_out) = self.letters();
        for (area, color) in self.backgrounds().iter() {
            canvas.fill(Layer::DEFAULT, area.rect(metrics), color);
        }
        sheet.put(canvas, SCRATCH, Point::default());
        for (area, color) in tints.iter() {
            canvas.tint(SCRATCH, area.rect(metrics), color);
        }
        let Rect { x, y, width, height } = self.area.rect(metrics);
        let from = Rect { x: 0, y: 0, width, height };
        canvas.copy(SCRATCH, from, Layer::DEFAULT, Point { x, y }, Composite::Over);
        canvas.dispose(SCRATCH);
        left_out
    }

    /// What all backgrounds come to, in cells of the screen.
    fn backgrounds(&self) -> Fills {
        let mut fills = Fills::default();
        let mut first = 0;
        for (column, row, cell) in self.cells() {
            if column == 0 {
                fills.join(first);
                first = fills.len();
            }
            let (column, row) = (self.area.left + column, self.area.top + row);
            fills.add(column, row, cell.background_color(), first);
        }
        fills.join(first);
        fills.sort();
        fills
    }

    /// The letters without colour, their colours in cells of the picture, and what has
    /// more than one colour.
    fn letters(&self) -> (Sheet<'a>, Fills, Vec<Area>) {
        let mut sheet = self.sheet(self.area);
        let (mut tints, mut first) = (Fills::default(), 0);
        let mut left_out = LeftOut::new(self.area);
        for (column, row, cell) in self.cells() {
            if column == 0 {
                tints.join(first);
                first = tints.len();
            }
            if cell.is_blank() {
                continue;
            }
            if !has_one_color(cell) || !sheet.draw_mask(column, row, cell) {
                left_out.add(column, row);
                continue;
            }
            let [r, g, b] = cell.look().foreground;
            // What is blank between takes any colour.
            let color = Color { r, g, b };
            if tints.last_color(first) == Some(color) {
                tints.stretch(column, first);
            }
            tints.add(column, row, color, first);
        }
        tints.join(first);
        tints.sort();
        (sheet, tints, left_out.areas)
    }
}

fn has_one_color(cell: PaintCell) -> bool {
    let Look { foreground, line, style, .. } = cell.look();
    let lined = style & UNDERLINES != 0 || cell.has_line_cursor();
    style & PICTOGRAM == 0 && (!lined || line == foreground)
}

/// Cells of the screen that a picture leaves out, in runs.
struct LeftOut {
    picture: Area,
    areas: Vec<Area>,
}

impl LeftOut {
    fn new(picture: Area) -> Self {
        Self { picture, areas: Vec::new() }
    }

    fn add(&mut self, column: usize, row: usize) {
        let (left, top) = (self.picture.left + column, self.picture.top + row);
        match self.areas.last_mut().filter(|last| (last.top, last.right) == (top, left)) {
            Some(last) => last.right += 1,
            None => self.areas.push(Area { left, right: left + 1, top, bottom: top + 1 }),
        }
    }
}
