//! Characters to alpha masks, kept for the whole process: all sessions show the same
//! letters.

mod boxes;
mod cache;
mod raster;

pub(super) use cache::{GlyphKey, mask};

/// Alpha levels of a mask. Few enough that a frame of text fits a small palette, and so
/// many that nobody sees a difference.
pub(super) const LEVELS: usize = 16;
/// Distance of two levels in 8-bit alpha.
pub(super) const LEVEL_STEP: u8 = 17;

/// How opaque each pixel of a glyph is, over one cell or two.
pub(super) struct Mask {
    pub(super) width: u32,
    /// Levels from 0 to 15, in rows from the top.
    pub(super) levels: Box<[u8]>,
}

impl Mask {
    /// Takes 8-bit alpha.
    fn from_alpha(width: u32, alpha: &[u8]) -> Self {
        let half = u16::from(LEVEL_STEP) / 2;
        let level = |a: &u8| ((u16::from(*a) + half) / u16::from(LEVEL_STEP)) as u8;
        Self { width, levels: alpha.iter().map(level).collect() }
    }
}
