use std::time::Duration;

use alacritty_terminal::vte::ansi::CharsetIndex;
use tokio::time::Instant;

/// A synchronised update holds the picture no longer than this.
const LONGEST_HOLD: Duration = Duration::from_millis(150);

/// How mouse positions are written beyond what the emulator knows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum MouseEncoding {
    /// One of the emulator's: bytes, UTF-8 or SGR.
    #[default]
    Emulator,
    /// Decimal numbers without the SGR form (1015).
    Urxvt,
    /// The SGR form, in pixels (1016).
    SgrPixels,
}

/// What a program has switched on that the emulator does not keep.
#[derive(Debug, Default)]
pub(super) struct Modes {
    /// Presses alone are reported (9).
    pub(super) x10_mouse: bool,
    pub(super) mouse_encoding: MouseEncoding,
    /// Switching between 80 and 132 columns, which clears the screen, is allowed (40).
    pub(super) column_switch: bool,
    /// Which character sets are the British one.
    pub(super) british: [bool; 4],
    pub(super) charset: CharsetIndex,
    /// The next character is from this set.
    pub(super) single_shift: Option<CharsetIndex>,
    /// What REP repeats.
    pub(super) last: Option<char>,
    /// First and last row of the scrolling region, from 1.
    pub(super) margins: Option<(usize, usize)>,
    /// A device control string as far as it came, if it is a question.
    pub(super) question: Option<Vec<u8>>,
    held: Option<Instant>,
}

impl Modes {
    /// Begins or ends a synchronised update (2026). Repeating it holds no longer.
    pub(super) fn hold(&mut self, on: bool) {
        self.held = on.then(|| self.held.unwrap_or_else(Instant::now));
    }

    /// How much longer the picture is held at most.
    pub(super) fn held_for(&self) -> Option<Duration> {
        let left = LONGEST_HOLD.checked_sub(self.held?.elapsed())?;
        (!left.is_zero()).then_some(left)
    }
}
