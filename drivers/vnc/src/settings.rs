use fanlight_core::{DesktopSettings, FieldError, Hostname, Restrictions, Secret, words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The fields of one VNC session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "hostname": "desktop.example.com" },
    {
        "hostname": "desktop.example.com", "port": 5901, "username": "jdoe",
        "password": "correct horse", "color_depth": 16, "cursor": "remote",
        "encodings": "zrle tight", "compress_level": 9, "quality_level": 5,
        "swap_red_blue": true, "force_lossless": true, "clipboard_encoding": "UTF-8",
        "disable_server_input": true,
        "disable_copy": true, "disable_paste": true, "read_only": true
    }
]))]
pub struct VncSettings {
    /// Name or address of the machine.
    #[schemars(title = "Host", extend("x-placeholder" = "desktop.example.com"))]
    pub hostname: Hostname,
    /// Port of the VNC server, 5900 if left out: display :1 is 5901.
    #[schemars(title = "Port", range(min = 1, max = 65535), extend("x-placeholder" = "5900"))]
    pub port: Option<u16>,
    /// User name, for servers that want one beside the password.
    #[schemars(title = "User name", length(min = 1, max = 256), extend("x-group" = "Login"))]
    pub username: Option<String>,
    /// The VNC password. Asked for if the server wants one and it is left out.
    #[schemars(title = "Password", extend("x-group" = "Login"))]
    pub password: Option<Secret>,
    /// How the picture travels.
    #[serde(flatten)]
    pub desktop: DesktopSettings,
    /// Who draws the mouse pointer: this side, at once, or the remote one, as it is there.
    #[schemars(title = "Mouse pointer", extend("x-group" = "Display"))]
    pub cursor: Option<Cursor>,
    /// Encodings to offer the server, the best first, with spaces between them.
    #[schemars(
        title = "Encodings",
        length(min = 1, max = 256),
        extend("x-group" = "Display", "x-placeholder" = "zrle tight hextile raw")
    )]
    pub encodings: Option<String>,
    /// How hard the server compresses: 0 (fast) to 9 (small).
    #[schemars(title = "Compression", range(min = 0, max = 9), extend("x-group" = "Display"))]
    pub compress_level: Option<u8>,
    /// Quality of the pictures the server sends as JPEG: 0 (small) to 9 (good).
    #[schemars(title = "Quality", range(min = 0, max = 9), extend("x-group" = "Display"))]
    pub quality_level: Option<u8>,
    /// Exchanges red and blue, for servers that mix them up.
    #[serde(default)]
    #[schemars(title = "Swap red and blue", extend("x-group" = "Display"))]
    pub swap_red_blue: bool,
    /// Encoding of copied text. ISO8859-1 if left out, which is the standard: choose another
    /// only for servers that depart from it.
    #[schemars(title = "Clipboard encoding", extend("x-group" = "Clipboard"))]
    pub clipboard_encoding: Option<ClipboardEncoding>,
    /// The keyboard and mouse of the machine itself do nothing while the session lasts, where
    /// the server can do that.
    #[serde(default)]
    #[schemars(title = "Lock the machine's own keyboard", extend("x-group" = "Restrictions"))]
    pub disable_server_input: bool,
    /// What viewers may not do.
    #[serde(flatten)]
    pub restrictions: Restrictions,
}

words! {
    /// Who draws the mouse pointer, by guacd's names.
    Cursor {
        /// The viewer's side: it follows the hand at once.
        Local = "local",
        /// The remote side: it moves as it does there, late.
        Remote = "remote",
    }
}

words! {
    /// Encodings of copied text that guacd knows.
    ClipboardEncoding {
        /// Latin-1, as RFC 6143 section 7.5.6 has it.
        Iso8859_1 = "ISO8859-1",
        /// UTF-8.
        Utf8 = "UTF-8",
        /// UTF-16.
        Utf16 = "UTF-16",
        /// Windows code page 1252.
        Cp1252 = "CP1252",
    }
}

impl VncSettings {
    /// What the schema cannot say.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let names = |text: &String| text.split(' ').all(is_encoding_name);
        let wrong = self.encodings.as_ref().is_some_and(|text| !names(text));
        let message = "must be names of encodings with single spaces between them";
        Vec::from_iter(wrong.then(|| FieldError::new("encodings", message)))
    }
}

fn is_encoding_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
