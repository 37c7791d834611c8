use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::vte::Params;
use alacritty_terminal::vte::ansi::{
    ClearMode, CursorShape, CursorStyle, Handler, KeyboardModes, KeyboardModesApplyBehavior,
    LineClearMode, Mode, NamedMode, TabulationClearMode,
};

use super::Dispatch;

impl Dispatch<'_> {
    pub(super) fn csi(&mut self, params: &Params, intermediates: &[u8], action: char) {
        match intermediates {
            [] => self.plain(params, action),
            [b'?'] => self.private(params, action),
            [b'>'] => self.greater(params, action),
            [b'='] => self.equals(params, action),
            [b'<'] if action == 'u' => self.guard.pop_keyboard_modes(at_least_1(params, 0)),
            [b' '] if action == 'q' => self.cursor_style(number(params, 0)),
            [b'!'] if action == 'p' => self.soft_reset(),
            [b'$'] if action == 'p' => self.guard.report_mode(public_mode(number(params, 0))),
            [b'?', b'$'] if action == 'p' => self.report_private(number(params, 0)),
            _ => {}
        }
    }

    fn plain(&mut self, params: &Params, action: char) {
        let first = at_least_1(params, 0);
        let count = usize::from(first);
        let guard = &mut self.guard;
        match action {
            '@' => guard.insert_blank(count),
            'A' => self.move_rows(-i32::from(first)),
            'B' | 'e' => self.move_rows(first.into()),
            'C' | 'a' => guard.move_forward(count),
            'D' => guard.move_backward(count),
            'E' | 'F' => {
                self.move_rows(if action == 'E' { first.into() } else { -i32::from(first) });
                self.guard.carriage_return();
            }
            'G' | '`' => guard.goto_col(count - 1),
            'H' | 'f' => guard.goto(i32::from(first) - 1, usize::from(at_least_1(params, 1)) - 1),
            'I' => guard.move_forward_tabs(first),
            'J' => self.erase_display(number(params, 0)),
            'K' => self.erase_line(number(params, 0)),
            'L' => guard.insert_blank_lines(count),
            'M' => guard.delete_lines(count),
            'P' => self.delete_chars(count),
            'S' => guard.scroll_up(count),
            'T' if params.len() <= 1 => guard.scroll_down(count),
            '^' => guard.scroll_down(count),
            'X' => guard.erase_chars(count),
            'Z' => guard.move_backward_tabs(first),
            'b' => self.repeat(count),
            'd' => guard.goto_line(i32::from(first) - 1),
            'g' => self.clear_tabs(number(params, 0)),
            'h' | 'l' => self.set_modes(params, action == 'h'),
            'm' => self.sgr(params),
            'r' => self.set_margins(params),
            's' => guard.save_cursor_position(),
            'u' => guard.restore_cursor_position(),
            'c' | 'n' | 't' | 'x' => self.report(params, action),
            _ => {}
        }
    }

    fn greater(&mut self, params: &Params, action: char) {
        match action {
            'c' if number(params, 0) == 0 => self.secondary_attributes(),
            'q' if number(params, 0) == 0 => self.name_and_version(),
            'u' => {
                let modes = KeyboardModes::from_bits_truncate(number(params, 0) as u8);
                self.guard.push_keyboard_mode(modes);
            }
            _ => {}
        }
    }

    fn equals(&mut self, params: &Params, action: char) {
        match action {
            'c' if number(params, 0) == 0 => self.say("\x1bP!|00000000\x1b\\"),
            'u' => {
                let modes = KeyboardModes::from_bits_truncate(number(params, 0) as u8);
                let how = match number(params, 1) {
                    2 => KeyboardModesApplyBehavior::Union,
                    3 => KeyboardModesApplyBehavior::Difference,
                    _ => KeyboardModesApplyBehavior::Replace,
                };
                self.guard.set_keyboard_mode(modes, how);
            }
            _ => {}
        }
    }

    pub(super) fn erase_display(&mut self, what: u16) {
        self.guard.clear_screen(match what {
            0 => ClearMode::Below,
            1 => ClearMode::Above,
            2 => ClearMode::All,
            3 => ClearMode::Saved,
            _ => return,
        });
    }

    pub(super) fn erase_line(&mut self, what: u16) {
        self.guard.clear_line(match what {
            0 => LineClearMode::Right,
            1 => LineClearMode::Left,
            2 => LineClearMode::All,
            _ => return,
        });
    }

    /// Repeats the last character; no more often than a screen has cells, so that a few
    /// bytes cannot keep the parser busy.
    fn repeat(&mut self, count: usize) {
        let Some(c) = self.modes.last else { return };
        let cells = self.guard.term.columns() * self.guard.term.screen_lines();
        (0..count.min(cells)).for_each(|_| self.guard.input(c));
    }

    /// The emulator deletes before the cursor too when it is told of more than there is.
    fn delete_chars(&mut self, count: usize) {
        let left = self.guard.term.columns() - self.guard.term.grid().cursor.point.column.0;
        self.guard.delete_chars(count.min(left));
    }

    /// Moves the cursor up or down, not beyond a margin that it is within.
    fn move_rows(&mut self, rows: i32) {
        let last = self.guard.term.screen_lines() as i32 - 1;
        let (top, bottom) = match self.modes.margins {
            Some((top, bottom)) => (top as i32 - 1, bottom as i32 - 1),
            None => (0, last),
        };
        let cursor = &mut self.guard.term.grid_mut().cursor;
        let now = cursor.point.line.0;
        let highest = if now >= top { top } else { 0 };
        let lowest = if now <= bottom { bottom } else { last };
        cursor.point.line.0 = (now + rows).clamp(highest, lowest.min(last));
        cursor.input_needs_wrap = false;
    }

    fn clear_tabs(&mut self, what: u16) {
        match what {
            0 => self.guard.clear_tabs(TabulationClearMode::Current),
            3 => self.guard.clear_tabs(TabulationClearMode::All),
            _ => {}
        }
    }

    fn set_modes(&mut self, params: &Params, on: bool) {
        for param in params {
            let mode = public_mode(param[0]);
            if on { self.guard.set_mode(mode) } else { self.guard.unset_mode(mode) }
        }
    }

    fn set_margins(&mut self, params: &Params) {
        let rows = self.guard.term.screen_lines();
        let top = usize::from(at_least_1(params, 0));
        let bottom = match usize::from(number(params, 1)) {
            0 => rows,
            bottom => bottom.min(rows),
        };
        if top < bottom {
            self.modes.margins = Some((top, bottom));
            self.guard.set_scrolling_region(top, Some(bottom));
        }
    }

    fn cursor_style(&mut self, style: u16) {
        let shape = match style {
            0 => None,
            1 | 2 => Some(CursorShape::Block),
            3 | 4 => Some(CursorShape::Underline),
            5 | 6 => Some(CursorShape::Beam),
            _ => return,
        };
        let blinking = style % 2 == 1;
        self.guard.set_cursor_style(shape.map(|shape| CursorStyle { shape, blinking }));
    }

    /// What the remote side asks about.
    fn report(&mut self, params: &Params, action: char) {
        let what = number(params, 0);
        match (action, what) {
            ('c', 0) => self.primary_attributes(),
            ('n', 5) => self.say("\x1b[0n"),
            ('n', 6) => self.say(self.cursor_position("")),
            ('x', 0 | 1) => self.say(format!("\x1b[{};1;1;128;128;1;0x", what + 2)),
            ('t', 11) => self.say("\x1b[1t"),
            ('t', 13) => self.say("\x1b[3;0;0t"),
            ('t', 14) => self.guard.text_area_size_pixels(),
            ('t', 16) => self.say(format!("\x1b[6;{};{}t", self.cell.0, self.cell.1)),
            ('t', 18) => self.guard.text_area_size_chars(),
            ('t', 19) => {
                let (rows, columns) = (self.guard.term.screen_lines(), self.guard.term.columns());
                self.say(format!("\x1b[9;{rows};{columns}t"));
            }
            ('t', 22) => self.guard.push_title(),
            ('t', 23) => self.guard.pop_title(),
            _ => {}
        }
    }

    /// The cursor's place, as programs address it: in origin mode from the margin.
    pub(super) fn cursor_position(&self, prefix: &str) -> String {
        let term = &*self.guard.term;
        let point = term.grid().cursor.point;
        let origin = term.mode().contains(TermMode::ORIGIN);
        let top = self.modes.margins.filter(|_| origin).map_or(0, |(top, _)| top - 1);
        let row = (point.line.0 as usize).saturating_sub(top) + 1;
        format!("\x1b[{prefix}{row};{}R", point.column.0 + 1)
    }

    /// A VT220 with colours whose programs may write to the clipboard.
    pub(super) fn primary_attributes(&self) {
        self.say("\x1b[?62;22;52c");
    }

    /// Programs take the number for xterm's, and expect what that one could do.
    fn secondary_attributes(&self) {
        self.say("\x1b[>41;380;0c");
    }

    fn name_and_version(&self) {
        self.say(concat!("\x1bP>|Fanlight(", env!("CARGO_PKG_VERSION"), ")\x1b\\"));
    }
}

/// A parameter; 0 where there is none.
pub(super) fn number(params: &Params, index: usize) -> u16 {
    params.iter().nth(index).and_then(|parts| parts.first()).copied().unwrap_or(0)
}

/// A parameter that is 1 where there is none.
pub(super) fn at_least_1(params: &Params, index: usize) -> u16 {
    number(params, index).max(1)
}

fn public_mode(mode: u16) -> Mode {
    match mode {
        4 => Mode::Named(NamedMode::Insert),
        20 => Mode::Named(NamedMode::LineFeedNewLine),
        _ => Mode::Unknown(mode),
    }
}
