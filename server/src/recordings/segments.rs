//! Where a recording is cut: into chunks that are written, and into segments that begin
//! with a key frame.

use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use super::file::Chunk;

/// What was shown is on disk after this: so much is lost when the gateway is killed.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Bytes of a chunk before it is written without waiting.
const FULL: usize = 64 * 1024;
/// A segment takes no longer than this, if anything happens.
const LONGEST_SEGMENT: Duration = Duration::from_secs(60);
/// And no less than this, however much happens.
const SHORTEST_SEGMENT: Duration = Duration::from_secs(2);
/// Plain bytes of a segment: seeking reads no more, and draws no more.
const SEGMENT_BYTES: usize = 1024 * 1024;
/// Where key frames are large, they make up no more than this part of the stream.
const KEY_SHARE: usize = 4;

/// The stretch of a recording that is in the making.
pub(super) struct Segments {
    waiting: BytesMut,
    /// Whether what waits begins with a key frame.
    begins: bool,
    /// When the first frame that waits was shown.
    time_ms: u64,
    since: Option<Instant>,
    began: Instant,
    /// Plain bytes of the segment's first frames.
    key: usize,
    /// Plain bytes of the segment behind them.
    behind: usize,
}

impl Segments {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            waiting: BytesMut::new(),
            begins: true,
            time_ms: 0,
            since: None,
            began: now,
            key: 0,
            behind: 0,
        }
    }

    /// Adds frames that were shown at `time_ms` since the recording's start.
    pub(super) fn add(&mut self, frames: &[u8], time_ms: u64, now: Instant) {
        if frames.is_empty() {
            return;
        }
        if self.since.is_none() {
            (self.since, self.time_ms) = (Some(now), time_ms);
        }
        self.waiting.extend_from_slice(frames);
        let part = if self.key == 0 { &mut self.key } else { &mut self.behind };
        *part += frames.len();
    }

    /// Whether the segment's first picture is there: nothing can be shown before it.
    pub(super) fn has_key(&self) -> bool {
        self.key > 0
    }

    /// When what waits is to be written, if anything waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(
            |since| {
                if self.waiting.len() >= FULL { since } else { since + LONGEST_WAIT }
            },
        )
    }

    /// What waits.
    pub(super) fn cut(&mut self) -> Option<Chunk> {
        self.since.take()?;
        let key = std::mem::take(&mut self.begins);
        Some(Chunk { key, time_ms: self.time_ms, plain: self.waiting.split().freeze() })
    }

    /// Whether a key frame is wanted. Where nothing happens, none is.
    pub(super) fn want_key(&self, now: Instant) -> bool {
        let age = now.duration_since(self.began);
        let large = self.behind >= SEGMENT_BYTES.max(self.key * KEY_SHARE);
        self.behind > 0 && (age >= LONGEST_SEGMENT || (large && age >= SHORTEST_SEGMENT))
    }

    /// Begins a segment: the next frames are a key frame, behind `clearing`. Everything that
    /// waited must have been [`cut`](Self::cut).
    pub(super) fn begin(&mut self, clearing: BytesMut, now: Instant) {
        *self = Self { waiting: clearing, ..Self::new(now) };
    }

    /// Leaves things as they are, although a key frame was wanted: asks again later.
    pub(super) fn put_off(&mut self, now: Instant) {
        (self.began, self.behind) = (now, 0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_shown_is_written_within_a_second_or_when_it_is_much() {
        let start = Instant::now();
        let mut segments = Segments::new(start);
        assert_eq!(segments.due(), None);
        segments.add(b"a", 5, start);
        segments.add(b"b", 9, start + Duration::from_millis(500));
        assert_eq!(segments.due(), Some(start + LONGEST_WAIT));
        segments.add(&[0; FULL], 9, start + Duration::from_millis(600));
        assert_eq!(segments.due(), Some(start));
        let chunk = segments.cut().unwrap();
        assert_eq!((chunk.key, chunk.time_ms, chunk.plain.len()), (true, 5, FULL + 2));
        assert!(segments.cut().is_none());
    }

    #[test]
    fn key_frames_come_by_time_and_by_bytes_but_not_for_nothing() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut segments = Segments::new(start);
        segments.add(&[0; 100], 0, start);
        assert!(!segments.want_key(after(3600)), "nothing happened");
        segments.add(b"x", 10, after(30));
        assert!(!segments.want_key(after(59)) && segments.want_key(after(60)));
        segments.add(&vec![0; SEGMENT_BYTES], 10, after(30));
        assert!(segments.want_key(after(31)));
        segments.cut();
        segments.begin(BytesMut::from("7.dispose,1.1;"), after(31));
        segments.add(&vec![0; SEGMENT_BYTES], 31_000, after(31));
        segments.add(&vec![0; 2 * SEGMENT_BYTES], 32_000, after(32));
        assert!(!segments.want_key(after(40)), "key frames would be half of the recording");
        let chunk = segments.cut().unwrap();
        assert!(chunk.key && chunk.plain.starts_with(b"7.dispose"));
    }
}
