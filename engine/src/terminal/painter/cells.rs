use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line, Point};
use alacritty_terminal::selection::SelectionRange;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::{Color as CellColor, CursorShape, NamedColor};
use fanlight_core::Color;

use crate::terminal::fonts::CellMetrics;
use crate::terminal::state::State;

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
const DECORATIONS: u16 = UNDERLINE
    | DOUBLE_UNDERLINE
    | DOTTED
    | DASHED
    | CURL
    | STRIKEOUT
    | BEAM_CURSOR
    | UNDERLINE_CURSOR;

const SPACE: u32 = ' ' as u32;
/// Set in the mark of a cluster: a hash of its text, which no character has.
const CLUSTER: u32 = 1 << 31;

/// A cell as it looks: two cells that compare equal look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PaintCell {
    /// A character, or the mark of a cluster of several.
    pub(super) glyph: u32,
    pub(super) foreground: [u8; 3],
    pub(super) background: [u8; 3],
    pub(super) style: u16,
}

impl PaintCell {
    pub(super) fn blank(background: Color) -> Self {
        let background = bytes(background);
        Self { glyph: SPACE, foreground: background, background, style: 0 }
    }

    pub(super) fn is_blank(self) -> bool {
        self.glyph == SPACE && self.style == 0
    }

    pub(super) fn background_color(self) -> Color {
        let [r, g, b] = self.background;
        Color { r, g, b }
    }

    /// What cannot be seen is the same everywhere.
    fn simplified(mut self) -> Self {
        if self.glyph == SPACE {
            self.style &= DECORATIONS;
            if self.style == 0 {
                self.foreground = self.background;
            }
        }
        self
    }
}

fn bytes(color: Color) -> [u8; 3] {
    [color.r, color.g, color.b]
}

/// What decides a picture's layout; when it changes, everything is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) metrics: CellMetrics,
    /// Fills what the cells leave free.
    pub(super) background: Color,
}

/// Characters with combining marks, by the mark that stands for them in a cell.
#[derive(Default)]
pub(super) struct Clusters(HashMap<u32, String>);

impl Clusters {
    fn mark(&mut self, base: char, marks: &[char]) -> u32 {
        let mut hasher = DefaultHasher::new();
        (base, marks).hash(&mut hasher);
        let mark = hasher.finish() as u32 | CLUSTER;
        self.0.entry(mark).or_insert_with(|| [base].iter().chain(marks).collect());
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

/// The visible part of a terminal at one moment, as it looks.
pub(super) struct Frame {
    pub(super) shape: Shape,
    pub(super) cells: Vec<PaintCell>,
    pub(super) clusters: Clusters,
}

impl Frame {
    pub(super) fn take(state: &State) -> Self {
        let (columns, rows) = (state.term.columns(), state.term.screen_lines());
        let changed = state.term.colors();
        let colors = &state.options.colors;
        let shape = Shape {
            width: state.viewport.width,
            height: state.viewport.height,
            columns,
            rows,
            metrics: state.metrics,
            background: colors.at(NamedColor::Background as usize, changed),
        };
        let mut reader = Reader {
            state,
            selection: state.term.selection.as_ref().and_then(|s| s.to_range(&state.term)),
            cursor: cursor(state),
            cells: Vec::with_capacity(columns * rows),
            clusters: Clusters::default(),
            last: None,
        };
        let offset = state.term.grid().display_offset() as i32;
        for row in 0..rows as i32 {
            reader.row(Line(row - offset));
        }
        Self { shape, cells: reader.cells, clusters: reader.clusters }
    }

    pub(super) fn row(&self, row: usize) -> &[PaintCell] {
        row_of(&self.cells, self.shape.columns, row)
    }
}

pub(super) fn row_of(cells: &[PaintCell], columns: usize, row: usize) -> &[PaintCell] {
    &cells[row * columns..(row + 1) * columns]
}

fn cursor(state: &State) -> Option<(Point, CursorShape)> {
    let term = &state.term;
    let shown = term.mode().contains(TermMode::SHOW_CURSOR);
    let shape = term.cursor_style().shape;
    let mut point = term.grid().cursor.point;
    if term.grid()[point].flags.contains(Flags::WIDE_CHAR_SPACER) {
        point.column = Column(point.column.0.saturating_sub(1));
    }
    (shown && shape != CursorShape::Hidden).then_some((point, shape))
}

struct Reader<'a> {
    state: &'a State,
    selection: Option<SelectionRange>,
    cursor: Option<(Point, CursorShape)>,
    cells: Vec<PaintCell>,
    clusters: Clusters,
    /// Attributes of the cell before, and their colours: they seldom change.
    last: Option<Resolved>,
}

/// Attributes and the colours that they come to.
#[derive(Clone, Copy)]
struct Resolved {
    attributes: (CellColor, CellColor, Flags),
    colors: ([u8; 3], [u8; 3]),
}

const COLOR_FLAGS: Flags = Flags::DIM.union(Flags::INVERSE);

impl Reader<'_> {
    fn row(&mut self, line: Line) {
        let row = &self.state.term.grid()[line];
        let start = self.cells.len();
        for (column, cell) in row[..].iter().enumerate() {
            let spacer = cell.flags.contains(Flags::WIDE_CHAR_SPACER) && column > 0;
            let before = spacer.then(|| self.cells[start + column - 1]);
            let painted = match before {
                Some(left) if left.style & WIDE_LEFT != 0 => {
                    let style = left.style & !(WIDE_LEFT | BEAM_CURSOR) | WIDE_RIGHT;
                    PaintCell { style, ..left }
                }
                _ => self.cell(Point::new(line, Column(column)), cell),
            };
            self.cells.push(painted);
        }
        for cell in &mut self.cells[start..] {
            *cell = cell.simplified();
        }
    }

