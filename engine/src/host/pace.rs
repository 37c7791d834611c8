use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Frames in a row are at least this far apart; the first after a pause leaves at once.
const FRAME_SPACING: Duration = Duration::from_millis(16);
/// A viewer that has not acknowledged a frame for so long is lost.
pub(super) const ACK_LIMIT: Duration = Duration::from_secs(15);
/// While no more than this many bytes are unacknowledged, one more frame may leave: the
/// echo of fast typing does not wait for a round trip, a flood still does.
const SMALL: usize = 2048;
const MOST_IN_FLIGHT: usize = 2;

/// When the next frame may go to one viewer. Knows no clock and no socket.
#[derive(Debug, Default)]
pub(super) struct Pace {
    in_flight: VecDeque<Sent>,
    last_stamp: i64,
    last_frame: Option<Instant>,
}

#[derive(Debug)]
struct Sent {
    stamp: i64,
    bytes: usize,
    at: Instant,
}

/// Whether a frame may leave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    /// Not before this moment.
    At(Instant),
    /// Not before the viewer acknowledges.
    AfterAck,
}

impl Pace {
    pub(super) fn turn(&self, now: Instant) -> Turn {
        let bytes: usize = self.in_flight.iter().map(|sent| sent.bytes).sum();
        let count = self.in_flight.len();
        if count >= MOST_IN_FLIGHT || (count > 0 && bytes > SMALL) {
            return Turn::AfterAck;
        }
        match self.last_frame.map(|at| at + FRAME_SPACING) {
            Some(slot) if slot > now => Turn::At(slot),
            _ => Turn::Now,
        }
    }

    /// The stamp for a frame that is about to be sent: the wall clock's milliseconds,
    /// but always above the last.
    pub(super) fn stamp(&mut self, wall_clock_ms: i64) -> i64 {
        self.last_stamp = wall_clock_ms.max(self.last_stamp + 1);
        self.last_stamp
    }

    /// Notes that a frame with the last stamp is on its way.
    pub(super) fn sent(&mut self, bytes: usize, now: Instant) {
        self.in_flight.push_back(Sent { stamp: self.last_stamp, bytes, at: now });
        self.last_frame = Some(now);
    }

    /// Notes that painting found nothing: that costs time too, so it counts as a frame.
    pub(super) fn looked(&mut self, now: Instant) {
        self.last_frame = Some(now);
    }

    pub(super) fn acknowledged(&mut self, stamp: i64) {
        while self.in_flight.front().is_some_and(|sent| sent.stamp <= stamp) {
            self.in_flight.pop_front();
        }
    }

    /// When the viewer is lost unless it acknowledges.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.in_flight.front().map(|sent| sent.at + ACK_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(pace: &mut Pace, bytes: usize, now: Instant) -> i64 {
        let stamp = pace.stamp(0);
        pace.sent(bytes, now);
        stamp
    }

    #[test]
    fn a_large_frame_waits_for_its_acknowledgement() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.turn(start), Turn::Now);
        let stamp = send(&mut pace, 10_000, start);
        let later = start + Duration::from_secs(1);
        assert_eq!(pace.turn(later), Turn::AfterAck);
        pace.acknowledged(stamp - 1);
        assert_eq!(pace.turn(later), Turn::AfterAck);
        pace.acknowledged(stamp);
        assert_eq!(pace.turn(later), Turn::Now);
    }

    #[test]
    fn small_frames_need_not_wait_for_a_round_trip() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        send(&mut pace, 60, start);
        assert_eq!(pace.turn(start), Turn::At(start + FRAME_SPACING));
        assert_eq!(pace.turn(start + FRAME_SPACING), Turn::Now);
        send(&mut pace, 60, start + FRAME_SPACING);
        assert_eq!(pace.turn(start + Duration::from_secs(1)), Turn::AfterAck);
    }

    #[test]
    fn stamps_grow_even_when_the_clock_stands() {
        let mut pace = Pace::default();
        assert!(pace.stamp(5) < pace.stamp(5) && pace.stamp(3) > 5);
    }
}
