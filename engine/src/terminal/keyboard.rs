use alacritty_terminal::term::TermMode;

use super::keys;
use super::paste;
use super::state::{Effects, State};
use super::view::Scroll;

const SHIFT: [u32; 2] = [0xFFE1, 0xFFE2];
const CONTROL: [u32; 2] = [0xFFE3, 0xFFE4];
const META_AND_ALT: [u32; 4] = [0xFFE7, 0xFFE8, 0xFFE9, 0xFFEA];
const ALT_GRAPH: [u32; 2] = [0xFE03, 0xFF7E];
const INSERT: [u32; 2] = [0xFF63, 0xFF9E];
const PAGE_UP: [u32; 2] = [0xFF55, 0xFF9A];
const PAGE_DOWN: [u32; 2] = [0xFF56, 0xFF9B];
const HOME: [u32; 2] = [0xFF50, 0xFF95];
const END: [u32; 2] = [0xFF57, 0xFF9C];

/// Which modifier keys are held down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub(super) shift: bool,
    pub(super) control: bool,
    pub(super) alt: bool,
    /// AltGr: it chooses characters and is no modifier for the remote side.
    pub(super) alt_graph: bool,
}

impl Modifiers {
    /// Notes a modifier key; whether it was one.
    fn note(&mut self, keysym: u32, pressed: bool) -> bool {
        let flag = if SHIFT.contains(&keysym) {
            &mut self.shift
        } else if CONTROL.contains(&keysym) {
            &mut self.control
        } else if META_AND_ALT.contains(&keysym) {
            &mut self.alt
        } else if ALT_GRAPH.contains(&keysym) {
            &mut self.alt_graph
        } else {
            return false;
        };
        *flag = pressed;
        true
    }
}

impl State {
    pub(super) fn key(&mut self, keysym: u32, pressed: bool) -> Effects {
        if self.modifiers.note(keysym, pressed) || !pressed {
            return Effects::default();
        }
        if let Some(effects) = self.shortcut(keysym) {
            return effects;
        }
        let mode = *self.term.mode();
        match keys::encode(keysym, self.modifiers, mode, self.options.backspace) {
            Some(bytes) => self.send(bytes),
            None => Effects::default(),
        }
    }

    /// Keys that the terminal keeps for itself.
    fn shortcut(&mut self, keysym: u32) -> Option<Effects> {
        let Modifiers { shift, control, alt, .. } = self.modifiers;
        if !shift || alt {
            return None;
        }
        let letter = char::from_u32(keysym).map(|c| c.to_ascii_lowercase());
        match letter {
            Some('c') if control => return Some(self.copy_selection()),
            Some('v') if control => return Some(self.paste()),
            _ if control => return None,
            _ => {}
        }
        if INSERT.contains(&keysym) {
            return Some(self.paste());
        }
        if self.term.mode().contains(TermMode::ALT_SCREEN) {
            return None;
        }
        let scroll = [
            (PAGE_UP, Scroll::PageUp),
            (PAGE_DOWN, Scroll::PageDown),
            (HOME, Scroll::Top),
            (END, Scroll::To(0)),
        ]
        .into_iter()
        .find_map(|(keysyms, scroll)| keysyms.contains(&keysym).then_some(scroll))?;
        Some(self.scroll(scroll))
    }

    /// Types what the viewer's clipboard holds.
    pub(super) fn paste(&mut self) -> Effects {
        if self.clipboard.is_empty() {
            return Effects::default();
        }
        let bracketed = self.term.mode().contains(TermMode::BRACKETED_PASTE);
        let bytes = paste::typed(&self.clipboard, bracketed);
        self.send(bytes)
    }

    pub(super) fn copy_selection(&self) -> Effects {
        let clipboard = self.selected_text();
        Effects { clipboard, ..Effects::default() }
    }
}
