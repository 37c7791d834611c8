use std::sync::Arc;

use fanlight_core::{Canvas, Layer, Painter, Rect};
use parking_lot::Mutex;

use super::state::State;

/// One viewer's memory of a terminal.
pub(super) struct TerminalPainter {
    state: Arc<Mutex<State>>,
    version: Option<u64>,
}

impl TerminalPainter {
    pub(super) fn new(state: Arc<Mutex<State>>) -> Self {
        Self { state, version: None }
    }
}

impl Painter for TerminalPainter {
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool {
        let state = self.state.lock();
        if self.version.replace(state.version) == Some(state.version) {
            return false;
        }
        let (width, height) = (state.viewport.width, state.viewport.height);
        canvas.size(Layer::DEFAULT, width, height);
        canvas.fill(
            Layer::DEFAULT,
            Rect { x: 0, y: 0, width, height },
            state.options.colors.background,
        );
        true
    }
}
