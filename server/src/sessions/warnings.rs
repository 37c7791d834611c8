use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

/// What will end a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndsBy {
    /// Nobody types or points.
    Idle,
    /// It reaches its longest duration.
    Duration,
    /// The gateway stops.
    Shutdown,
}

impl EndsBy {
    const ALL: [Self; 3] = [Self::Idle, Self::Duration, Self::Shutdown];

    /// The word in the `ends` instruction.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Duration => "duration",
            Self::Shutdown => "shutdown",
        }
    }
}

/// When a session will end, of what viewers are to be warned.
pub(super) struct Warnings(watch::Sender<[Option<Instant>; 3]>);

impl Default for Warnings {
    fn default() -> Self {
        Self(watch::Sender::new([None; 3]))
    }
}

impl Warnings {
    /// Warns that the session ends `by` this at that time, or takes the warning back.
    pub(super) fn set(&self, by: EndsBy, at: Option<Instant>) {
        self.0.send_if_modified(|all| std::mem::replace(&mut all[by as usize], at) != at);
    }

    /// Follows the warnings, for a viewer.
    pub(super) fn watch(&self) -> WarningsWatch {
        let mut receiver = self.0.subscribe();
        receiver.mark_changed();
        WarningsWatch { receiver, told: None }
    }
}

/// One viewer's memory of what it was warned of.
pub(super) struct WarningsWatch {
    receiver: watch::Receiver<[Option<Instant>; 3]>,
    told: Option<(EndsBy, Instant)>,
}

impl WarningsWatch {
    /// Waits until there may be something new. Cancel safe.
    pub(super) async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What ends the session first and how long that is from now, unless it was told. The
    /// inner `None` takes back what was told.
    pub(super) fn news(&mut self) -> Option<Option<(EndsBy, Duration)>> {
        let all = *self.receiver.borrow_and_update();
        let set = EndsBy::ALL.into_iter().filter_map(|by| Some((by, all[by as usize]?)));
        let nearest = set.min_by_key(|(_, at)| *at);
        if nearest == self.told {
            return None;
        }
        self.told = nearest;
        Some(nearest.map(|(by, at)| (by, at.saturating_duration_since(Instant::now()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_nearest_end_is_told_once_and_taken_back() {
        let warnings = Warnings::default();
        let mut watch = warnings.watch();
        assert_eq!(watch.news(), None);
        let now = Instant::now();
        warnings.set(EndsBy::Duration, Some(now + 300 * SECOND));
        warnings.set(EndsBy::Idle, Some(now + 60 * SECOND));
        assert_eq!(watch.news(), Some(Some((EndsBy::Idle, 60 * SECOND))));
        assert_eq!(watch.news(), None);
        warnings.set(EndsBy::Idle, None);
        assert_eq!(watch.news(), Some(Some((EndsBy::Duration, 300 * SECOND))));
        warnings.set(EndsBy::Duration, None);
        assert_eq!(watch.news(), Some(None));
    }
}
