use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::VIEWER_LIMIT;

/// How many blobs a download may send: its viewer's acknowledgements.
#[derive(Debug, Default)]
pub(super) struct Credit {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the `body` was acknowledged.
    begun: bool,
    /// Blobs that may be on their way.
    window: usize,
    /// Blobs that are.
    unacknowledged: usize,
    cancelled: bool,
}

/// Why a download must not go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Cancelled,
    /// The viewer said nothing for too long.
    Silent,
}

impl Credit {
    /// The viewer acknowledged the `body` or a blob, or refused it. `window` blobs may be
    /// on their way from now on.
    pub(super) fn acknowledged(&self, accepted: bool, window: usize) {
        let mut state = self.state.lock();
        state.cancelled |= !accepted;
        if state.begun {
            state.unacknowledged = state.unacknowledged.saturating_sub(1);
        }
        (state.begun, state.window) = (true, window);
        drop(state);
        self.changed.notify_one();
    }

    /// Takes room for blobs, `most` of them at most; waits for the first.
    pub(super) async fn take(&self, most: usize) -> Result<usize, Stop> {
        loop {
            {
                let mut state = self.state.lock();
                let taken = state.window.saturating_sub(state.unacknowledged).min(most);
                state.unacknowledged += taken;
                match taken {
                    _ if state.cancelled => return Err(Stop::Cancelled),
                    0 => {}
                    taken => return Ok(taken),
                }
            }
            if timeout(VIEWER_LIMIT, self.changed.notified()).await.is_err() {
                return Err(Stop::Silent);
            }
        }
    }

    /// Gives back room that was not needed.
    pub(super) fn give_back(&self, unused: usize) {
        let mut state = self.state.lock();
        state.unacknowledged = state.unacknowledged.saturating_sub(unused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: usize = 32;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_before_the_body_is_acknowledged_nor_beyond_the_window() {
        let credit = Credit::default();
        assert_eq!(credit.take(4).await, Err(Stop::Silent));
        credit.acknowledged(true, WINDOW);
        let mut sent = 0;
        while sent < WINDOW {
            sent += credit.take(5).await.unwrap_or_default();
        }
        assert_eq!(sent, WINDOW);
        assert_eq!(credit.take(1).await, Err(Stop::Silent));
        credit.acknowledged(true, WINDOW);
        assert_eq!(credit.take(5).await, Ok(1));
        credit.acknowledged(true, WINDOW / 2);
        assert_eq!(credit.take(5).await, Err(Stop::Silent), "the window shrinks");
    }

    #[tokio::test(start_paused = true)]
    async fn acknowledgements_for_nothing_do_not_widen_the_window() {
        let credit = Credit::default();
        for _ in 0..WINDOW * 3 {
            credit.acknowledged(true, WINDOW);
        }
        assert_eq!(credit.take(usize::MAX).await, Ok(WINDOW));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_stops_at_once() {
        let credit = Credit::default();
        credit.acknowledged(true, WINDOW);
        credit.acknowledged(false, WINDOW);
        assert_eq!(credit.take(1).await, Err(Stop::Cancelled));
    }
}
