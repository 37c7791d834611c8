//! X11 keysyms to what a page hears of a key (UI Events, `key` and `code`).

use serde_json::{Value, json};

const ALT: u8 = 1;
const CONTROL: u8 = 2;
const META: u8 = 4;
const SHIFT: u8 = 8;

/// Keysym, `key`, legacy key code.
const NAMED: [(u32, &str, u32); 32] = [
    (0xFF08, "Backspace", 8),
    (0xFF09, "Tab", 9),
    (0xFE20, "Tab", 9),
    (0xFF0D, "Enter", 13),
    (0xFF8D, "Enter", 13),
    (0xFF1B, "Escape", 27),
    (0xFF50, "Home", 36),
    (0xFF51, "ArrowLeft", 37),
    (0xFF52, "ArrowUp", 38),
    (0xFF53, "ArrowRight", 39),
    (0xFF54, "ArrowDown", 40),
    (0xFF55, "PageUp", 33),
    (0xFF56, "PageDown", 34),
    (0xFF57, "End", 35),
    (0xFF63, "Insert", 45),
    (0xFFFF, "Delete", 46),
    (0xFFE1, "Shift", 16),
    (0xFFE2, "Shift", 16),
    (0xFFE3, "Control", 17),
    (0xFFE4, "Control", 17),
    (0xFFE7, "Meta", 91),
    (0xFFE8, "Meta", 92),
    (0xFFE9, "Alt", 18),
    (0xFFEA, "Alt", 18),
    (0xFFEB, "Meta", 91),
    (0xFFEC, "Meta", 92),
    (0xFFE5, "CapsLock", 20),
    (0xFE03, "AltGraph", 225),
    (0xFF67, "ContextMenu", 93),
    (0xFF13, "Pause", 19),
    (0xFF61, "PrintScreen", 44),
    (0xFF14, "ScrollLock", 145),
];
const FIRST_FUNCTION_KEY: u32 = 0xFFBE;
const FUNCTION_KEYS: u32 = 12;
const KEYPAD: u32 = 0xFFAA;
const UNICODE: u32 = 0x0100_0000;

/// A keyboard, with the modifiers that are held.
#[derive(Default)]
pub(super) struct Keyboard {
    modifiers: u8,
}

/// What is to be done for a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stroke {
    /// Parameters of `Input.dispatchKeyEvent`.
    Key(Value),
    /// Control and V: what was offered for pasting goes in.
    Paste,
    /// Alt and an arrow: that many pages on in the history.
    Travel(i64),
    /// F5, or Control and R.
    Reload,
    /// Nothing that a page knows.
    Nothing,
}

impl Keyboard {
    /// Modifiers as the browser counts them.
    pub(super) fn modifiers(&self) -> u8 {
        self.modifiers
    }

    pub(super) fn stroke(&mut self, keysym: u32, pressed: bool) -> Stroke {
        self.note(keysym, pressed);
        let (control, alt) = (self.modifiers & CONTROL != 0, self.modifiers & ALT != 0);
        let letter = character(keysym).map(|c| c.to_ascii_lowercase());
        match (letter, named(keysym).map(|(key, _)| key)) {
            (Some('v'), _) if control && !alt => shortcut(pressed, Stroke::Paste),
            (Some('r'), _) if control && !alt => shortcut(pressed, Stroke::Reload),
            (_, Some("F5")) => shortcut(pressed, Stroke::Reload),
            (_, Some("ArrowLeft")) if alt => shortcut(pressed, Stroke::Travel(-1)),
            (_, Some("ArrowRight")) if alt => shortcut(pressed, Stroke::Travel(1)),
            _ => self.key(keysym, pressed),
        }
    }

    fn note(&mut self, keysym: u32, pressed: bool) {
        let bit = match named(keysym).map(|(key, _)| key) {
            Some("Alt") => ALT,
            Some("Control") => CONTROL,
            Some("Meta") => META,
            Some("Shift") => SHIFT,
            _ => return,
        };
        self.modifiers = if pressed { self.modifiers | bit } else { self.modifiers & !bit };
    }

