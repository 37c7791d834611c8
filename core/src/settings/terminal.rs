use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlanFields;
use crate::{FieldError, Plan};

/// What terminals call themselves unless the settings say otherwise. guacd's own default is
/// `linux`, which modern programs know less of.
pub const TERMINAL_TYPE: &str = "xterm-256color";

/// How a terminal looks and what it calls itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TerminalSettings {
    /// Size of the text in points, 12 if left out.
    #[schemars(title = "Font size", range(min = 6, max = 72), extend("x-group" = "Terminal"))]
    pub font_size: Option<u8>,
    /// Colours of the text and its background.
    #[schemars(title = "Colours", extend("x-group" = "Terminal"))]
    pub color_scheme: Option<ColorScheme>,
    /// Lines kept to scroll back to, 10,000 if left out.
    #[schemars(title = "Scrollback", range(min = 0, max = 100000), extend("x-group" = "Terminal"))]
    pub scrollback: Option<u32>,
    /// What the server takes the terminal for ($TERM), xterm-256color if left out.
    #[schemars(title = "Terminal type", length(min = 1, max = 64), extend("x-group" = "Terminal"))]
    pub terminal_type: Option<String>,
    /// Code that the Backspace key sends: 127 (DEL) or 8 (BS).
    #[schemars(title = "Backspace code", extend("enum" = [127, 8], "x-group" = "Terminal"))]
    pub backspace: Option<u8>,
}

crate::words! {
    /// Colours of a terminal, by guacd's names: text on background.
    ColorScheme {
        /// Grey on black.
        GrayBlack = "gray-black",
        /// White on black.
        WhiteBlack = "white-black",
        /// Green on black.
        GreenBlack = "green-black",
        /// Black on white.
        BlackWhite = "black-white",
    }
}

impl TerminalSettings {
    /// What the schema cannot say.
    pub fn errors(&self) -> Vec<FieldError> {
        let kind = self.terminal_type.as_deref().unwrap_or_default();
        let wrong = !kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+._@".contains(&b));
        let message = "must be letters, digits and -+._@ only";
        Vec::from_iter(wrong.then(|| FieldError::new("terminal_type", message)))
    }
}

impl PlanFields for TerminalSettings {
    fn add_to(&self, plan: Plan) -> Plan {
        plan.set_some("font-size", self.font_size)
            .set_some("color-scheme", self.color_scheme.map(ColorScheme::name))
            .set_some("scrollback", self.scrollback)
            .set_some("terminal-type", self.terminal_type.as_ref())
            .set_some("backspace", self.backspace)
            .default("terminal-type", TERMINAL_TYPE)
    }
}
