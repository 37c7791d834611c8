use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// A player that asks for nothing so long begins anew.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// Plays that are remembered before old ones are forgotten.
const MANY: usize = 1000;

/// Who plays what: a player makes many requests for one recording.
#[derive(Default)]
pub(super) struct Plays(Mutex<HashMap<(String, String), Instant>>);

impl Plays {
    /// Whether `who` begins to play `name` by this request.
    pub(super) fn is_new(&self, who: &str, name: &str) -> bool {
        let now = Instant::now();
        let mut all = self.0.lock();
        if all.len() >= MANY {
            all.retain(|_, last| now.duration_since(*last) < PAUSE);
        }
        let last = all.insert((who.to_owned(), name.to_owned()), now);
        last.is_none_or(|last| now.duration_since(last) >= PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_player_counts_once_until_it_pauses() {
        let plays = Plays::default();
        assert!(plays.is_new("ann", "a") && plays.is_new("ann", "b") && plays.is_new("ben", "a"));
        assert!(!plays.is_new("ann", "a"));
        tokio::time::advance(PAUSE).await;
        assert!(plays.is_new("ann", "a"));
    }
}
