//! Characters to alpha masks and pictograms to pixels, kept for the whole process: all sessions show the same
//! letters.

mod boxes;
mod cache;
pub(super) mod emoji;
mod raster;
mod symbols;

pub(super) use cache::{GlyphKey, glyph};

/// Alpha levels of a mask. Few enough that a frame of text fits a small palette, and so
/// many that nobody sees a difference.
pub(super) const LEVELS: usize = 16;
/// Distance of two levels in 8-bit alpha.
pub(super) const LEVEL_STEP: u8 = 17;

/// What a character looks like.
pub(super) enum Glyph {
    /// It takes the colour of the text.
    Mask(Mask),
    /// It has colours of its own.
    Pictogram(Pictogram),
}

impl Glyph {
    /// Bytes that it takes.
    fn size(&self) -> usize {
        match self {
            Self::Mask(mask) => mask.levels.len(),
            Self::Pictogram(pictogram) => pictogram.rgba.len(),
        }
    }
}

/// Pixels over one cell or two.
pub(super) struct Pictogram {
    pub(super) width: u32,
    /// Red, green and blue, multiplied by alpha, and alpha, in rows from the top.
    pub(super) rgba: Box<[u8]>,
}

/// How opaque each pixel of a glyph is, over one cell or two.
pub(super) struct Mask {
    pub(super) width: u32,
    /// Levels from 0 to 15, in rows from the top.
    pub(super) levels: Box<[u8]>,
}

impl Mask {
    /// Takes 8-bit alpha.
    fn from_alpha(width: u32, alpha: &[u8]) -> Self {
        Self { width, levels: alpha.iter().copied().map(level).collect() }
    }
}

/// The level next to an 8-bit alpha.
fn level(alpha: u8) -> u8 {
    ((u16::from(alpha) + u16::from(LEVEL_STEP) / 2) / u16::from(LEVEL_STEP)) as u8
}
