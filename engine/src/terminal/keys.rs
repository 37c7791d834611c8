//! X11 keysyms to the bytes that xterm sends ("PC-Style Function Keys" in ctlseqs).

use alacritty_terminal::term::TermMode;

use super::keyboard::Modifiers;
use super::keysyms::legacy;

const ESCAPE: u8 = 0x1B;
const DELETE: u8 = 0x7F;
const BACKSPACE: u8 = 0x08;
const UNICODE_KEYSYMS: u32 = 0x0100_0000;

/// How a key without a character is written.
enum Sequence {
    /// `CSI letter`, or `SS3 letter` with application cursor keys.
    Cursor(u8),
    /// `SS3 letter`; `CSI 1 ; modifiers letter` with modifiers.
    Function(u8),
    /// `CSI number ~`.
    Numbered(u8),
}

/// The bytes for a pressed key, or `None` for one that sends nothing.
pub(super) fn encode(
    keysym: u32,
    modifiers: Modifiers,
    mode: TermMode,
    backspace: u8,
) -> Option<Vec<u8>> {
    if let Some(bytes) = simple(keysym, modifiers, mode, backspace) {
        return Some(bytes);
    }
    if let Some(sequence) = sequence(keysym) {
        return Some(write_sequence(&sequence, modifiers, mode));
    }
    character(keysym).map(|c| write_character(c, modifiers))
}

/// Keys that send one byte or so.
fn simple(keysym: u32, modifiers: Modifiers, mode: TermMode, backspace: u8) -> Option<Vec<u8>> {
    let bytes: &[u8] = match keysym {
        0xFF08 if modifiers.control => &[if backspace == DELETE { BACKSPACE } else { DELETE }],
        0xFF08 => &[backspace],
        0xFE20 => b"\x1b[Z",
        0xFF09 | 0xFF89 if modifiers.shift => b"\x1b[Z",
        0xFF09 | 0xFF89 => b"\t",
        0xFF0A => b"\n",
        0xFF8D if mode.contains(TermMode::APP_KEYPAD) => b"\x1bOM",
        0xFF0D | 0xFF8D if mode.contains(TermMode::LINE_FEED_NEW_LINE) => b"\r\n",
        0xFF0D | 0xFF8D => b"\r",
        0xFF1B => &[ESCAPE],
        _ => return None,
    };
    Some(with_alt(bytes, modifiers.alt))
}

fn sequence(keysym: u32) -> Option<Sequence> {
    use Sequence::{Cursor, Function, Numbered};
    Some(match keysym {
        0xFF52 | 0xFF97 => Cursor(b'A'),
        0xFF54 | 0xFF99 => Cursor(b'B'),
        0xFF53 | 0xFF98 => Cursor(b'C'),
        0xFF51 | 0xFF96 => Cursor(b'D'),
        0xFF9D => Cursor(b'E'),
        0xFF57 | 0xFF9C => Cursor(b'F'),
        0xFF50 | 0xFF95 => Cursor(b'H'),
        0xFF68 => Numbered(1),
        0xFF60 => Numbered(4),
        0xFF6A => Numbered(28),
        0xFF67 => Numbered(29),
        0xFF63 | 0xFF9E => Numbered(2),
        0xFFFF | 0xFF9F => Numbered(3),
        0xFF55 | 0xFF9A => Numbered(5),
        0xFF56 | 0xFF9B => Numbered(6),
        0xFF91..=0xFF94 => Function(b'P' + (keysym - 0xFF91) as u8),
        0xFFBE..=0xFFC1 => Function(b'P' + (keysym - 0xFFBE) as u8),
        0xFFC2 => Numbered(15),
        0xFFC3..=0xFFC7 => Numbered(17 + (keysym - 0xFFC3) as u8),
        0xFFC8..=0xFFCB => Numbered([23, 24, 25, 26][(keysym - 0xFFC8) as usize]),
        0xFFCC..=0xFFCD => Numbered(28 + (keysym - 0xFFCC) as u8),
        0xFFCE..=0xFFD1 => Numbered(31 + (keysym - 0xFFCE) as u8),
        _ => return None,
    })
}

fn write_sequence(sequence: &Sequence, modifiers: Modifiers, mode: TermMode) -> Vec<u8> {
    let parameter = 1
        + u8::from(modifiers.shift)
        + 2 * u8::from(modifiers.alt)
        + 4 * u8::from(modifiers.control);
    let plain = parameter == 1;
    match sequence {
        Sequence::Cursor(letter) if plain => {
            let introducer = if mode.contains(TermMode::APP_CURSOR) { b'O' } else { b'[' };
            vec![ESCAPE, introducer, *letter]
        }
        Sequence::Function(letter) if plain => vec![ESCAPE, b'O', *letter],
        Sequence::Cursor(letter) | Sequence::Function(letter) => {
            format!("\x1b[1;{parameter}{}", char::from(*letter)).into_bytes()
        }
        Sequence::Numbered(number) if plain => format!("\x1b[{number}~").into_bytes(),
        Sequence::Numbered(number) => format!("\x1b[{number};{parameter}~").into_bytes(),
    }
}

/// The character that a keysym stands for. Keypad digits and operators are always
/// characters: their keysyms only arrive with Num Lock on, where xterm does the same.
fn character(keysym: u32) -> Option<char> {
    match keysym {
        0x20..=0x7E | 0xA0..=0xFF | 0x20A0..=0x20AF => char::from_u32(keysym),
        0x0100..=0x1FFF => legacy(keysym),
        0xFFAA..=0xFFB9 => char::from_u32(keysym - 0xFFAA + u32::from('*')),
        0xFFBD => Some('='),
        0xFF80 => Some(' '),
        _ => char::from_u32(keysym.checked_sub(UNICODE_KEYSYMS)?).filter(|c| !c.is_control()),
    }
}

fn write_character(c: char, modifiers: Modifiers) -> Vec<u8> {
    let mut buffer = [0; 4];
    if modifiers.alt_graph {
        return c.encode_utf8(&mut buffer).as_bytes().to_vec();
    }
    match control_byte(c).filter(|_| modifiers.control) {
        Some(byte) => with_alt(&[byte], modifiers.alt),
        None => with_alt(c.encode_utf8(&mut buffer).as_bytes(), modifiers.alt),
    }
}

/// What the control key makes of a character, as xterm does (digits as on a VT220).
fn control_byte(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' => c as u8 - b'a' + 1,
        '@'..='_' => c as u8 - b'@',
        ' ' | '2' | '`' => 0,
        '3' | '{' => 0x1B,
        '4' | '|' => 0x1C,
        '5' | '}' => 0x1D,
        '6' | '~' => 0x1E,
        '7' | '/' => 0x1F,
        '8' | '?' => DELETE,
        _ => return None,
    })
}

fn with_alt(bytes: &[u8], alt: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1);
    if alt {
        out.push(ESCAPE);
    }
    out.extend_from_slice(bytes);
    out
}
