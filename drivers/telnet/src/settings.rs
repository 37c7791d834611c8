use fanlight_core::{FieldError, Hostname, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::prompt;

/// The fields of one Telnet session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "hostname": "switch.example.com" },
    {
        "hostname": "switch.example.com", "port": 2323, "username": "jdoe",
        "username_regex": "User:", "password": "correct horse", "password_regex": "Code:",
        "font_size": 14, "color_scheme": "green-black", "scrollback": 5000,
        "terminal_type": "vt100", "backspace": 8, "disable_copy": true, "disable_paste": true,
        "read_only": true
    }
]))]
pub struct TelnetSettings {
    /// Name or address of the machine.
    #[schemars(title = "Host", extend("x-placeholder" = "switch.example.com"))]
    pub hostname: Hostname,
    /// Port of the Telnet service, 23 if left out.
    #[schemars(title = "Port", range(min = 1, max = 65535), extend("x-placeholder" = "23"))]
    pub port: Option<u16>,
    /// Account to log in as: told to the server, and typed when it asks for one.
    #[schemars(title = "User name", length(min = 1, max = 256), extend("x-group" = "Login"))]
    pub username: Option<String>,
    /// Password, typed when the server asks for one. Telnet sends it unencrypted.
    #[schemars(title = "Password", extend("x-group" = "Login"))]
    pub password: Option<Secret>,
    /// Regular expression for the line that asks for the user name, `[Ll]ogin:` if left out.
    #[schemars(
        title = "Prompt for the user name",
        length(min = 1, max = 256),
        extend("x-group" = "Login", "x-placeholder" = "[Ll]ogin:")
    )]
    pub username_regex: Option<String>,
    /// Regular expression for the line that asks for the password, `[Pp]assword:` if left out.
    #[schemars(
        title = "Prompt for the password",
        length(min = 1, max = 256),
        extend("x-group" = "Login", "x-placeholder" = "[Pp]assword:")
    )]
    pub password_regex: Option<String>,
    /// Size of the text in points, 12 if left out.
    #[schemars(title = "Font size", range(min = 6, max = 72), extend("x-group" = "Terminal"))]
    pub font_size: Option<u8>,
    /// Colours of the text and its background.
    #[schemars(title = "Colours", extend("x-group" = "Terminal"))]
    pub color_scheme: Option<ColorScheme>,
    /// Lines kept to scroll back to, 1000 if left out.
    #[schemars(title = "Scrollback", range(min = 0, max = 100000), extend("x-group" = "Terminal"))]
    pub scrollback: Option<u32>,
    /// What the server takes the terminal for ($TERM), xterm-256color if left out.
    #[schemars(title = "Terminal type", length(min = 1, max = 64), extend("x-group" = "Terminal"))]
    pub terminal_type: Option<String>,
    /// Code that the Backspace key sends: 127 (DEL) or 8 (BS).
    #[schemars(title = "Backspace code", extend("enum" = [127, 8], "x-group" = "Terminal"))]
    pub backspace: Option<u8>,
    /// Nothing copied in the session reaches the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No copying", extend("x-group" = "Restrictions"))]
    pub disable_copy: bool,
    /// Nothing can be pasted from the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No pasting", extend("x-group" = "Restrictions"))]
    pub disable_paste: bool,
    /// Watch only: no key and no click reaches the machine.
    #[serde(default)]
    #[schemars(title = "Read only", extend("x-group" = "Restrictions"))]
    pub read_only: bool,
}

/// Colours of the terminal, by guacd's names: text on background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColorScheme {
    /// Grey on black.
    GrayBlack,
    /// White on black.
    WhiteBlack,
    /// Green on black.
    GreenBlack,
    /// Black on white.
    BlackWhite,
}

impl ColorScheme {
    /// guacd's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GrayBlack => "gray-black",
            Self::WhiteBlack => "white-black",
            Self::GreenBlack => "green-black",
            Self::BlackWhite => "black-white",
        }
    }
}

impl TelnetSettings {
    /// What the schema cannot say. Nothing of the values shows.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let prompts = [
            ("username_regex", &self.username_regex, "username", self.username.is_some()),
            ("password_regex", &self.password_regex, "password", self.password.is_some()),
        ];
        for (field, pattern, answer, has_answer) in prompts {
            let Some(pattern) = pattern else { continue };
            if !has_answer {
                errors.push(FieldError::new(field, format!("is of no use without {answer}")));
            } else if prompt::parse(pattern).is_err() {
                errors.push(FieldError::new(field, "must be a regular expression"));
            }
        }
        let kind = self.terminal_type.as_deref().unwrap_or_default();
        if !kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+._@".contains(&b)) {
            errors.push(FieldError::new("terminal_type", "must be letters, digits and -+._@ only"));
        }
        errors
    }
}
