use std::io;

use serde::{Deserialize, Serialize};

use super::chunk::{self, ChunkHead, Kind};
use super::damaged;

/// Bars of the activity line at most; then their width doubles.
const MOST_BARS: usize = 600;

/// Where one may begin to read, and how much happened when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// From the start to the last frame, milliseconds.
    pub(crate) duration_ms: u64,
    /// Length of the plain stream, bytes.
    pub(crate) plain: u64,
    /// Each begins with a key frame: the whole picture.
    pub(crate) segments: Vec<Segment>,
    pub(crate) activity: Activity,
}

/// A part of a recording that can be shown without those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    /// When its key frame was shown: milliseconds since the recording's start.
    pub(crate) time_ms: u64,
    /// Where it begins in the plain stream, bytes.
    pub(crate) plain: u64,
    /// Where it begins in the file, bytes.
    pub(crate) stored: u64,
}

/// How many bytes of picture each stretch of time brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Activity {
    /// Length of each stretch, milliseconds.
    pub(crate) width_ms: u64,
    pub(crate) bytes: Vec<u64>,
}

impl Default for Activity {
    fn default() -> Self {
        Self { width_ms: 1000, bytes: Vec::new() }
    }
}

impl Activity {
    fn add(&mut self, time_ms: u64, bytes: u64) {
        while time_ms / self.width_ms >= MOST_BARS as u64 {
            self.width_ms *= 2;
            self.bytes = self.bytes.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
        let bar = usize::try_from(time_ms / self.width_ms).unwrap_or(MOST_BARS);
        if self.bytes.len() <= bar {
            self.bytes.resize(bar + 1, 0);
        }
        self.bytes[bar] += bytes;
    }
}

impl Index {
    /// Takes up a chunk that stands at `stored` in the file. Key frames show no activity:
    /// they repeat what was there.
    pub(super) fn add(&mut self, kind: Kind, time_ms: u64, plain: u64, stored: u64) {
        if kind == Kind::Key {
            self.segments.push(Segment { time_ms, plain: self.plain, stored });
        } else {
            self.activity.add(time_ms, plain);
        }
        self.plain += plain;
        self.duration_ms = self.duration_ms.max(time_ms);
    }

    /// The last segment that begins at or before this byte of the plain stream.
    pub(crate) fn segment_at(&self, plain: u64) -> Option<Segment> {
        let after = self.segments.partition_point(|segment| segment.plain <= plain);
        after.checked_sub(1).and_then(|last| self.segments.get(last)).copied()
    }

    pub(super) fn pack(&self) -> io::Result<Vec<u8>> {
        chunk::pack(Kind::Index, self.duration_ms, &serde_json::to_vec(self)?)
    }

    pub(super) fn unpack(head: ChunkHead, packed: &[u8]) -> io::Result<Self> {
        if head.kind != Kind::Index {
            return Err(damaged("there is no index"));
        }
        Ok(serde_json::from_slice(&head.unpack(packed)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_long_recording_has_few_bars_and_loses_nothing() {
        let mut activity = Activity::default();
        (0..8 * 3600).for_each(|second| activity.add(second * 1000, 10));
        assert!(activity.bytes.len() <= MOST_BARS, "{}", activity.bytes.len());
        assert_eq!(activity.bytes.iter().sum::<u64>(), 8 * 3600 * 10);
    }

    #[test]
    fn a_byte_belongs_to_the_segment_that_holds_it() {
        let mut index = Index::default();
        for (kind, time) in [(Kind::Key, 0), (Kind::More, 10), (Kind::Key, 20), (Kind::More, 30)] {
            index.add(kind, time, 100, time);
        }
        let at = |plain| index.segment_at(plain).map(|segment| segment.time_ms);
        assert_eq!([at(0), at(199), at(200), at(400)], [Some(0), Some(0), Some(20), Some(20)]);
        assert_eq!((index.duration_ms, index.plain), (30, 400));
    }
}
