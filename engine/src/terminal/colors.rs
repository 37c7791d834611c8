use alacritty_terminal::term::color::Colors;
use alacritty_terminal::vte::ansi::{Color as CellColor, NamedColor, Rgb};
use fanlight_core::Color;

/// The colours of a terminal: default foreground and background, and the 256 of xterm.
#[derive(Debug, Clone)]
pub struct ColorScheme {
    /// Text without a colour of its own.
    pub foreground: Color,
    /// Cells without a background of their own.
    pub background: Color,
    palette: Box<[Color; 256]>,
    /// The parameter that it was read from.
    text: Box<str>,
}

const fn rgb(value: u32) -> Color {
    Color { r: (value >> 16) as u8, g: (value >> 8) as u8, b: value as u8 }
}

const BLACK: Color = rgb(0x00_0000);
const WHITE: Color = rgb(0xFF_FFFF);
const GRAY: Color = rgb(0xCC_CCCC);
const GREEN: Color = rgb(0x23_D18B);

const ANSI: [Color; 16] = [
    BLACK,
    rgb(0xCD_3131),
    rgb(0x0D_BC79),
    rgb(0xE5_E510),
    rgb(0x24_72C8),
    rgb(0xBC_3FBC),
    rgb(0x11_A8CD),
    rgb(0xE5_E5E5),
    rgb(0x66_6666),
    rgb(0xF1_4C4C),
    GREEN,
    rgb(0xF5_F543),
    rgb(0x3B_8EEA),
    rgb(0xD6_70D6),
    rgb(0x29_B8DB),
    WHITE,
];

/// Colour names that a scheme may use besides `colorN` and `rgb:RR/GG/BB`.
const NAMES: [(&str, u32); 18] = [
    ("black", 0x00_0000),
    ("blue", 0x00_00FF),
    ("brown", 0xA5_2A2A),
    ("cyan", 0x00_FFFF),
    ("darkblue", 0x00_008B),
    ("darkgreen", 0x00_6400),
    ("darkred", 0x8B_0000),
    ("gold", 0xFF_D700),
    ("gray", 0xBE_BEBE),
    ("green", 0x00_FF00),
    ("lightgray", 0xD3_D3D3),
    ("magenta", 0xFF_00FF),
    ("navy", 0x00_0080),
    ("orange", 0xFF_A500),
    ("purple", 0xA0_20F0),
    ("red", 0xFF_0000),
    ("white", 0xFF_FFFF),
    ("yellow", 0xFF_FF00),
];

const DEFAULT_NAME: &str = "gray-black";

impl Default for ColorScheme {
    fn default() -> Self {
        Self::pair(GRAY, BLACK)
    }
}

impl ColorScheme {
    fn pair(foreground: Color, background: Color) -> Self {
        let mut palette = Box::new([BLACK; 256]);
        for (index, slot) in palette.iter_mut().enumerate() {
            *slot = xterm_color(index as u8);
        }
        Self { foreground, background, palette, text: DEFAULT_NAME.into() }
    }

    /// Reads a `color-scheme` parameter: one of guacd's names, or `name: value` pairs
    /// divided by semicolons, where the name is `foreground`, `background` or `colorN`
    /// and the value a colour name, `colorN` or `rgb:RR/GG/BB`. What it cannot read keeps
    /// its default.
    pub fn parse(text: &str) -> Self {
        let mut scheme = match text.trim() {
            "" | DEFAULT_NAME => return Self::default(),
            "black-white" => Self::pair(BLACK, WHITE),
            "green-black" => Self::pair(GREEN, BLACK),
            "white-black" => Self::pair(WHITE, BLACK),
            pairs => {
                let mut scheme = Self::default();
                for (name, value) in pairs.split([';', '\n']).filter_map(|p| p.split_once(':')) {
                    scheme.assign(&simplify(name), &simplify(value));
                }
                scheme
            }
        };
        scheme.text = text.trim().into();
        scheme
    }

