//! One line of output as bytes, however many rows it takes on the screen.
//!
//! ```text
//! cells*2 + wide   length of the text   text   runs
//! ```
//! Numbers are LEB128. The text has one character for each cell, or for each pair of a
//! wide character's, followed by its combining marks. A run is a number of characters, a
//! byte that says what is not default, and that; what no run covers is default.

use alacritty_terminal::term::cell::{Cell, Flags, Hyperlink};
use alacritty_terminal::vte::ansi::{Color, NamedColor, Rgb};
use unicode_width::UnicodeWidthChar;

use crate::terminal::colors::named;

/// What says how cells lie in rows, not how they look.
const PLACEMENT: Flags =
    Flags::WRAPLINE.union(Flags::WIDE_CHAR_SPACER).union(Flags::LEADING_WIDE_CHAR_SPACER);

const NAMED: u8 = 1;
const INDEXED: u8 = 2;
const RGB: u8 = 3;
const BACKGROUND: u8 = 2;
const FLAGS: u8 = 1 << 4;
const UNDERLINE: u8 = 1 << 5;
const LINK: u8 = 1 << 6;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    foreground: Color,
    background: Color,
    flags: Flags,
    underline: Option<Color>,
    link: Option<u32>,
}

impl Style {
    const DEFAULT: Self = Self {
        foreground: Color::Named(NamedColor::Foreground),
        background: Color::Named(NamedColor::Background),
        flags: Flags::empty(),
        underline: None,
        link: None,
    };
}

/// Appends a line to `out`. `links` are those of the lines around it.
pub(super) fn encode(cells: &[Cell], out: &mut Vec<u8>, links: &mut Vec<Hyperlink>) {
    let mut text = Vec::with_capacity(cells.len());
    let mut runs = Runs::default();
    let (mut wide, mut at) = (false, 0);
    while let Some(cell) = cells.get(at) {
        let pair = cell.flags.contains(Flags::WIDE_CHAR)
            && cells.get(at + 1).is_some_and(|c| c.flags.contains(Flags::WIDE_CHAR_SPACER));
        push_text(cell, &mut text);
        let mut flags = cell.flags.difference(PLACEMENT);
        flags.set(Flags::WIDE_CHAR, pair);
        runs.add(Style {
            foreground: cell.fg,
            background: cell.bg,
            flags,
            underline: cell.extra.as_ref().and_then(|_| cell.underline_color()),
            link: cell.extra.as_ref().and_then(|_| cell.hyperlink()).map(|l| index(l, links)),
        });
        wide |= pair;
        at += 1 + usize::from(pair);
    }
    put_number(cells.len() * 2 + usize::from(wide), out);
    put_number(text.len(), out);
    out.extend_from_slice(&text);
    runs.finish(out);
}