    fn key(&self, keysym: u32, pressed: bool) -> Stroke {
        let mut event = json!({
            "type": if pressed { "keyDown" } else { "keyUp" },
            "modifiers": self.modifiers,
        });
        if let Some((key, code)) = named(keysym) {
            event["key"] = json!(key);
            event["code"] = json!(key);
            event["windowsVirtualKeyCode"] = json!(code);
            if pressed && key == "Enter" {
                event["text"] = json!("\r");
            }
            return Stroke::Key(event);
        }
        let Some(character) = character(keysym) else { return Stroke::Nothing };
        event["key"] = json!(character);
        event["windowsVirtualKeyCode"] = json!(key_code(character));
        if let Some(code) = code(character) {
            event["code"] = json!(code);
        }
        // With Control, Alt or Meta it is a command, not text.
        if pressed && self.modifiers & (CONTROL | ALT | META) == 0 {
            event["text"] = json!(character);
        }
        Stroke::Key(event)
    }
}

fn shortcut(pressed: bool, stroke: Stroke) -> Stroke {
    if pressed { stroke } else { Stroke::Nothing }
}

fn named(keysym: u32) -> Option<(&'static str, u32)> {
    const FUNCTION: [&str; FUNCTION_KEYS as usize] =
        ["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12"];
    let number = keysym.wrapping_sub(FIRST_FUNCTION_KEY);
    if number < FUNCTION_KEYS {
        return Some((FUNCTION[number as usize], 112 + number));
    }
    NAMED.iter().find(|(known, ..)| *known == keysym).map(|(_, key, code)| (*key, *code))
}

/// The text of a keysym: Latin-1 stands for itself, the rest by its Unicode number.
fn character(keysym: u32) -> Option<char> {
    match keysym {
        0x20..=0x7E | 0xA0..=0xFF => char::from_u32(keysym),
        // The keypad's operators and digits stand 0xFF80 above their letters.
        KEYPAD..=0xFFB9 => char::from_u32(keysym - 0xFF80),
        UNICODE.. => char::from_u32(keysym - UNICODE),
        _ => None,
    }
}

fn key_code(character: char) -> u32 {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => u32::from(character.to_ascii_uppercase()),
        _ => 0,
    }
}

fn code(character: char) -> Option<String> {
    match character {
        'a'..='z' | 'A'..='Z' => Some(format!("Key{}", character.to_ascii_uppercase())),
        '0'..='9' => Some(format!("Digit{character}")),
        ' ' => Some("Space".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(stroke: Stroke) -> Value {
        match stroke {
            Stroke::Key(event) => event,
            other => panic!("{other:?} is no key"),
        }
    }

    #[test]
    fn text_of_any_script_is_typed_and_commands_are_not() {
        let mut keyboard = Keyboard::default();
        for (keysym, text) in [(0x61, "a"), (0xFC, "ü"), (0x0100_65E5, "日"), (0x0101_F980, "🦀")]
        {
            assert_eq!(key(keyboard.stroke(keysym, true))["text"], text);
            assert!(key(keyboard.stroke(keysym, false))["text"].is_null());
        }
        keyboard.stroke(0xFFE3, true);
        let command = key(keyboard.stroke(0x61, true));
        assert!(command["text"].is_null());
        assert_eq!((&command["modifiers"], &command["code"]), (&json!(2), &json!("KeyA")));
        assert_eq!(keyboard.stroke(0x76, true), Stroke::Paste);
        keyboard.stroke(0xFFE3, false);
        assert_eq!(key(keyboard.stroke(0x76, true))["text"], "v");
    }

    #[test]
    fn named_keys_are_what_a_page_calls_them() {
        let mut keyboard = Keyboard::default();
        assert_eq!(key(keyboard.stroke(0xFF0D, true))["text"], "\r");
        assert_eq!(key(keyboard.stroke(0xFFC8, true))["key"], "F11");
        assert_eq!(key(keyboard.stroke(0xFFB5, true))["text"], "5");
        assert_eq!(keyboard.stroke(0xFFC2, true), Stroke::Reload);
        assert_eq!(keyboard.stroke(0xDEAD, true), Stroke::Nothing);
        keyboard.stroke(0xFFE9, true);
        assert_eq!(keyboard.stroke(0xFF51, true), Stroke::Travel(-1));
    }
}