    /// The parameter that makes this scheme.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn assign(&mut self, name: &str, value: &str) {
        let Some(color) = self.named(value) else { return };
        match name {
            "foreground" => self.foreground = color,
            "background" => self.background = color,
            _ => {
                if let Some(index) = palette_index(name) {
                    self.palette[usize::from(index)] = color;
                }
            }
        }
    }

    fn named(&self, value: &str) -> Option<Color> {
        if let Some(index) = palette_index(value) {
            return Some(self.palette[usize::from(index)]);
        }
        if let Some(parts) = value.strip_prefix("rgb:") {
            let mut channels = parts.split('/').map(hex_channel);
            return Some(Color {
                r: channels.next()??,
                g: channels.next()??,
                b: channels.next()??,
            });
        }
        NAMES.iter().find(|(name, _)| *name == value).map(|(_, color)| rgb(*color))
    }

    /// The colour of a cell's attribute; `changed` holds what the remote side redefined.
    pub(super) fn resolve(&self, color: CellColor, changed: &Colors) -> Color {
        match color {
            CellColor::Spec(Rgb { r, g, b }) => Color { r, g, b },
            CellColor::Indexed(index) => self.at(usize::from(index), changed),
            CellColor::Named(name) => self.at(name as usize, changed),
        }
    }

    /// The colour at an index of [`Colors`].
    pub(super) fn at(&self, index: usize, changed: &Colors) -> Color {
        const FOREGROUND: usize = NamedColor::Foreground as usize;
        const BACKGROUND: usize = NamedColor::Background as usize;
        if let Some(Rgb { r, g, b }) = (index < COLOR_COUNT).then(|| changed[index]).flatten() {
            return Color { r, g, b };
        }
        match index {
            0..=255 => self.palette[index],
            BACKGROUND => self.background,
            FOREGROUND => self.foreground,
            _ => self.foreground,
        }
    }
}

const COLOR_COUNT: usize = alacritty_terminal::term::color::COUNT;

/// Of the colours that cells have by name: the sixteen of the palette come first.
const CELL_COLORS: [NamedColor; 29] = [
    NamedColor::Black,
    NamedColor::Red,
    NamedColor::Green,
    NamedColor::Yellow,
    NamedColor::Blue,
    NamedColor::Magenta,
    NamedColor::Cyan,
    NamedColor::White,
    NamedColor::BrightBlack,
    NamedColor::BrightRed,
    NamedColor::BrightGreen,
    NamedColor::BrightYellow,
    NamedColor::BrightBlue,
    NamedColor::BrightMagenta,
    NamedColor::BrightCyan,
    NamedColor::BrightWhite,
    NamedColor::Foreground,
    NamedColor::Background,
    NamedColor::Cursor,
    NamedColor::DimBlack,
    NamedColor::DimRed,
    NamedColor::DimGreen,
    NamedColor::DimYellow,
    NamedColor::DimBlue,
    NamedColor::DimMagenta,
    NamedColor::DimCyan,
    NamedColor::DimWhite,
    NamedColor::BrightForeground,
    NamedColor::DimForeground,
];

/// A cell's colour of that number, the foreground where there is none.
pub(super) fn named(number: usize) -> CellColor {
    let name = CELL_COLORS.into_iter().find(|name| *name as usize == number);
    CellColor::Named(name.unwrap_or(NamedColor::Foreground))
}

fn xterm_color(index: u8) -> Color {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index {
        0..=15 => ANSI[usize::from(index)],
        16..=231 => {
            let cube = index - 16;
            Color { r: level(cube / 36), g: level(cube / 6 % 6), b: level(cube % 6) }
        }
        _ => {
            let gray = 8 + 10 * (index - 232);
            Color { r: gray, g: gray, b: gray }
        }
    }
}

fn simplify(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A colour as programs write it: `#rgb` to `#rrrrggggbbbb`, `rgb:r/g/b` or a name.
pub(super) fn parse(text: &str) -> Option<Color> {
    let text = simplify(text);
    let Some(digits) = text.strip_prefix('#') else {
        return ColorScheme::default().named(&text);
    };
    let each = digits.len() / 3;
    let channel = |at: usize| {
        let digits = digits.get(at * each..(at + 1) * each)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        // Unlike after `rgb:`, fewer digits are the most significant ones.
        Some(if each == 1 { value << 4 } else { value >> (4 * (each - 2)) } as u8)
    };
    let whole = (1..=4).contains(&each) && digits.len() == each * 3;
    whole.then_some(())?;
    Some(Color { r: channel(0)?, g: channel(1)?, b: channel(2)? })
}

fn palette_index(name: &str) -> Option<u8> {
    name.strip_prefix("color")?.parse().ok()
}

/// One to four hexadecimal digits, scaled to 8 bits as X11 does.
fn hex_channel(digits: &str) -> Option<u8> {
    let full = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)? - 1;
    let value = u32::from_str_radix(digits, 16).ok()?;
    (1..=4).contains(&digits.len()).then(|| (value * 255 / full) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_of_guacd_are_read() {
        let scheme = ColorScheme::parse("background: rgb:ff/0/8080; color4: red;foreground:color4");
        assert_eq!(scheme.background, Color { r: 255, g: 0, b: 128 });
        assert_eq!(scheme.foreground, Color { r: 255, g: 0, b: 0 });
        assert_eq!(ColorScheme::parse("black-white").background, WHITE);
        assert_eq!(ColorScheme::parse("rgb:€/1/2;:;color999: red").background, BLACK);
    }
}
