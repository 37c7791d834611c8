//! Pictograms in colour, also where several characters are one: flags, skin tones, people
//! joined by U+200D ("Unicode Emoji", UTS #51).

use std::sync::LazyLock;

use lru::LruCache;
use parking_lot::Mutex;
use swash::FontRef;
use swash::scale::ScaleContext;
use swash::scale::outline::Outline;
use swash::shape::ShapeContext;
use swash::zeno::{Mask, Origin};

use super::cache::GlyphKey;
use super::{LEVEL_STEP, Pictogram, level};
use crate::terminal::fonts::Faces;

/// Asks for the form in colours.
const COLORED: char = '\u{FE0F}';
/// Asks for the form in the text's colour.
const PLAIN: char = '\u{FE0E}';
/// Joins pictograms to one.
pub(in crate::terminal) const JOINER: char = '\u{200D}';
/// Answers that are kept on whether characters are one pictogram.
const MOST_ANSWERS: usize = 1024;
/// Part of the drawings, which are squares, that lies below the baseline.
const BELOW_BASELINE: f32 = 0.125;
const PIXEL: usize = 4;

struct Answers {
    known: LruCache<String, bool>,
    context: ShapeContext,
}

static ANSWERS: LazyLock<Mutex<Answers>> = LazyLock::new(|| {
    Mutex::new(Answers { known: LruCache::unbounded(), context: ShapeContext::new() })
});

/// Whether a character with these marks, as wide as two cells or not, is a pictogram.
pub(in crate::terminal) fn is_pictogram(base: char, marks: &[char], wide: bool) -> bool {
    let asked = marks.contains(&COLORED);
    let east_asian = matches!(base, '\u{3000}'..='\u{33FF}');
    let usual = wide && !east_asian && !marks.contains(&PLAIN);
    !base.is_ascii() && (asked || usual) && has(base)
}

/// Half of a flag.
pub(in crate::terminal) fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// A skin tone, for the person before it.
pub(in crate::terminal) fn is_modifier(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// Whether these characters together are one pictogram.
pub(in crate::terminal) fn is_one(text: &str) -> bool {
    let mut answers = ANSWERS.lock();
    if let Some(answer) = answers.known.get(text) {
        return *answer;
    }
    let Some(face) = Faces::bundled().emoji() else { return false };
    let answer = whole(&mut answers.context, face, text).is_some();
    if answers.known.len() >= MOST_ANSWERS {
        answers.known.pop_lru();
    }
    answers.known.put(text.to_owned(), answer);
    answer
}

fn has(c: char) -> bool {
    Faces::bundled().emoji().is_some_and(|face| face.charmap().map(c) != 0)
}

/// The glyph that all of the text is, if it is one.
fn one_glyph(context: &mut ShapeContext, face: FontRef<'static>, text: &str) -> Option<u16> {
    let mut shaper = context.builder(face).build();
    shaper.add_str(text);
    let mut glyphs = Vec::new();
    shaper.shape_with(|cluster| glyphs.extend(cluster.glyphs.iter().map(|glyph| glyph.id)));
    match glyphs[..] {
        [glyph] if glyph != 0 => Some(glyph),
        _ => None,
    }
}

/// The same, also where the face leaves out what asks for colours.
fn whole(context: &mut ShapeContext, face: FontRef<'static>, text: &str) -> Option<u16> {
    let without = || text.replace(COLORED, "");
    one_glyph(context, face, text).or_else(|| one_glyph(context, face, &without()))
}

/// The glyph of a text, or else that of its base.
fn find(face: FontRef<'static>, text: &str) -> Option<u16> {
    whole(&mut ANSWERS.lock().context, face, text)
        .or_else(|| text.chars().next().map(|base| face.charmap().map(base)))
        .filter(|glyph| *glyph != 0)
}

/// Draws a pictogram as large as the cells allow; `None` where there is none.
pub(super) fn draw(context: &mut ScaleContext, key: GlyphKey, text: &str) -> Option<Pictogram> {
    let face = Faces::bundled().emoji()?;
    let glyph = find(face, text)?;
    let width = key.metrics.width * if key.wide { 2 } else { 1 };
    let height = key.metrics.height;
    let size = width.min(height) as f32;
    let outline = context.builder(face).size(size).build().scale_color_outline(glyph)?;
    let left = ((width as f32 - size) / 2.0).floor();
    let baseline = (height as f32 + size) / 2.0 - size * BELOW_BASELINE;
    let mut sheet = Sheet { width, height, rgba: vec![0; (width * height) as usize * PIXEL] };
    sheet.layers(face, &outline, (left as i32, baseline.round() as i32));
    Some(Pictogram { width, rgba: sheet.rgba.into() })
}

struct Sheet {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Sheet {
    fn layers(&mut self, face: FontRef<'static>, outline: &Outline, origin: (i32, i32)) {
        let Some(palette) = face.color_palettes().next() else { return };
        for layer in (0..outline.len()).filter_map(|index| outline.get(index)) {
            let color = layer.color_index().map_or([0, 0, 0, u8::MAX], |at| palette.get(at));
            // The placement is right only where the size was asked for before.
            let (alpha, place) =
                Mask::new(layer.path()).origin(Origin::BottomLeft).inspect(|_, _, _| {}).render();
            let (left, top) = (origin.0 + place.left, origin.1 - place.top);
            for (y, row) in (top..).zip(alpha.chunks_exact(place.width.max(1) as usize)) {
                for (x, alpha) in (left..).zip(row) {
                    self.blend(x, y, color, *alpha);
                }
            }
        }
    }

    /// Lays a colour over what is there.
    fn blend(&mut self, x: i32, y: i32, [r, g, b, a]: [u8; PIXEL], mask: u8) {
        let inside = x >= 0 && y >= 0 && x < self.width as i32 && y < self.height as i32;
        let alpha = u32::from(level(mask)) * u32::from(LEVEL_STEP) * u32::from(a) / 255;
        if !inside || alpha == 0 {
            return;
        }
        let at = (y as usize * self.width as usize + x as usize) * PIXEL;
        for (below, above) in self.rgba[at..at + PIXEL].iter_mut().zip([r, g, b, u8::MAX]) {
            let mixed = u32::from(above) * alpha + u32::from(*below) * (255 - alpha);
            *below = ((mixed + 127) / 255) as u8;
        }
    }
}
