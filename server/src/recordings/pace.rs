//! How often a recording takes a frame.

use std::time::Duration;

use tokio::time::Instant;

/// Frames that follow each other for longer than this are a steady stream.
const STEADY_AFTER: Duration = Duration::from_secs(2);
/// And they follow each other if none comes later than this.
const REST: Duration = Duration::from_secs(1);

/// Times between frames: short where people work, long where output runs through by itself,
/// as a build's does, of which nobody reads every line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spacing {
    /// Between frames of people's work.
    pub usual: Duration,
    /// Between frames of a steady stream.
    pub steady: Duration,
}

impl Spacing {
    /// Every frame is taken.
    pub(super) const NONE: Self = Self { usual: Duration::ZERO, steady: Duration::ZERO };
}

/// Where a recording stands in that.
pub(super) struct Pace {
    spacing: Spacing,
    /// When the stream began that is running, and its last frame.
    stream: Option<(Instant, Instant)>,
}

impl Pace {
    pub(super) fn new(spacing: Spacing) -> Self {
        Self { spacing, stream: None }
    }

    /// Takes note of a frame, and of whether somebody typed or pointed since the last one.
    /// Returns how long there is none to be.
    pub(super) fn frame(&mut self, now: Instant, acted: bool) -> Duration {
        let going_on = self.stream.filter(|(_, last)| !acted && now.duration_since(*last) <= REST);
        let began = going_on.map_or(now, |(began, _)| began);
        self.stream = Some((began, now));
        let Spacing { usual, steady } = self.spacing;
        if now.duration_since(began) < STEADY_AFTER { usual } else { steady.max(usual) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACING: Spacing =
        Spacing { usual: Duration::from_millis(100), steady: Duration::from_millis(500) };

    #[test]
    fn a_stream_is_taken_less_often_until_it_pauses_or_somebody_acts() {
        let (mut pace, mut now) = (Pace::new(SPACING), Instant::now());
        let mut step = |after: u64, acted: bool| {
            now += Duration::from_millis(after);
            pace.frame(now, acted)
        };
        for _ in 0..20 {
            assert_eq!(step(100, false), SPACING.usual);
        }
        assert_eq!(step(100, false), SPACING.steady);
        assert_eq!(step(500, false), SPACING.steady);
        assert_eq!(step(500, true), SPACING.usual, "somebody acts");
        for _ in 0..3 {
            step(900, false);
        }
        assert_eq!(step(500, false), SPACING.steady);
        assert_eq!(step(1001, false), SPACING.usual, "it paused");
    }

    #[test]
    fn a_steady_stream_is_never_taken_more_often_than_others() {
        let (mut pace, now) =
            (Pace::new(Spacing { steady: Duration::ZERO, ..SPACING }), Instant::now());
        pace.frame(now, false);
        pace.frame(now + REST, false);
        assert_eq!(pace.frame(now + 2 * REST, false), SPACING.usual);
    }
}
