use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Column;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color as CellColor, CursorShape, NamedColor};

use super::cells::{
    BEAM_CURSOR, Clusters, HOLLOW_CURSOR, Look, PICTOGRAM, PaintCell, SPACE, UNDERLINE,
    UNDERLINE_CURSOR, WIDE_LEFT, WIDE_RIGHT, bytes, style,
};
use super::frame::CursorLook;
use super::rows::Rows;
use super::sequences::{Sequence, sequence};
use crate::terminal::glyphs::emoji;
use crate::terminal::state::State;
use crate::terminal::view::Marks;

/// What the search found stands on these, in any colour scheme.
const FOUND: [u8; 3] = [0xF2, 0xCC, 0x60];
const CURRENT: [u8; 3] = [0xFF, 0x8C, 0x1A];
const FOUND_TEXT: [u8; 3] = [0x10, 0x10, 0x10];

/// A cell, by the number of its row and its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    row: usize,
    column: usize,
}

fn cursor(state: &State, look: CursorLook) -> Option<(Place, CursorShape)> {
    let term = &state.term;
    let shown = term.mode().contains(TermMode::SHOW_CURSOR) && !look.dark;
    let shape = match term.cursor_style().shape {
        CursorShape::Hidden => CursorShape::Hidden,
        _ if look.away => CursorShape::HollowBlock,
        shape => shape,
    };
    let mut point = term.grid().cursor.point;
    if term.grid()[point].flags.contains(Flags::WIDE_CHAR_SPACER) {
        point.column = Column(point.column.0.saturating_sub(1));
    }
    let row = state.screen_rows().start + point.line.0 as usize;
    let place = Place { row, column: point.column.0 };
    (shown && shape != CursorShape::Hidden).then_some((place, shape))
}

/// Reads a terminal's rows as they look.
pub(super) struct Reader<'a> {
    state: &'a State,
    /// What stands out in the row at hand.
    marks: Marks,
    cursor: Option<(Place, CursorShape)>,
    rows: Rows,
    clusters: Clusters,
    /// Attributes of the cell before, and their colours: they seldom change.
    last: Option<Resolved>,
    plain: Option<Plain>,
    /// The cell to the left, unless that was plain.
    before: Option<Look>,
}

/// How cells with these attributes look that hold a letter or a space, and nothing else.
#[derive(Clone, Copy)]
struct Plain {
    attributes: (CellColor, CellColor, Flags),
    letter: PaintCell,
    space: PaintCell,
}

/// What makes a cell more than a letter with its attributes.
const NOT_PLAIN: Flags = Flags::WIDE_CHAR.union(Flags::WIDE_CHAR_SPACER).union(Flags::HIDDEN);

/// Attributes and the colours that they come to.
#[derive(Clone, Copy)]
struct Resolved {
    attributes: (CellColor, CellColor, Flags),
    colors: ([u8; 3], [u8; 3]),
}

const COLOR_FLAGS: Flags = Flags::DIM.union(Flags::INVERSE);

impl<'a> Reader<'a> {
    pub(super) fn new(state: &'a State, look: CursorLook) -> Self {
        Self {
            state,
            marks: Marks::default(),
            cursor: cursor(state, look),
            rows: Rows::new(state.term.columns(), state.term.screen_lines()),
            clusters: Clusters::default(),
            last: None,
            plain: None,
            before: None,
        }
    }

    /// What was read.
    pub(super) fn end(self) -> (Rows, Clusters) {
        (self.rows, self.clusters)
    }

    /// Reads one more row, by its number.
    pub(super) fn row(&mut self, number: usize) {
        let state = self.state;
        let row = &state.row(number)[..];
        self.marks = state.marks(number);
        let has_cursor = self.cursor.is_some_and(|(place, _)| place.row == number);
        let plain = !has_cursor && self.marks == Marks::default();
        self.before = None;
        let mut column = 0;
        while column < row.len() {
            if plain && let Some(painted) = self.plain(&row[column]) {
                self.rows.push(painted);
                self.before = None;
                column += 1;
                continue;
            }
            match sequence(row, column)
                .filter(|found| !self.cursor_is_inside(number, column, found))
            {
                Some(found) => {
                    self.sequence(row, Place { row: number, column }, &found);
                    column += found.cells;
                }
                None => {
                    self.character(row, Place { row: number, column });
                    column += 1;
                }
            }
        }
        self.rows.end_row();
    }

    /// How a cell of a row looks in which nothing stands out, if it holds a letter or a
    /// space of ASCII and nothing else: so most cells are.
    fn plain(&mut self, cell: &Cell) -> Option<PaintCell> {
        let is_plain = matches!(cell.c, ' '..='~') && cell.extra.is_none();
        if !is_plain || cell.flags.intersects(NOT_PLAIN) {
            return None;
        }
        let attributes = (cell.fg, cell.bg, cell.flags);
        let known = self.plain.filter(|plain| plain.attributes == attributes);
        let plain = known.unwrap_or_else(|| {
            let (foreground, background) = self.colors(cell);
            let style = style(cell.flags);
            let look = |glyph| Look { glyph, foreground, background, line: foreground, style };
            let (letter, space) = (look(u32::from('a')).into(), look(SPACE).into());
            Plain { attributes, letter, space }
        });
        self.plain = Some(plain);
        let glyph = u32::from(cell.c);
        Some(if glyph == SPACE { plain.space } else { plain.letter.with_glyph(glyph) })
    }

