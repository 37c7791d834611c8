use alacritty_terminal::grid::Cursor;
use alacritty_terminal::vte::Params;
use alacritty_terminal::vte::ansi::{
    Attr, CharsetIndex, Handler, Mode, NamedMode, NamedPrivateMode, PrivateMode, StandardCharset,
};

use super::Dispatch;
use super::csi::number;
use crate::terminal::modes::MouseEncoding;

const MOUSE_TRACKING: [NamedPrivateMode; 3] = [
    NamedPrivateMode::ReportMouseClicks,
    NamedPrivateMode::ReportCellMouseMotion,
    NamedPrivateMode::ReportAllMouseMotion,
];

impl Dispatch<'_> {
    /// Sequences with a question mark.
    pub(super) fn private(&mut self, params: &Params, action: char) {
        match action {
            'h' => params.iter().for_each(|param| self.set_private(param[0], true)),
            'l' => params.iter().for_each(|param| self.set_private(param[0], false)),
            'J' => self.erase_display(number(params, 0)),
            'K' => self.erase_line(number(params, 0)),
            'W' if number(params, 0) == 5 => self.guard.set_tabs(8),
            'n' => self.private_status(number(params, 0)),
            'u' => self.guard.report_keyboard_mode(),
            _ => {}
        }
    }

    fn set_private(&mut self, mode: u16, on: bool) {
        match mode {
            3 if !self.modes.column_switch => {}
            6 => self.set_origin(on),
            9 => {
                for tracking in MOUSE_TRACKING {
                    self.guard.unset_private_mode(tracking.into());
                }
                self.modes.x10_mouse = on;
            }
            40 => self.modes.column_switch = on,
            1000 | 1002 | 1003 => {
                self.modes.x10_mouse = false;
                self.pass_private(mode, on);
            }
            1005 | 1006 => {
                self.modes.mouse_encoding = MouseEncoding::Emulator;
                self.pass_private(mode, on);
            }
            1015 => self.set_encoding(MouseEncoding::Urxvt, on),
            1016 => self.set_encoding(MouseEncoding::SgrPixels, on),
            2026 => self.modes.hold(on),
            _ => self.pass_private(mode, on),
        }
    }

    fn pass_private(&mut self, mode: u16, on: bool) {
        let mode = private_mode(mode);
        if on {
            self.guard.set_private_mode(mode);
        } else {
            self.guard.unset_private_mode(mode);
        }
    }

    fn set_origin(&mut self, on: bool) {
        self.pass_private(6, on);
        self.guard.goto(0, 0);
    }

    fn set_encoding(&mut self, encoding: MouseEncoding, on: bool) {
        if on {
            self.pass_private(1005, false);
            self.pass_private(1006, false);
            self.modes.mouse_encoding = encoding;
        } else if self.modes.mouse_encoding == encoding {
            self.modes.mouse_encoding = MouseEncoding::Emulator;
        }
    }

    /// Says whether a mode is set ("DECRQM").
    pub(super) fn report_private(&mut self, mode: u16) {
        let encoding = self.modes.mouse_encoding;
        let set = match mode {
            9 => self.modes.x10_mouse,
            40 => self.modes.column_switch,
            1015 => encoding == MouseEncoding::Urxvt,
            1016 => encoding == MouseEncoding::SgrPixels,
            2026 => self.modes.held_for().is_some(),
            _ => return self.guard.report_private_mode(private_mode(mode)),
        };
        self.say(format!("\x1b[?{mode};{}$y", if set { 1 } else { 2 }));
    }

    /// Device status in DEC's form: there is no printer, no locator and no lock on keys.
    fn private_status(&mut self, what: u16) {
        match what {
            6 => self.say(self.cursor_position("?")),
            15 => self.say("\x1b[?13n"),
            25 => self.say("\x1b[?20n"),
            26 => self.say("\x1b[?27;1;0;0n"),
            55 => self.say("\x1b[?50n"),
            56 => self.say("\x1b[?57;0n"),
            62 => self.say("\x1b[0*{"),
            75 => self.say("\x1b[?70n"),
            85 => self.say("\x1b[?83n"),
            _ => {}
        }
    }

    /// DECSTR: modes and attributes as they were, but nothing moves and nothing is erased.
    pub(super) fn soft_reset(&mut self) {
        let place = self.guard.term.grid().cursor.point;
        self.pass_private(6, false);
        self.pass_private(1, false);
        self.pass_private(25, true);
        self.pass_private(7, true);
        self.guard.unset_mode(Mode::Named(NamedMode::Insert));
        self.guard.unset_keypad_application_mode();
        self.guard.terminal_attribute(Attr::Reset);
        self.guard.set_scrolling_region(1, None);
        self.modes.margins = None;
        self.modes.british = [false; 4];
        for index in [CharsetIndex::G0, CharsetIndex::G1, CharsetIndex::G2, CharsetIndex::G3] {
            self.guard.configure_charset(index, StandardCharset::Ascii);
        }
        self.choose_charset(CharsetIndex::G0);
        self.guard.set_cursor_style(None);
        let grid = self.guard.term.grid_mut();
        grid.saved_cursor = Cursor::default();
        grid.cursor.point = place;
    }
}

fn private_mode(mode: u16) -> PrivateMode {
    const NAMED: [NamedPrivateMode; 16] = [
        NamedPrivateMode::CursorKeys,
        NamedPrivateMode::ColumnMode,
        NamedPrivateMode::Origin,
        NamedPrivateMode::LineWrap,
        NamedPrivateMode::BlinkingCursor,
        NamedPrivateMode::ShowCursor,
        NamedPrivateMode::ReportMouseClicks,
        NamedPrivateMode::ReportCellMouseMotion,
        NamedPrivateMode::ReportAllMouseMotion,
        NamedPrivateMode::ReportFocusInOut,
        NamedPrivateMode::Utf8Mouse,
        NamedPrivateMode::SgrMouse,
        NamedPrivateMode::AlternateScroll,
        NamedPrivateMode::UrgencyHints,
        NamedPrivateMode::SwapScreenAndSetRestoreCursor,
        NamedPrivateMode::BracketedPaste,
    ];
    let named = NAMED.into_iter().find(|named| *named as u16 == mode);
    named.map_or(PrivateMode::Unknown(mode), PrivateMode::Named)
}
