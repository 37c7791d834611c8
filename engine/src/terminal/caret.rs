use std::collections::BTreeSet;
use std::time::Duration;

use alacritty_terminal::term::TermMode;
use fanlight_core::ViewerId;
use tokio::time::Instant;

use super::state::State;

/// A blinking cursor turns on or off so often.
const HALF_PERIOD: Duration = Duration::from_millis(530);
/// Half periods after which a cursor stays on until something is typed or printed: nobody
/// looks for it any more, and an idle session shall be idle.
const HALF_PERIODS: u32 = 18;

/// What the looks of the cursor depend on besides the emulator: time, and who has the
/// keyboard.
pub(super) struct Caret {
    /// When something was typed or printed last.
    stirred: Instant,
    /// Viewers whose keys go elsewhere. A page that says nothing of it has the keyboard.
    away: BTreeSet<ViewerId>,
}

impl Default for Caret {
    fn default() -> Self {
        Self { stirred: Instant::now(), away: BTreeSet::new() }
    }
}

impl Caret {
    pub(super) fn stir(&mut self) {
        self.stirred = Instant::now();
    }

    /// Takes the value of the parameter `focus`.
    pub(super) fn note_focus(&mut self, viewer: ViewerId, value: &str) {
        match value {
            "in" => drop(self.away.remove(&viewer)),
            "out" => drop(self.away.insert(viewer)),
            _ => {}
        }
    }

    pub(super) fn forget(&mut self, viewer: ViewerId) {
        self.away.remove(&viewer);
    }

    pub(super) fn is_away(&self, viewer: ViewerId) -> bool {
        self.away.contains(&viewer)
    }

    /// Half periods since the last stir, while it blinks.
    fn phase(&self, now: Instant) -> Option<u32> {
        let passed = now.duration_since(self.stirred).as_millis() / HALF_PERIOD.as_millis();
        u32::try_from(passed).ok().filter(|passed| *passed < HALF_PERIODS)
    }
}

impl State {
    /// Whether a viewer sees a cursor that blinks.
    fn blinks_for(&self, viewer: ViewerId) -> bool {
        self.term.cursor_style().blinking
            && self.term.mode().contains(TermMode::SHOW_CURSOR)
            && !self.caret.is_away(viewer)
    }

    /// Whether the cursor that a viewer sees is in the dark half of its period.
    pub(super) fn is_dark_for(&self, viewer: ViewerId) -> bool {
        let odd = |phase: u32| phase % 2 == 1;
        self.blinks_for(viewer) && self.caret.phase(Instant::now()).is_some_and(odd)
    }

    /// How long until the cursor that a viewer sees turns on or off.
    pub(super) fn next_blink_for(&self, viewer: ViewerId) -> Option<Duration> {
        let now = Instant::now();
        let next = self.caret.phase(now).filter(|_| self.blinks_for(viewer))? + 1;
        Some((self.caret.stirred + HALF_PERIOD * next).duration_since(now))
    }
}
