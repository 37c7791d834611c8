use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::Params;
use alacritty_terminal::vte::ansi::{Attr, Color, Handler, NamedColor, Rgb};

use super::Dispatch;
use crate::terminal::colors::named;

impl Dispatch<'_> {
    pub(super) fn sgr(&mut self, params: &Params) {
        if params.is_empty() {
            self.guard.terminal_attribute(Attr::Reset);
        }
        let mut params = params.iter();
        while let Some(param) = params.next() {
            let attribute = match *param {
                [code @ (38 | 48 | 58)] => {
                    let mut numbers = params.by_ref().map(|param| param[0]);
                    color(&mut numbers).map(|color| colored(code, color))
                }
                [code @ (38 | 48 | 58), ref parts @ ..] => {
                    with_colons(parts).map(|color| colored(code, color))
                }
                _ => simple(param),
            };
            if let Some(attribute) = attribute {
                self.guard.terminal_attribute(attribute);
            }
        }
    }
}

fn colored(code: u16, color: Color) -> Attr {
    match code {
        38 => Attr::Foreground(color),
        48 => Attr::Background(color),
        _ => Attr::UnderlineColor(Some(color)),
    }
}

/// `2:r:g:b`, `2:<colour space>:r:g:b` or `5:n`.
fn with_colons(parts: &[u16]) -> Option<Color> {
    let skipped = if parts.len() > 4 { 2 } else { 1 };
    color(&mut parts.iter().take(1).chain(parts.iter().skip(skipped)).copied())
}

fn color(numbers: &mut dyn Iterator<Item = u16>) -> Option<Color> {
    let kind = numbers.next()?;
    let mut byte = || u8::try_from(numbers.next()?).ok();
    match kind {
        2 => Some(Color::Spec(Rgb { r: byte()?, g: byte()?, b: byte()? })),
        5 => byte().map(Color::Indexed),
        _ => None,
    }
}

fn simple(param: &[u16]) -> Option<Attr> {
    let named = |index: u16| named(usize::from(index));
    Some(match *param {
        [0] => Attr::Reset,
        [1] => Attr::Bold,
        [2] => Attr::Dim,
        [3] => Attr::Italic,
        [4, 0] | [24] => Attr::CancelUnderline,
        [4, 2] | [21] => Attr::DoubleUnderline,
        [4, 3] => Attr::Undercurl,
        [4, 4] => Attr::DottedUnderline,
        [4, 5] => Attr::DashedUnderline,
        [4, ..] => Attr::Underline,
        [5] => Attr::BlinkSlow,
        [6] => Attr::BlinkFast,
        [7] => Attr::Reverse,
        [8] => Attr::Hidden,
        [9] => Attr::Strike,
        [22] => Attr::CancelBoldDim,
        [23] => Attr::CancelItalic,
        [25] => Attr::CancelBlink,
        [27] => Attr::CancelReverse,
        [28] => Attr::CancelHidden,
        [29] => Attr::CancelStrike,
        [code @ 30..=37] => Attr::Foreground(named(code - 30)),
        [39] => Attr::Foreground(Color::Named(NamedColor::Foreground)),
        [code @ 40..=47] => Attr::Background(named(code - 40)),
        [49] => Attr::Background(Color::Named(NamedColor::Background)),
        [59] => Attr::UnderlineColor(None),
        [code @ 90..=97] => Attr::Foreground(named(code - 90 + 8)),
        [code @ 100..=107] => Attr::Background(named(code - 100 + 8)),
        _ => return None,
    })
}

/// The sequence parameters that give a cell its attributes.
pub(super) fn describe(cell: &Cell) -> String {
    let mut codes = vec!["0".to_owned()];
    let flags = [
        (Flags::BOLD, "1"),
        (Flags::DIM, "2"),
        (Flags::ITALIC, "3"),
        (Flags::UNDERLINE, "4"),
        (Flags::DOUBLE_UNDERLINE, "21"),
        (Flags::UNDERCURL, "4:3"),
        (Flags::DOTTED_UNDERLINE, "4:4"),
        (Flags::DASHED_UNDERLINE, "4:5"),
        (Flags::INVERSE, "7"),
        (Flags::HIDDEN, "8"),
        (Flags::STRIKEOUT, "9"),
    ];
    let set = flags.iter().filter(|(flag, _)| cell.flags.contains(*flag));
    codes.extend(set.map(|(_, code)| (*code).to_owned()));
    codes.extend(describe_color(cell.fg, 30));
    codes.extend(describe_color(cell.bg, 40));
    codes.join(";")
}

fn describe_color(color: Color, base: usize) -> Option<String> {
    match color {
        Color::Named(name) => match name as usize {
            index @ 0..=7 => Some((base + index).to_string()),
            index @ 8..=15 => Some((base + 60 + index - 8).to_string()),
            _ => None,
        },
        Color::Indexed(index) => Some(format!("{}:5:{index}", base + 8)),
        Color::Spec(Rgb { r, g, b }) => Some(format!("{}:2::{r}:{g}:{b}", base + 8)),
    }
}
