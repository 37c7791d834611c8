use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use alacritty_terminal::term::cell::Flags;
use fanlight_core::Color;

pub(super) const BOLD: u16 = 1;
pub(super) const ITALIC: u16 = 1 << 1;
pub(super) const UNDERLINE: u16 = 1 << 2;
pub(super) const DOUBLE_UNDERLINE: u16 = 1 << 3;
pub(super) const CURL: u16 = 1 << 4;
pub(super) const STRIKEOUT: u16 = 1 << 5;
/// The cell is the left half of a wide character.
pub(super) const WIDE_LEFT: u16 = 1 << 6;
/// The cell is the right half of a wide character.
pub(super) const WIDE_RIGHT: u16 = 1 << 7;
pub(super) const BEAM_CURSOR: u16 = 1 << 8;
pub(super) const UNDERLINE_CURSOR: u16 = 1 << 9;
pub(super) const DOTTED: u16 = 1 << 10;
pub(super) const DASHED: u16 = 1 << 11;
pub(super) const HOLLOW_CURSOR: u16 = 1 << 12;
/// The glyph has colours of its own.
pub(super) const PICTOGRAM: u16 = 1 << 13;
pub(super) const UNDERLINES: u16 = UNDERLINE | DOUBLE_UNDERLINE | DOTTED | DASHED | CURL;
const CURSORS: u16 = BEAM_CURSOR | UNDERLINE_CURSOR | HOLLOW_CURSOR;
/// What a space shows as well as a letter; a wide one's halves are parts of a cursor.
const DECORATIONS: u16 = UNDERLINES | STRIKEOUT | CURSORS;

pub(super) const SPACE: u32 = ' ' as u32;
/// Set in the mark of a cluster: a hash of its text, which no character has.
const CLUSTER: u32 = 1 << 31;

/// How a cell looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// A character, or the mark of a cluster of several.
    pub(super) glyph: u32,
    pub(super) foreground: [u8; 3],
    pub(super) background: [u8; 3],
    /// Of underlines and of cursors that are lines.
    pub(super) line: [u8; 3],
    pub(super) style: u16,
}

impl Look {
    /// What cannot be seen is the same everywhere.
    fn simplified(mut self) -> Self {
        if self.glyph == SPACE {
            self.style &= if self.style & HOLLOW_CURSOR == 0 {
                DECORATIONS
            } else {
                DECORATIONS | WIDE_LEFT | WIDE_RIGHT
            };
            if self.style & STRIKEOUT == 0 {
                self.foreground = self.background;
            }
        }
        if self.style & (UNDERLINES | CURSORS) == 0 {
            self.line = self.foreground;
        }
        self
    }

    /// Swaps the colours, visibly also where both are one.
    pub(super) fn invert(&mut self) {
        if self.foreground == self.background {
            self.background = self.background.map(|channel| !channel);
        } else {
            std::mem::swap(&mut self.foreground, &mut self.background);
        }
    }
}

/// A cell as it looks, in two words: two that compare equal look the same. A screen of them
/// is compared several times for each frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PaintCell {
    /// From the lowest bits on: glyph, style, the line's red and green.
    shape: u64,
    /// The line's blue, the foreground, the background.
    colors: u64,
}

impl From<Look> for PaintCell {
    fn from(look: Look) -> Self {
        let Look { glyph, foreground, background, line, style } = look.simplified();
        let [g0, g1, g2, g3] = glyph.to_le_bytes();
        let [s0, s1] = style.to_le_bytes();
        let [r, g, b] = line;
        let [fr, fg, fb] = foreground;
        let [br, bg, bb] = background;
        Self {
            shape: u64::from_le_bytes([g0, g1, g2, g3, s0, s1, r, g]),
            colors: u64::from_le_bytes([b, fr, fg, fb, br, bg, bb, 0]),
        }
    }
}

impl PaintCell {
    pub(super) fn blank(background: Color) -> Self {
        let background = bytes(background);
        let (foreground, line) = (background, background);
        Look { glyph: SPACE, foreground, background, line, style: 0 }.into()
    }

    /// The same with another glyph. Neither may be a space: that looks simpler.
    pub(super) fn with_glyph(self, glyph: u32) -> Self {
        Self { shape: self.shape & !u64::from(u32::MAX) | u64::from(glyph), ..self }
    }

    pub(super) fn look(self) -> Look {
        let [_, _, _, _, _, _, r, g] = self.shape.to_le_bytes();
        let [b, fr, fg, fb, br, bg, bb, _] = self.colors.to_le_bytes();
        Look {
            glyph: self.shape as u32,
            foreground: [fr, fg, fb],
            background: [br, bg, bb],
            line: [r, g, b],
            style: self.style(),
        }
    }

    pub(super) fn style(self) -> u16 {
        (self.shape >> 32) as u16
    }

    pub(super) fn is_blank(self) -> bool {
        self.shape & 0xFFFF_FFFF_FFFF == u64::from(SPACE)
    }

    /// Whether a cursor that is drawn with lines is here.
    pub(super) fn has_line_cursor(self) -> bool {
        self.style() & CURSORS != 0
    }

    pub(super) fn background_color(self) -> Color {
        let [r, g, b] = self.look().background;
        Color { r, g, b }
    }

    /// Goes on with a quick hash of the cells before; equal hashes have to be confirmed.
    pub(super) fn mix_into(self, hash: u64) -> u64 {
        const FACTOR: u64 = 0x517C_C1B7_2722_0A95;
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        (hash.rotate_left(5) ^ self.shape ^ self.colors.wrapping_mul(SPREAD)).wrapping_mul(FACTOR)
    }
}

pub(super) fn bytes(color: Color) -> [u8; 3] {
    [color.r, color.g, color.b]
}

/// Characters that are one glyph together, by the mark that stands for them in a cell.
#[derive(Default)]
pub(super) struct Clusters(HashMap<u32, String>);

impl Clusters {
    pub(super) fn mark(&mut self, text: String) -> u32 {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let mark = hasher.finish() as u32 | CLUSTER;
        self.0.entry(mark).or_insert(text);
        mark
    }

    /// The text of a glyph; needed when it is first drawn.
    pub(super) fn text(&self, glyph: u32) -> String {
        match self.0.get(&glyph) {
            Some(text) => text.clone(),
            None => char::from_u32(glyph).map(String::from).unwrap_or_default(),
        }
    }
}

pub(super) fn style(flags: Flags) -> u16 {
    [
        (Flags::BOLD, BOLD),
        (Flags::ITALIC, ITALIC),
        (Flags::UNDERLINE, UNDERLINE),
        (Flags::DOTTED_UNDERLINE, DOTTED),
        (Flags::DASHED_UNDERLINE, DASHED),
        (Flags::DOUBLE_UNDERLINE, DOUBLE_UNDERLINE),
        (Flags::UNDERCURL, CURL),
        (Flags::STRIKEOUT, STRIKEOUT),
        (Flags::WIDE_CHAR, WIDE_LEFT),
    ]
    .into_iter()
    .fold(0, |style, (flag, bit)| if flags.contains(flag) { style | bit } else { style })
}
