use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::vte::ansi::NamedColor;
use fanlight_core::Color;

use super::cells::{Clusters, PaintCell};
use super::reader::Reader;
use super::rows::Rows;
use crate::terminal::fonts::CellMetrics;
use crate::terminal::state::State;

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

/// The visible part of a terminal at one moment, as it looks.
pub(super) struct Frame {
    pub(super) shape: Shape,
    pub(super) rows: Rows,
    pub(super) clusters: Clusters,
}

impl Frame {
    pub(super) fn take(state: &State, look: CursorLook) -> Self {
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
        let mut reader = Reader::new(state, look);
        for number in state.window_rows() {
            reader.row(number);
        }
        let (rows, clusters) = reader.end();
        Self { shape, rows, clusters }
    }

    pub(super) fn row(&self, row: usize) -> &[PaintCell] {
        self.rows.row(row)
    }
}

/// How a viewer sees the cursor at a moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct CursorLook {
    /// It blinks and is off.
    pub(super) dark: bool,
    /// The viewer's keys go elsewhere.
    pub(super) away: bool,
}
