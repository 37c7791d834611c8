use std::sync::LazyLock;

use fanlight_core::Viewport;
use swash::FontRef;

const REGULAR: &[u8] = include_bytes!("../../fonts/DejaVuSansMono.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSansMono-Bold.ttf");
const OBLIQUE: &[u8] = include_bytes!("../../fonts/DejaVuSansMono-Oblique.ttf");
const BOLD_OBLIQUE: &[u8] = include_bytes!("../../fonts/DejaVuSansMono-BoldOblique.ttf");
/// East Asian scripts.
const FALLBACK: &[u8] = include_bytes!("../../fonts/DroidSansFallbackFull.ttf");
const HANGUL: &[u8] = include_bytes!("../../fonts/Hangul.ttf");
/// Scripts of India, South-East Asia, Ethiopia and the Cherokee.
const SCRIPTS: &[u8] = include_bytes!("../../fonts/Scripts.ttf");
/// More alphabets and symbols, in letters of different widths.
const LAST: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");
/// Pictograms, each of several layers in colours of its own.
const EMOJI: &[u8] = include_bytes!("../../fonts/Emoji.ttf");

const POINTS_PER_INCH: f32 = 72.0;
const QUARTERS: f32 = 4.0;
const PIXELS: std::ops::RangeInclusive<f32> = 6.0..=256.0;

/// A font size in quarters of a pixel, so that it can be part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FontSize(u16);

impl FontSize {
    pub(super) fn new(points: f32, viewport: Viewport) -> Self {
        let pixels = points * viewport.dpi as f32 / POINTS_PER_INCH;
        Self((pixels.clamp(*PIXELS.start(), *PIXELS.end()) * QUARTERS).round() as u16)
    }

    pub(super) fn pixels(self) -> f32 {
        f32::from(self.0) / QUARTERS
    }
}

/// The bundled faces; `None` for one that cannot be read.
pub(super) struct Faces {
    styles: [Option<FontRef<'static>>; 4],
    fallbacks: [Option<FontRef<'static>>; 4],
    emoji: Option<FontRef<'static>>,
}

static FACES: LazyLock<Faces> = LazyLock::new(|| Faces {
    styles: [REGULAR, BOLD, OBLIQUE, BOLD_OBLIQUE].map(|data| FontRef::from_index(data, 0)),
    fallbacks: [FALLBACK, HANGUL, SCRIPTS, LAST].map(|data| FontRef::from_index(data, 0)),
    emoji: FontRef::from_index(EMOJI, 0),
});

impl Faces {
    pub(super) fn bundled() -> &'static Self {
        &FACES
    }

    /// The face of the pictograms.
    pub(super) fn emoji(&self) -> Option<FontRef<'static>> {
        self.emoji
    }

    /// Whether this face has neither weights nor slants.
    pub(super) fn is_fallback(&self, face: FontRef<'_>) -> bool {
        self.fallbacks.iter().flatten().any(|fallback| fallback.key == face.key)
    }

    /// The face that has `c`, and its glyph: the wanted style first, then the upright
    /// ones, then the fall-backs.
    pub(super) fn find(
        &self,
        c: char,
        bold: bool,
        italic: bool,
    ) -> Option<(FontRef<'static>, u16)> {
        let wanted = usize::from(bold) + 2 * usize::from(italic);
        let styles = [self.styles[wanted], self.styles[usize::from(bold)], self.styles[0]];
        styles.into_iter().chain(self.fallbacks).flatten().find_map(|face| {
            match face.charmap().map(c) {
                0 => None,
                glyph => Some((face, glyph)),
            }
        })
    }
}

/// The measures of a cell, in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CellMetrics {
    pub(super) size: FontSize,
    pub(super) width: u32,
    pub(super) height: u32,
    /// From the top of the cell to the baseline.
    pub(super) baseline: u32,
    /// From the top of the cell to the top of an underline.
    pub(super) underline: u32,
    /// From the top of the cell to the top of a line through the text.
    pub(super) strikeout: u32,
    /// Thickness of lines.
    pub(super) stroke: u32,
}

impl CellMetrics {
    pub(super) fn new(size: FontSize) -> Self {
        let Some(face) = Faces::bundled().styles[0] else { return Self::without_font(size) };
        let metrics = face.metrics(&[]).scale(size.pixels());
        let advance =
            face.glyph_metrics(&[]).scale(size.pixels()).advance_width(face.charmap().map('M'));
        let baseline = metrics.ascent.round();
        let height = (metrics.ascent + metrics.descent + metrics.leading).round().max(4.0) as u32;
        let stroke = metrics.stroke_size.round().max(1.0) as u32;
        let underline = (baseline - metrics.underline_offset).round().max(0.0) as u32;
        Self {
            size,
            width: advance.round().max(2.0) as u32,
            height,
            baseline: baseline as u32,
            underline: underline.max(baseline as u32 + 1).min(height.saturating_sub(stroke)),
            strikeout: (baseline - metrics.strikeout_offset).round().max(0.0) as u32,
            stroke,
        }
    }

    fn without_font(size: FontSize) -> Self {
        let (width, height) = ((size.pixels() * 0.6) as u32, (size.pixels() * 1.2) as u32);
        let baseline = height * 4 / 5;
        Self {
            size,
            width,
            height,
            baseline,
            underline: baseline + 1,
            strikeout: height / 2,
            stroke: 1,
        }
    }
}
