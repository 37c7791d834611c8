use std::sync::Arc;

use fanlight_core::{Canvas, Image, Layer, Point};

use super::cells::{
    BEAM_CURSOR, BOLD, CURL, Clusters, DASHED, DOTTED, DOUBLE_UNDERLINE, HOLLOW_CURSOR, ITALIC,
    Look, PICTOGRAM, PaintCell, SPACE, STRIKEOUT, UNDERLINE, UNDERLINE_CURSOR, WIDE_LEFT,
    WIDE_RIGHT,
};
use crate::terminal::fonts::CellMetrics;
use crate::terminal::glyphs::{self, Glyph, GlyphKey, LEVEL_STEP, LEVELS, Mask, Pictogram};

const PIXEL: usize = 4;
const OPAQUE: u8 = 255;
const WHITE: [u8; 3] = [255; 3];

/// A rectangle of cells, drawn pixel by pixel.
pub(super) struct Sheet<'a> {
    metrics: CellMetrics,
    clusters: &'a Clusters,
    columns: usize,
    rows: usize,
    rgba: Vec<u8>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(
        metrics: CellMetrics,
        clusters: &'a Clusters,
        columns: usize,
        rows: usize,
    ) -> Self {
        let pixels = columns * rows * (metrics.width * metrics.height) as usize;
        Self { metrics, clusters, columns, rows, rgba: vec![0; pixels * PIXEL] }
    }

    fn stride(&self) -> usize {
        self.columns * self.metrics.width as usize * PIXEL
    }

    pub(super) fn draw(&mut self, column: usize, row: usize, cell: PaintCell) {
        let (cell, start) = (cell.look(), self.start(column, row));
        if cell.glyph == SPACE {
            let (width, height) = (self.metrics.width as usize, self.metrics.height as usize);
            let stride = self.stride();
            for y in 0..height {
                paint(&mut self.rgba[start + y * stride..][..width * PIXEL], cell.background);
            }
        } else {
            match &*self.glyph(cell) {
                Glyph::Mask(mask) => self.mask(start, mask, cell, &shades(cell)),
                Glyph::Pictogram(pictogram) => self.pictogram(start, pictogram, cell),
            }
        }
        if cell.style != 0 {
            self.decorations(start, cell);
        }
    }

    /// Draws a cell without colours: white, as opaque as it covers. `false`, and nothing
    /// done, where it has colours of its own.
    pub(super) fn draw_mask(&mut self, column: usize, row: usize, cell: PaintCell) -> bool {
        let (cell, start) = (cell.look(), self.start(column, row));
        let white = Look { foreground: WHITE, line: WHITE, ..cell };
        if cell.glyph != SPACE {
            let glyph = self.glyph(cell);
            let Glyph::Mask(mask) = &*glyph else { return false };
            self.mask(start, mask, cell, &transparencies());
        }
        self.decorations(start, white);
        true
    }

    fn start(&self, column: usize, row: usize) -> usize {
        let (width, height) = (self.metrics.width as usize, self.metrics.height as usize);
        row * height * self.stride() + column * width * PIXEL
    }

    fn glyph(&self, cell: Look) -> Arc<Glyph> {
        let key = GlyphKey {
            glyph: cell.glyph,
            metrics: self.metrics,
            bold: cell.style & BOLD != 0,
            italic: cell.style & ITALIC != 0,
            wide: cell.style & (WIDE_LEFT | WIDE_RIGHT) != 0,
            pictogram: cell.style & PICTOGRAM != 0,
        };
        glyphs::glyph(key, || self.clusters.text(cell.glyph))
    }

    /// Pixels of a wide glyph's row that belong to the cell before.
    fn skipped(&self, cell: Look) -> usize {
        if cell.style & WIDE_RIGHT != 0 { self.metrics.width as usize } else { 0 }
    }

    fn mask(&mut self, start: usize, mask: &Mask, cell: Look, shades: &Shades) {
        let (width, stride) = (self.metrics.width as usize, self.stride());
        let skipped = self.skipped(cell);
        for (y, levels) in mask.levels.chunks_exact(mask.width as usize).enumerate() {
            let row = &mut self.rgba[start + y * stride..][..width * PIXEL];
            let levels = &levels[skipped..skipped + width];
            for (pixel, level) in row.chunks_exact_mut(PIXEL).zip(levels) {
                pixel.copy_from_slice(&shades[usize::from(*level)]);
            }
        }
    }

    fn pictogram(&mut self, start: usize, drawn: &Pictogram, cell: Look) {
        let (width, stride) = (self.metrics.width as usize, self.stride());
        let skipped = self.skipped(cell);
        for (y, pixels) in drawn.rgba.chunks_exact(drawn.width as usize * PIXEL).enumerate() {
            let row = &mut self.rgba[start + y * stride..][..width * PIXEL];
            let pixels = &pixels[skipped * PIXEL..][..width * PIXEL];
            for (pixel, above) in row.chunks_exact_mut(PIXEL).zip(pixels.chunks_exact(PIXEL)) {
                let through = 255 - u32::from(above[3]);
                for (channel, below) in cell.background.into_iter().enumerate() {
                    let below = (u32::from(below) * through + 127) / 255;
                    pixel[channel] = above[channel].saturating_add(below as u8);
                }
                pixel[3] = OPAQUE;
            }
        }
    }

    fn decorations(&mut self, start: usize, cell: Look) {
        let metrics = self.metrics;
        let (width, height, stroke) = (metrics.width, metrics.height, metrics.stroke);
        let bar = |top: u32| ((0, top), (width, stroke));
        let (right, bottom) = (width.saturating_sub(stroke), height.saturating_sub(stroke));
        let side = |x: u32| ((x, 0), (stroke, height));
        let bars = [
            (STRIKEOUT, bar(metrics.strikeout), cell.foreground),
            (UNDERLINE, bar(metrics.underline), cell.line),
            (DOUBLE_UNDERLINE, bar(metrics.underline), cell.line),
            (DOUBLE_UNDERLINE, bar(metrics.underline.saturating_sub(2 * stroke)), cell.line),
            (
                UNDERLINE_CURSOR,
                ((0, height.saturating_sub(2 * stroke)), (width, 2 * stroke)),
                cell.line,
            ),
            (BEAM_CURSOR, ((0, 0), (2 * stroke, height)), cell.line),
            (HOLLOW_CURSOR, bar(0), cell.line),
            (HOLLOW_CURSOR, bar(bottom), cell.line),
        ];
        for (_, (at, size), color) in bars.into_iter().filter(|(bit, ..)| cell.style & bit != 0) {
            self.rect(start, color, at, size);
        }
        if cell.style & HOLLOW_CURSOR != 0 {
            let open = [(WIDE_RIGHT, side(0)), (WIDE_LEFT, side(right))];
            for (_, (at, size)) in open.into_iter().filter(|(bit, _)| cell.style & bit == 0) {
                self.rect(start, cell.line, at, size);
            }
        }
        self.underline_in_parts(start, cell);
    }

    /// Lines that are not straight and whole: each cell holds whole periods of them.
    fn underline_in_parts(&mut self, start: usize, cell: Look) {
        let (width, stroke, underline) =
            (self.metrics.width, self.metrics.stroke, self.metrics.underline);
        if cell.style & DOTTED != 0 {
            let dots = (width / (2 * stroke)).max(1);
            for dot in 0..dots {
                self.rect(start, cell.line, (dot * width / dots, underline), (stroke, stroke));
            }
        }
        if cell.style & DASHED != 0 {
            self.rect(start, cell.line, (0, underline), ((width * 3 / 5).max(1), stroke));
        }
        if cell.style & CURL != 0 {
            for x in 0..width {
                let turn = f64::from(x) / f64::from(width) * std::f64::consts::TAU;
                let lift = (turn.sin() * f64::from(stroke)).round() as i32;
                let top = underline.saturating_add_signed(lift);
                self.rect(start, cell.line, (x, top), (1, stroke));
            }
        }
    }

    fn rect(&mut self, start: usize, color: [u8; 3], at: (u32, u32), size: (u32, u32)) {
        let stride = self.stride();
        let bottom = (at.1 + size.1).min(self.metrics.height);
        let right = (at.0 + size.0).min(self.metrics.width);
        for y in at.1..bottom {
            let row = start + y as usize * stride;
            let part = row + at.0 as usize * PIXEL..row + right as usize * PIXEL;
            paint(&mut self.rgba[part], color);
        }
    }

    pub(super) fn put(&self, canvas: &mut dyn Canvas, layer: Layer, at: Point) {
        let width = self.columns as u32 * self.metrics.width;
        let height = self.rows as u32 * self.metrics.height;
        canvas.image(layer, at, Image { width, height, rgba: &self.rgba });
    }
}

