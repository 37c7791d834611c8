use std::sync::Arc;
use std::time::{Duration, Instant};

use fanlight_core::{Canvas, Painter, ViewerId};
use parking_lot::Mutex;

use super::live::Told;
use super::mouse::DRAG_SCROLL;
use super::painter::TerminalPainter;
use super::state::State;

/// One viewer of a terminal: the picture, and the values told beside it.
pub(super) struct Watcher {
    state: Arc<Mutex<State>>,
    picture: TerminalPainter,
    told: Told,
    /// It has had its first picture.
    seen: bool,
}

impl Watcher {
    pub(super) fn new(state: Arc<Mutex<State>>, viewer: ViewerId) -> Self {
        let picture = TerminalPainter::new(Arc::clone(&state), viewer);
        Self { state, picture, told: Told::default(), seen: false }
    }
}

impl Painter for Watcher {
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool {
        {
            let mut state = self.state.lock();
            if self.seen && state.modes.held_for().is_some() {
                return false;
            }
            state.drag_on(Instant::now());
            state.refresh_search();
        }
        self.seen = true;
        let drawn = self.picture.paint(canvas);
        let told = self.told.tell(&self.state.lock(), canvas);
        drawn || told
    }

    fn again_in(&self) -> Option<Duration> {
        let (drag, held) = {
            let state = self.state.lock();
            (state.drags_beyond().then_some(DRAG_SCROLL), state.modes.held_for())
        };
        self.picture.again_in().into_iter().chain(drag).chain(held).min()
    }
}
