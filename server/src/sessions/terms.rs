use std::time::Duration;

use time::OffsetDateTime;

/// How long the parts of a session's life may take. Those of the configuration, unless whoever
/// makes it promised others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long it waits to be opened.
    pub pending: Duration,
    /// How long its opening link is good.
    pub opening_link: Duration,
    /// When it is over at the latest, beside the longest duration of all sessions.
    pub ends_at: Option<OffsetDateTime>,
}

impl Terms {
    /// At most `limit`, and no longer than there is time.
    pub(super) fn at_most(&self, limit: Duration) -> Duration {
        let until = |end: OffsetDateTime| end - OffsetDateTime::now_utc();
        let left = self.ends_at.map(|end| until(end).try_into().unwrap_or(Duration::ZERO));
        left.map_or(limit, |left| limit.min(left))
    }
}
