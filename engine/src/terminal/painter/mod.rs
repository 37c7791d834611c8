//! Paints a terminal for one viewer: what moved is copied, flat areas are filled, known
//! cells are copied from a buffer, new ones sent to it first, and rows with much news
//! are sent as pictures.

mod areas;
mod batch;
mod cells;
mod compose;
mod frame;
mod picture;
mod pointer;
mod reader;
mod rows;
mod scroll;
mod sequences;
mod slots;

use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Canvas, Composite, Layer, Painter, Point, Rect, ViewerId};
use parking_lot::Mutex;

use self::batch::Batch;
use self::cells::PaintCell;
use self::frame::{CursorLook, Frame, Shape};
use self::rows::Rows;
use self::slots::{BUFFER, Slots};
use super::state::State;

/// Moves that are looked for in one frame: a split screen scrolls in two places.
const MOST_MOVES: usize = 3;

/// One viewer's memory of a terminal: what its screen shows and its buffer holds.
pub(super) struct TerminalPainter {
    state: Arc<Mutex<State>>,
    viewer: ViewerId,
    seen: Option<Seen>,
}

struct Seen {
    version: u64,
    look: CursorLook,
    shape: Shape,
    rows: Rows,
    slots: Slots,
}

impl TerminalPainter {
    pub(super) fn new(state: Arc<Mutex<State>>, viewer: ViewerId) -> Self {
        Self { state, viewer, seen: None }
    }
}

impl Drop for TerminalPainter {
    fn drop(&mut self) {
        self.state.lock().caret.forget(self.viewer);
    }
}

impl Painter for TerminalPainter {
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool {
        let ((version, look), frame) = {
            let state = self.state.lock();
            let (dark, away) = (state.is_dark_for(self.viewer), state.caret.is_away(self.viewer));
            let now = (state.version, CursorLook { dark, away });
            if self.seen.as_ref().is_some_and(|seen| (seen.version, seen.look) == now) {
                return false;
            }
            (now, Frame::take(&state, now.1))
        };
        let (mut seen, started) = start(self.seen.take(), &frame, canvas);
        let moved = seen.follow_moves(&frame, canvas);
        let mut batch = Batch::default();
        seen.slots.begin_frame();
        batch.collect(&frame, &seen.rows, &mut seen.slots);
        let drawn = !batch.is_empty();
        batch.emit(&frame, &seen.slots, canvas);
        (seen.version, seen.look) = (version, look);
        seen.rows = frame.rows;
        self.seen = Some(seen);
        started || moved || drawn
    }

    fn again_in(&self) -> Option<Duration> {
        self.state.lock().next_blink_for(self.viewer)
    }
}

/// Goes on from what the viewer has seen, or begins with an empty screen.
fn start(seen: Option<Seen>, frame: &Frame, canvas: &mut dyn Canvas) -> (Seen, bool) {
    let shape = frame.shape;
    let slots = match seen {
        Some(seen) if seen.shape == shape => return (seen, false),
        Some(seen) if seen.shape.metrics == shape.metrics => seen.slots,
        other => {
            if other.is_none() {
                pointer::show(canvas);
            }
            let slots = Slots::new(shape.metrics);
            let (width, height) = slots.size();
            canvas.size(BUFFER, width, height);
            slots
        }
    };
    canvas.size(Layer::DEFAULT, shape.width, shape.height);
    let all = Rect { x: 0, y: 0, width: shape.width, height: shape.height };
    canvas.fill(Layer::DEFAULT, all, shape.background);
    let blank = PaintCell::blank(shape.background);
    let rows = Rows::filled(shape.columns, shape.rows, blank);
    (Seen { version: 0, look: CursorLook::default(), shape, rows, slots }, true)
}

impl Seen {
    /// Copies what moved within the screen. Whether anything did.
    fn follow_moves(&mut self, frame: &Frame, canvas: &mut dyn Canvas) -> bool {
        let Shape { columns, metrics, .. } = self.shape;
        let width = columns as u32 * metrics.width;
        let top = |row: usize| (row as u32 * metrics.height) as i32;
        for made in 0..MOST_MOVES {
            let Some(found) = scroll::find(&self.rows, &frame.rows) else {
                return made > 0;
            };
            let height = found.count as u32 * metrics.height;
            canvas.copy(
                Layer::DEFAULT,
                Rect { x: 0, y: top(found.from), width, height },
                Layer::DEFAULT,
                Point { x: 0, y: top(found.to) },
                Composite::Over,
            );
            self.rows.copy(found.from, found.to, found.count);
        }
        true
    }
}
