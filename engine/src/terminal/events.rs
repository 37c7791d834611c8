use std::sync::Arc;

use alacritty_terminal::event::{Event, EventListener};
use parking_lot::Mutex;

/// Collects what the emulator says while it parses; emptied after each call of `feed`.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<Vec<Event>>>);

impl EventListener for Outbox {
    fn send_event(&self, event: Event) {
        if !matches!(event, Event::MouseCursorDirty | Event::CursorBlinkingChange) {
            self.0.lock().push(event);
        }
    }
}

impl Outbox {
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock())
    }
}
