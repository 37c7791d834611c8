//! From sequences to what they do: after xterm's ctlseqs, as far as a terminal in a
//! browser goes. Cursor, cells and most modes are the emulator's; what it does not know
//! is here, as are the answers to programs that ask what they are talking to.

mod csi;
mod dcs;
mod osc;
mod private;
mod sgr;

use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::vte::ansi::{CharsetIndex, Handler, StandardCharset};
use alacritty_terminal::vte::{Params, Perform};

use super::events::Outbox;
use super::guard::Guard;
use super::modes::Modes;

/// Carries sequences out while a piece of output is parsed.
pub(super) struct Dispatch<'a> {
    pub(super) guard: Guard<'a, Outbox>,
    pub(super) modes: &'a mut Modes,
    pub(super) outbox: &'a Outbox,
    /// Height and width of a cell in pixels.
    pub(super) cell: (u32, u32),
}

impl Dispatch<'_> {
    /// Answers the remote side.
    fn say(&self, answer: impl Into<String>) {
        self.outbox.send_event(Event::PtyWrite(answer.into()));
    }

    fn choose_charset(&mut self, index: CharsetIndex) {
        self.modes.charset = index;
        self.guard.set_active_charset(index);
    }

    fn designate(&mut self, intermediate: u8, set: u8) {
        let index = match intermediate {
            b'(' => CharsetIndex::G0,
            b')' | b'-' => CharsetIndex::G1,
            b'*' | b'.' => CharsetIndex::G2,
            b'+' | b'/' => CharsetIndex::G3,
            _ => return,
        };
        let charset = match set {
            b'0' => StandardCharset::SpecialCharacterAndLineDrawing,
            _ => StandardCharset::Ascii,
        };
        self.modes.british[index as usize] = set == b'A';
        self.guard.configure_charset(index, charset);
    }

    /// The character in the set that is chosen.
    fn translated(&self, c: char, index: CharsetIndex) -> char {
        if c == '#' && self.modes.british[index as usize] { '£' } else { c }
    }

    fn full_reset(&mut self) {
        *self.modes = Modes::default();
        self.guard.reset_state();
    }
}

impl Perform for Dispatch<'_> {
    #[inline]
    fn print(&mut self, c: char) {
        if c == '#' || self.modes.single_shift.is_some() {
            let shift = self.modes.single_shift.take();
            let index = shift.unwrap_or(self.modes.charset);
            let c = self.translated(c, index);
            self.guard.set_active_charset(index);
            self.guard.input(c);
            self.guard.set_active_charset(self.modes.charset);
            self.modes.last = Some(c);
            return;
        }
        self.guard.input(c);
        self.modes.last = Some(c);
    }

    #[inline]
    fn execute(&mut self, byte: u8) {
        match byte {
            0x07 => self.guard.bell(),
            0x08 => self.guard.backspace(),
            0x09 => self.guard.put_tab(1),
            0x0A..=0x0C => self.guard.linefeed(),
            0x0D => self.guard.carriage_return(),
            0x0E => self.choose_charset(CharsetIndex::G1),
            0x0F => self.choose_charset(CharsetIndex::G0),
            0x1A => self.guard.substitute(),
            // The parser does not say whether it was a byte astray or a C1 control in
            // UTF-8, which nobody sends: something that shows is better than nothing.
            0x80..=0x9F => self.print(char::REPLACEMENT_CHARACTER),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if !ignore {
            self.csi(params, intermediates, action);
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        match (intermediates, byte) {
            _ if ignore => {}
            ([], b'7') => self.guard.save_cursor_position(),
            ([], b'8') => self.guard.restore_cursor_position(),
            ([], b'D') => self.guard.linefeed(),
            ([], b'E') => {
                self.guard.linefeed();
                self.guard.carriage_return();
            }
            ([], b'H') => self.guard.set_horizontal_tabstop(),
            ([], b'M') => self.guard.reverse_index(),
            ([], b'N') => self.modes.single_shift = Some(CharsetIndex::G2),
            ([], b'O') => self.modes.single_shift = Some(CharsetIndex::G3),
            ([], b'Z') => self.primary_attributes(),
            ([], b'c') => self.full_reset(),
            ([], b'n') => self.choose_charset(CharsetIndex::G2),
            ([], b'o') => self.choose_charset(CharsetIndex::G3),
            ([], b'=') => self.guard.set_keypad_application_mode(),
            ([], b'>') => self.guard.unset_keypad_application_mode(),
            ([b'#'], b'8') => self.guard.decaln(),
            ([intermediate], set) => self.designate(*intermediate, set),
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], bell_terminated: bool) {
        self.osc(params, if bell_terminated { "\x07" } else { "\x1b\\" });
    }

    fn hook(&mut self, _: &Params, intermediates: &[u8], ignore: bool, action: char) {
        self.begin_question(intermediates, ignore, action);
    }

    fn put(&mut self, byte: u8) {
        self.add_to_question(byte);
    }

    fn unhook(&mut self) {
        self.answer_question();
    }
}