fn push_text(cell: &Cell, text: &mut Vec<u8>) {
    if cell.c.is_ascii() {
        text.push(cell.c as u8);
    } else {
        let base = if is_mark(cell.c) { ' ' } else { cell.c };
        text.extend_from_slice(base.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if cell.extra.is_some() {
        for mark in cell.zerowidth().into_iter().flatten().filter(|c| is_mark(**c)) {
            text.extend_from_slice(mark.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.width() == Some(0)
}

/// Links are few and come in a row.
fn index(link: Hyperlink, links: &mut Vec<Hyperlink>) -> u32 {
    let known = links.iter().rposition(|known| *known == link);
    known.unwrap_or_else(|| {
        links.push(link);
        links.len() - 1
    }) as u32
}

#[derive(Default)]
struct Runs {
    bytes: Vec<u8>,
    open: Option<(usize, Style)>,
}

impl Runs {
    #[inline]
    fn add(&mut self, style: Style) {
        match &mut self.open {
            Some((count, open)) if *open == style => *count += 1,
            _ => {
                self.close();
                self.open = Some((1, style));
            }
        }
    }

    fn close(&mut self) {
        if let Some((count, style)) = self.open.take() {
            put_number(count, &mut self.bytes);
            put_style(style, &mut self.bytes);
        }
    }

    /// What is default at the end goes without saying.
    fn finish(mut self, out: &mut Vec<u8>) {
        if self.open.is_some_and(|(_, style)| style != Style::DEFAULT) {
            self.close();
        }
        out.extend_from_slice(&self.bytes);
    }
}

fn put_style(style: Style, out: &mut Vec<u8>) {
    let tag_at = out.len();
    out.push(0);
    let mut tag = put_color(style.foreground, Style::DEFAULT.foreground, out);
    tag |= put_color(style.background, Style::DEFAULT.background, out) << BACKGROUND;
    if !style.flags.is_empty() {
        tag |= FLAGS;
        put_number(style.flags.bits().into(), out);
    }
    if let Some(color) = style.underline {
        tag |= UNDERLINE;
        let kind_at = out.len();
        out.push(0);
        out[kind_at] = put_color(color, Style::DEFAULT.foreground, out);
    }
    if let Some(link) = style.link {
        tag |= LINK;
        put_number(link as usize, out);
    }
    out[tag_at] = tag;
}

/// Appends a colour; its kind, 0 for the default.
fn put_color(color: Color, default: Color, out: &mut Vec<u8>) -> u8 {
    match color {
        color if color == default => 0,
        Color::Named(name) => {
            put_number(name as usize, out);
            NAMED
        }
        Color::Indexed(index) => {
            out.push(index);
            INDEXED
        }
        Color::Spec(Rgb { r, g, b }) => {
            out.extend_from_slice(&[r, g, b]);
            RGB
        }
    }
}

fn put_number(mut value: usize, out: &mut Vec<u8>) {
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes numbers and bytes off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte < 0x80 || shift > 56 {
                return value;
            }
        }
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn color(&mut self, kind: u8, default: Color) -> Color {
        match kind {
            NAMED => named(self.number()),
            INDEXED => Color::Indexed(self.byte()),
            RGB => {
                let (r, g, b) = (self.byte(), self.byte(), self.byte());
                Color::Spec(Rgb { r, g, b })
            }
            _ => default,
        }
    }

    fn style(&mut self) -> Style {
        let tag = self.byte();
        let default = Style::DEFAULT;
        let mut style = Style {
            foreground: self.color(tag & 3, default.foreground),
            background: self.color(tag >> BACKGROUND & 3, default.background),
            ..default
        };
        if tag & FLAGS != 0 {
            style.flags = Flags::from_bits_truncate(self.number() as u16);
        }
        if tag & UNDERLINE != 0 {
            let kind = self.byte();
            style.underline = Some(self.color(kind, default.foreground));
        }
        if tag & LINK != 0 {
            style.link = Some(self.number() as u32);
        }
        style
    }
}

/// A line that was encoded.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) links: &'a [Hyperlink],
}

impl Line<'_> {
    /// How many cells it takes, and whether some characters take two.
    pub(super) fn extent(self) -> (usize, bool) {
        let number = Reader(self.bytes).number();
        (number / 2, number % 2 == 1)
    }

    /// Appends its cells.
    pub(super) fn decode(self, out: &mut Vec<Cell>) {
        let mut reader = Reader(self.bytes);
        let cells = reader.number() / 2;
        let length = reader.number();
        let text = std::str::from_utf8(reader.bytes(length)).unwrap_or_default();
        let mut run = (0, Cell::default());
        out.reserve(cells.min(2 * text.len()));
        for c in text.chars() {
            if is_mark(c) {
                let back = out.iter().rev().take(2).position(|cell| !is_spacer(cell));
                let base = back.and_then(|back| out.len().checked_sub(back + 1));
                if let Some(cell) = base.and_then(|base| out.get_mut(base)) {
                    cell.push_zerowidth(c);
                }
                continue;
            }
            if run.0 == 0 {
                run = self.run(&mut reader);
            }
            run.0 -= 1;
            out.push(Cell { c, ..run.1.clone() });
            if run.1.flags.contains(Flags::WIDE_CHAR) {
                let flags = run.1.flags.difference(Flags::WIDE_CHAR) | Flags::WIDE_CHAR_SPACER;
                out.push(Cell { flags, ..run.1.clone() });
            }
        }
    }

    fn run(self, reader: &mut Reader<'_>) -> (usize, Cell) {
        if reader.0.is_empty() {
            return (usize::MAX, Cell::default());
        }
        let count = reader.number().max(1);
        let style = reader.style();
        let mut cell = Cell { fg: style.foreground, bg: style.background, ..Cell::default() };
        cell.flags = style.flags;
        if style.underline.is_some() {
            cell.set_underline_color(style.underline);
        }
        if let Some(link) = style.link.and_then(|index| self.links.get(index as usize)) {
            cell.set_hyperlink(Some(link.clone()));
        }
        (count, cell)
    }
}

pub(super) fn is_spacer(cell: &Cell) -> bool {
    cell.flags.contains(Flags::WIDE_CHAR_SPACER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(cells: &[Cell]) -> Vec<Cell> {
        let (mut bytes, mut links, mut back) = (Vec::new(), Vec::new(), Vec::new());
        encode(cells, &mut bytes, &mut links);
        let line = Line { bytes: &bytes, links: &links };
        assert_eq!(line.extent().0, cells.len());
        line.decode(&mut back);
        back
    }

    #[test]
    fn every_attribute_survives() {
        let mut wide = Cell { c: '中', flags: Flags::WIDE_CHAR | Flags::BOLD, ..Cell::default() };
        wide.push_zerowidth('\u{301}');
        let spacer = Cell { flags: Flags::WIDE_CHAR_SPACER | Flags::BOLD, ..Cell::default() };
        let mut linked = Cell { c: 'l', bg: Color::Indexed(200), ..Cell::default() };
        linked.set_hyperlink(Some(Hyperlink::new(Some("1"), "https://example.com".to_owned())));
        let mut under = Cell { c: 'u', flags: Flags::UNDERCURL, ..Cell::default() };
        under.set_underline_color(Some(Color::Spec(Rgb { r: 1, g: 2, b: 3 })));
        let red = Cell { c: '\t', fg: Color::Named(NamedColor::BrightRed), ..Cell::default() };
        let dim = Cell { fg: Color::Named(NamedColor::DimForeground), ..Cell::default() };
        let mut accent = Cell { c: 'e', ..Cell::default() };
        accent.push_zerowidth('\u{301}');
        let cells = [
            red,
            Cell::default(),
            wide,
            spacer,
            linked.clone(),
            linked,
            under,
            accent,
            dim,
            Cell::default(),
        ];
        assert_eq!(there_and_back(&cells), cells);
        assert_eq!(there_and_back(&[]), []);
    }

    #[test]
    fn halves_of_wide_characters_become_plain_cells() {
        let left = Cell { c: '中', flags: Flags::WIDE_CHAR, ..Cell::default() };
        let right = Cell { flags: Flags::WIDE_CHAR_SPACER, ..Cell::default() };
        let back = there_and_back(&[right, left]);
        assert_eq!(back.iter().map(|cell| cell.c).collect::<String>(), " 中");
        assert!(back.iter().all(|cell| cell.flags.is_empty()));
    }

    #[test]
    fn garbage_is_read_without_harm() {
        for seed in 0..2000_u32 {
            let mut state = seed;
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let mut cells = Vec::new();
            Line { bytes: &bytes[..seed as usize % 40], links: &[] }.decode(&mut cells);
        }
    }
}