    fn character(&mut self, row: &[Cell], place: Place) {
        let cell = &row[place.column];
        let spacer = cell.flags.contains(Flags::WIDE_CHAR_SPACER);
        let wide = self.before.filter(|left| spacer && left.style & WIDE_LEFT != 0);
        let painted = match wide {
            Some(left) => right_half(left),
            None => {
                let (glyph, pictogram) = self.glyph(cell);
                self.cell(place, cell, glyph, pictogram)
            }
        };
        self.push(painted);
    }

    fn push(&mut self, look: Look) {
        self.rows.push(look.into());
        self.before = Some(look);
    }

    /// Characters that are one pictogram: it takes two cells, the others stay blank.
    fn sequence(&mut self, row: &[Cell], place: Place, found: &Sequence) {
        let glyph = self.clusters.mark(found.text.clone());
        let mut left = self.cell(place, &row[place.column], glyph, true);
        left.style |= WIDE_LEFT;
        self.push(left);
        self.push(right_half(left));
        for column in (place.column..).take(found.cells).skip(2) {
            let mut blank = self.cell(Place { column, ..place }, &row[column], SPACE, false);
            blank.style &= !WIDE_LEFT;
            self.push(blank);
        }
    }

    /// Whether the cursor stands on a part of it other than the first: then the parts show.
    fn cursor_is_inside(&self, row: usize, column: usize, found: &Sequence) -> bool {
        self.cursor.is_some_and(|(place, _)| {
            place.row == row && (column + 1..column + found.cells).contains(&place.column)
        })
    }

    fn cell(&mut self, place: Place, cell: &Cell, glyph: u32, pictogram: bool) -> Look {
        let (foreground, background) = self.colors(cell);
        let line = match cell.underline_color() {
            Some(color) => self.color(color),
            None => foreground,
        };
        let style = style(cell.flags) | if pictogram { PICTOGRAM } else { 0 };
        let mut painted = Look { glyph, foreground, background, line, style };
        let marks = &self.marks;
        if marks.found.iter().any(|found| found.contains(&place.column)) {
            painted.foreground = FOUND_TEXT;
            painted.background =
                if marks.current.contains(&place.column) { CURRENT } else { FOUND };
        }
        if marks.pointed.iter().any(|link| link.contains(&place.column)) {
            painted.style |= UNDERLINE;
        }
        if marks.selected.contains(&place.column) {
            painted.invert();
        }
        if let Some((_, shape)) = self.cursor.filter(|(cursor, _)| *cursor == place) {
            self.put_cursor(&mut painted, shape);
        }
        painted
    }

    /// The glyph of a cell, and whether it is a pictogram.
    fn glyph(&mut self, cell: &Cell) -> (u32, bool) {
        if cell.flags.contains(Flags::HIDDEN) || cell.c.is_control() {
            return (SPACE, false);
        }
        let marks = cell.zerowidth().unwrap_or_default();
        let wide = cell.flags.contains(Flags::WIDE_CHAR);
        let pictogram = (wide || !marks.is_empty()) && emoji::is_pictogram(cell.c, marks, wide);
        let glyph = if marks.is_empty() {
            u32::from(cell.c)
        } else {
            self.clusters.mark([cell.c].iter().chain(marks).collect())
        };
        (glyph, pictogram)
    }

    fn color(&self, color: CellColor) -> [u8; 3] {
        bytes(self.state.options.colors.resolve(color, self.state.term.colors()))
    }

    fn colors(&mut self, cell: &Cell) -> ([u8; 3], [u8; 3]) {
        let flags = cell.flags & COLOR_FLAGS;
        let attributes = (cell.fg, cell.bg, flags);
        if let Some(last) = self.last.filter(|last| last.attributes == attributes) {
            return last.colors;
        }
        let (mut foreground, mut background) = (self.color(cell.fg), self.color(cell.bg));
        if flags.contains(Flags::DIM) {
            foreground = foreground.map(|channel| (u16::from(channel) * 2 / 3) as u8);
        }
        if flags.contains(Flags::INVERSE) {
            std::mem::swap(&mut foreground, &mut background);
        }
        let colors = (foreground, background);
        self.last = Some(Resolved { attributes, colors });
        colors
    }

    fn put_cursor(&self, cell: &mut Look, shape: CursorShape) {
        let chosen = self.state.term.colors()[NamedColor::Cursor];
        let chosen = chosen.map(|color| [color.r, color.g, color.b]);
        let bit = match shape {
            CursorShape::Beam => BEAM_CURSOR,
            CursorShape::Underline => UNDERLINE_CURSOR,
            CursorShape::HollowBlock => HOLLOW_CURSOR,
            CursorShape::Block | CursorShape::Hidden => {
                cell.invert();
                cell.background = chosen.unwrap_or(cell.background);
                return;
            }
        };
        cell.style |= bit;
        cell.line = chosen.unwrap_or(cell.foreground);
    }
}

/// The other half of a wide character.
fn right_half(left: Look) -> Look {
    Look { style: left.style & !(WIDE_LEFT | BEAM_CURSOR) | WIDE_RIGHT, ..left }
}
