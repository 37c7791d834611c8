use std::sync::Arc;
use std::time::{Duration, Instant};

use fanlight_core::{Canvas, Painter, ViewerId};
use parking_lot::Mutex;

use super::live::{OPEN_LINK, Told};
use super::mouse::DRAG_SCROLL;
use super::painter::TerminalPainter;
use super::reading::Reading;
use super::state::State;

/// One viewer of a terminal: the picture, and the values told beside it.
pub(super) struct Watcher {
    state: Arc<Mutex<State>>,
    picture: TerminalPainter,
    told: Told,
    reading: Reading,
    viewer: ViewerId,
    /// It has had its first picture.
    seen: bool,
}

impl Watcher {
    pub(super) fn new(state: Arc<Mutex<State>>, viewer: ViewerId) -> Self {
        let picture = TerminalPainter::new(Arc::clone(&state), viewer);
        Self {
            state,
            picture,
            told: Told::default(),
            reading: Reading::default(),
            viewer,
            seen: false,
        }
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
        let mut state = self.state.lock();
        let told = self.told.tell(&state, canvas);
        let links = state.links.take(self.viewer);
        links.iter().for_each(|link| canvas.argument(OPEN_LINK, link));
        let read = self.reading.tell(&state, self.viewer, canvas);
        drawn || told || read || !links.is_empty()
    }

    fn again_in(&self) -> Option<Duration> {
        let own = {
            let state = self.state.lock();
            let drag = state.drags_beyond().then_some(DRAG_SCROLL);
            [drag, state.modes.held_for(), self.reading.again_in(&state)]
        };
        own.into_iter().flatten().chain(self.picture.again_in()).min()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.state.lock().readers.remove(&self.viewer);
    }
}