    fn cell(&mut self, point: Point, cell: &Cell) -> PaintCell {
        let (foreground, background) = self.colors(cell);
        let mut painted =
            PaintCell { glyph: self.glyph(cell), foreground, background, style: style(cell.flags) };
        if self.selection.is_some_and(|range| range.contains(point)) {
            invert(&mut painted);
        }
        if let Some((_, shape)) = self.cursor.filter(|(place, _)| *place == point) {
            self.put_cursor(&mut painted, shape);
        }
        painted
    }

    fn glyph(&mut self, cell: &Cell) -> u32 {
        if cell.flags.contains(Flags::HIDDEN) || cell.c.is_control() {
            return SPACE;
        }
        match cell.zerowidth() {
            Some(marks) if !marks.is_empty() => self.clusters.mark(cell.c, marks),
            _ => u32::from(cell.c),
        }
    }

    fn colors(&mut self, cell: &Cell) -> ([u8; 3], [u8; 3]) {
        let flags = cell.flags & COLOR_FLAGS;
        let attributes = (cell.fg, cell.bg, flags);
        if let Some(last) = self.last.filter(|last| last.attributes == attributes) {
            return last.colors;
        }
        let (scheme, changed) = (&self.state.options.colors, self.state.term.colors());
        let mut foreground = bytes(scheme.resolve(cell.fg, changed));
        let mut background = bytes(scheme.resolve(cell.bg, changed));
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

    fn put_cursor(&self, cell: &mut PaintCell, shape: CursorShape) {
        match shape {
            CursorShape::Beam => cell.style |= BEAM_CURSOR,
            CursorShape::Underline => cell.style |= UNDERLINE_CURSOR,
            _ => {
                invert(cell);
                if let Some(color) = self.state.term.colors()[NamedColor::Cursor] {
                    cell.background = [color.r, color.g, color.b];
                }
            }
        }
    }
}

/// Swaps the colours, visibly also where both are one.
fn invert(cell: &mut PaintCell) {
    if cell.foreground == cell.background {
        cell.background = cell.background.map(|channel| !channel);
    } else {
        std::mem::swap(&mut cell.foreground, &mut cell.background);
    }
}

fn style(flags: Flags) -> u16 {
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
