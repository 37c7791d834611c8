use fanlight_core::Parameters;

use super::colors::ColorScheme;

const DEFAULT_FONT_POINTS: f32 = 12.0;
const FONT_POINTS: std::ops::RangeInclusive<f32> = 4.0..=96.0;
const DEFAULT_SCROLLBACK: usize = 10_000;
const MOST_SCROLLBACK: usize = 100_000;
const BACKSPACE: u8 = 8;
const DELETE: u8 = 127;

/// How a terminal looks and behaves.
#[derive(Debug, Clone)]
pub struct TerminalOptions {
    /// Font size in points (1/72 inch), 4 to 96.
    pub font_points: f32,
    /// Lines kept above the screen.
    pub scrollback: usize,
    /// The byte that the backspace key sends: 127 or 8.
    pub backspace: u8,
    /// Colours.
    pub colors: ColorScheme,
    /// No text of the screen reaches viewers other than as a picture.
    pub disable_copy: bool,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self {
            font_points: DEFAULT_FONT_POINTS,
            scrollback: DEFAULT_SCROLLBACK,
            backspace: DELETE,
            colors: ColorScheme::default(),
            disable_copy: false,
        }
    }
}

impl TerminalOptions {
    /// Names of the parameters that [`from_parameters`](Self::from_parameters) reads
    /// ("Configuring Guacamole", "Text terminal display settings").
    pub const PARAMETERS: &'static [&'static str] =
        &["font-name", "font-size", "color-scheme", "scrollback", "backspace"];

    /// Reads guacd's terminal parameters; what is absent or no number keeps its default.
    /// `font-name` is ignored: the fonts ship with the program.
    pub fn from_parameters(parameters: &Parameters) -> Self {
        let default = Self::default();
        Self {
            font_points: parameters
                .get("font-size")
                .and_then(font_points)
                .unwrap_or(default.font_points),
            scrollback: parameters
                .get("scrollback")
                .and_then(|text| text.trim().parse::<usize>().ok())
                .map_or(default.scrollback, |lines| lines.min(MOST_SCROLLBACK)),
            backspace: match parameters.get("backspace") {
                Some("8") => BACKSPACE,
                _ => DELETE,
            },
            disable_copy: parameters.is_true("disable-copy"),
            colors: parameters.get("color-scheme").map_or(default.colors, ColorScheme::parse),
        }
    }
}

/// Reads a font size in points; the nearest that is possible.
pub(super) fn font_points(text: &str) -> Option<f32> {
    let points = text.trim().parse::<f32>().ok().filter(|points| points.is_finite())?;
    Some(points.clamp(*FONT_POINTS.start(), *FONT_POINTS.end()))
}