fn paint(pixels: &mut [u8], [r, g, b]: [u8; 3]) {
    for pixel in pixels.chunks_exact_mut(PIXEL) {
        pixel.copy_from_slice(&[r, g, b, OPAQUE]);
    }
}

/// A colour for each level.
type Shades = [[u8; PIXEL]; LEVELS];

/// White, as opaque as each level says; where there is nothing, nothing.
fn transparencies() -> Shades {
    let mut shades = [[0; PIXEL]; LEVELS];
    for (level, shade) in shades.iter_mut().enumerate().skip(1) {
        *shade = [OPAQUE, OPAQUE, OPAQUE, level as u8 * LEVEL_STEP];
    }
    shades
}

/// The colours between background and foreground, by level.
fn shades(cell: Look) -> Shades {
    let mut shades = [[OPAQUE; PIXEL]; LEVELS];
    for (level, shade) in shades.iter_mut().enumerate() {
        let alpha = level as u32 * u32::from(LEVEL_STEP);
        for (channel, value) in shade.iter_mut().take(3).enumerate() {
            let (front, back) =
                (u32::from(cell.foreground[channel]), u32::from(cell.background[channel]));
            *value = ((front * alpha + back * (255 - alpha) + 127) / 255) as u8;
        }
    }
    shades
}
