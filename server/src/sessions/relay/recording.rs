use bytes::Bytes;
use fanlight_engine::wire::instruction;
use tokio::sync::watch;

use crate::recordings::{Taping, TapingState};
use crate::sessions::Live;

/// Whether the session is recorded, as one viewer knows it.
#[derive(Default)]
pub(super) struct RecordingNews(Option<watch::Receiver<TapingState>>);

impl RecordingNews {
    /// Of a session that runs; a viewer that comes is told first.
    pub(super) fn of(live: &Live) -> Self {
        let mut state = live.taping().map(Taping::state);
        state.iter_mut().for_each(watch::Receiver::mark_changed);
        Self(state)
    }

    /// Waits for news. Cancel safe.
    pub(super) async fn changed(&mut self) {
        let changed = match &mut self.0 {
            Some(state) => state.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    /// `recording,<on, failed or ended>`: ours; other clients ignore it.
    pub(super) fn write(&mut self) -> Bytes {
        let state = self.0.as_mut().map(|state| *state.borrow_and_update());
        let word = match state {
            Some(TapingState::On) => "on",
            Some(TapingState::Failed) => "failed",
            Some(TapingState::Ended) | None => "ended",
        };
        instruction("recording", &[word]).freeze()
    }
}
