use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source};
use swash::zeno::{Angle, Format, Transform};

use super::cache::GlyphKey;
use super::{Glyph, Mask, boxes, emoji, symbols};
use crate::terminal::fonts::{CellMetrics, Faces};

/// Slant of an italic that has no face of its own, as DejaVu's oblique.
const SLANT_DEGREES: f32 = 11.0;
/// Thickening of a bold that has no face of its own, in font sizes.
const THICKENING: f32 = 1.0 / 32.0;
/// An advance below this, in pixels, is a mark that sits on the character before it.
const NO_ADVANCE: f32 = 0.5;

/// Draws a character and its marks.
pub(super) fn rasterise(context: &mut ScaleContext, key: GlyphKey, text: &str) -> Glyph {
    if (key.pictogram || !has_face(text))
        && let Some(pictogram) = emoji::draw(context, key, text)
    {
        return Glyph::Pictogram(pictogram);
    }
    let mut pen = Pen::new(context, key);
    let mut characters = text.chars();
    if let Some(base) = characters.next() {
        pen.base(base);
    }
    for mark in characters {
        pen.mark(mark);
    }
    Glyph::Mask(Mask::from_alpha(pen.width, &pen.alpha))
}

/// Whether a face other than that of the pictograms shows the text's base.
fn has_face(text: &str) -> bool {
    text.chars().next().is_some_and(|base| Faces::bundled().find(base, false, false).is_some())
}

struct Pen<'a> {
    context: &'a mut ScaleContext,
    key: GlyphKey,
    metrics: CellMetrics,
    width: u32,
    alpha: Vec<u8>,
    /// Where the base character began, and how far it went, in pixels.
    origin: f32,
    advance: f32,
}

impl<'a> Pen<'a> {
    fn new(context: &'a mut ScaleContext, key: GlyphKey) -> Self {
        let metrics = key.metrics;
        let width = metrics.width * if key.wide { 2 } else { 1 };
        let alpha = vec![0; (width * metrics.height) as usize];
        Self { context, key, metrics, width, alpha, origin: 0.0, advance: 0.0 }
    }

    fn base(&mut self, c: char) {
        let (metrics, width) = (self.metrics, self.width);
        if boxes::draw(c, metrics, width, &mut self.alpha)
            || symbols::draw(c, metrics, width, &mut self.alpha)
        {
            return;
        }
        let Some((face, glyph)) = Faces::bundled().find(c, self.key.bold, self.key.italic) else {
            boxes::hollow(self.metrics, self.width, &mut self.alpha);
            return;
        };
        let mut size = self.metrics.size.pixels();
        self.advance = face.glyph_metrics(&[]).scale(size).advance_width(glyph);
        let room = self.width as f32;
        if self.advance > room + NO_ADVANCE {
            size *= room / self.advance;
            self.advance = room;
        }
        self.origin = ((room - self.advance) / 2.0).floor().max(0.0);
        self.glyph(face, glyph, size, self.origin);
    }

    fn mark(&mut self, c: char) {
        let Some((face, glyph)) = Faces::bundled().find(c, self.key.bold, self.key.italic) else {
            return;
        };
        let size = self.metrics.size.pixels();
        let advance = face.glyph_metrics(&[]).scale(size).advance_width(glyph);
        let before = if advance < NO_ADVANCE { self.advance } else { 0.0 };
        self.glyph(face, glyph, size, self.origin + before);
    }

    fn glyph(&mut self, face: FontRef<'static>, glyph: u16, size: f32, x: f32) {
        let mut scaler = self.context.builder(face).size(size).hint(true).build();
        let mut render = Render::new(&[Source::Outline]);
        render.format(Format::Alpha);
        if Faces::bundled().is_fallback(face) {
            if self.key.bold {
                render.embolden(size * THICKENING);
            }
            if self.key.italic {
                let slant = Angle::from_degrees(SLANT_DEGREES);
                render.transform(Some(Transform::skew(slant, Angle::ZERO)));
            }
        }
        let Some(image) = render.render(&mut scaler, glyph) else { return };
        let left = x.round() as i32 + image.placement.left;
        let top = self.metrics.baseline as i32 - image.placement.top;
        let across = image.placement.width as usize;
        for (row, pixels) in image.data.chunks_exact(across.max(1)).enumerate() {
            for (column, alpha) in pixels.iter().enumerate() {
                self.put(left + column as i32, top + row as i32, *alpha);
            }
        }
    }

    fn put(&mut self, x: i32, y: i32, alpha: u8) {
        let inside = x >= 0 && y >= 0 && x < self.width as i32 && y < self.metrics.height as i32;
        if inside {
            let pixel = &mut self.alpha[y as usize * self.width as usize + x as usize];
            *pixel = pixel.saturating_add(alpha);
        }
    }
}
