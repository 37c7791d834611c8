//! Which recordings are to be deleted.

use std::time::Duration;

use time::OffsetDateTime;

use crate::store::RecordingRow;

/// How much may be kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) age: Option<Duration>,
    pub(super) count: Option<usize>,
    /// Bytes in all.
    pub(super) stored: Option<u64>,
}

/// The names of those that are to go, the oldest first, and why. Those that are being made
/// count, but stay.
pub(super) fn expired(
    newest_first: &[RecordingRow],
    is_live: impl Fn(&str) -> bool,
    limits: Limits,
    now: OffsetDateTime,
) -> Vec<(&RecordingRow, &'static str)> {
    let mut count = newest_first.len();
    let mut stored: u64 = newest_first.iter().map(|row| row.extent.stored).sum();
    let mut found = Vec::new();
    for row in newest_first.iter().rev() {
        let Some(ended_at) = row.ended_at.filter(|_| !is_live(&row.name)) else { continue };
        let why = if limits.age.is_some_and(|age| ended_at + age < now) {
            "age"
        } else if limits.count.is_some_and(|most| count > most) {
            "count"
        } else if limits.stored.is_some_and(|most| stored > most) {
            "disk"
        } else {
            continue;
        };
        count -= 1;
        stored = stored.saturating_sub(row.extent.stored);
        found.push((row, why));
    }
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::recordings::RecordingStatus;
    use crate::store::Extent;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn row(name: &str, days_ago: i64, stored: u64, live: bool) -> RecordingRow {
        let started_at = NOW - time::Duration::days(days_ago);
        RecordingRow {
            name: name.into(),
            session_id: Uuid::nil(),
            session_type: "ssh".into(),
            label: name.into(),
            hostname: None,
            username: None,
            creator_id: "a".into(),
            creator_name: "a".into(),
            status: if live { RecordingStatus::Recording } else { RecordingStatus::Complete },
            started_at,
            ended_at: (!live).then_some(started_at),
            extent: Extent { duration_ms: 0, plain: 0, stored },
        }
    }

    fn names(limits: Limits) -> Vec<(String, &'static str)> {
        let rows = [
            row("new", 0, 10, false),
            row("recent", 1, 10, false),
            row("old", 30, 10, false),
            row("live", 40, 10, true),
        ];
        let found = expired(&rows, |_| false, limits, NOW);
        found.into_iter().map(|(row, why)| (row.name.clone(), why)).collect()
    }

    #[test]
    fn bar_77_the_oldest_go_first_and_a_live_one_never() {
        assert_eq!(names(Limits::default()), []);
        let age = Some(Duration::from_secs(7 * 86_400));
        assert_eq!(names(Limits { age, ..Limits::default() }), [("old".into(), "age")]);
        let both = [("old".into(), "count"), ("recent".into(), "count")];
        assert_eq!(names(Limits { count: Some(2), ..Limits::default() }), both);
        let all = names(Limits { stored: Some(1), ..Limits::default() });
        assert_eq!(all.len(), 3, "all but the live one: {all:?}");
        assert_eq!(names(Limits { count: Some(0), ..Limits::default() }).len(), 3);
    }

    #[test]
    fn bar_77_one_that_is_written_stays_whatever_its_row_says() {
        let rows = [row("written", 40, 10, false)];
        let limits = Limits { count: Some(0), ..Limits::default() };
        assert!(expired(&rows, |name| name == "written", limits, NOW).is_empty());
    }
}
