use fanlight_core::{FieldError, Hostname, Restrictions, Secret, TerminalSettings};
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
        "login_success_regex": "Welcome", "login_failure_regex": "incorrect",
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
    /// Regular expression for a line that says that the login succeeded. Until it comes,
    /// nothing is shown. Needs the one for failure, too.
    #[schemars(
        title = "Sign of success",
        length(min = 1, max = 256),
        extend("x-group" = "Login", "x-placeholder" = "^Last login")
    )]
    pub login_success_regex: Option<String>,
    /// Regular expression for a line that says that the login failed, which ends the session.
    /// Needs the one for success, too.
    #[schemars(
        title = "Sign of failure",
        length(min = 1, max = 256),
        extend("x-group" = "Login", "x-placeholder" = "[Ll]ogin incorrect")
    )]
    pub login_failure_regex: Option<String>,
    /// How the terminal looks and what it calls itself.
    #[serde(flatten)]
    pub terminal: TerminalSettings,
    /// What viewers may not do.
    #[serde(flatten)]
    pub restrictions: Restrictions,
}

impl TelnetSettings {
    /// What the schema cannot say. Nothing of the values shows.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let (success, failure) = (&self.login_success_regex, &self.login_failure_regex);
        let patterns = [
            ("username_regex", &self.username_regex, "username", self.username.is_some()),
            ("password_regex", &self.password_regex, "password", self.password.is_some()),
            ("login_success_regex", success, "login_failure_regex", failure.is_some()),
            ("login_failure_regex", failure, "login_success_regex", success.is_some()),
        ];
        for (field, pattern, needed, is_given) in patterns {
            let Some(pattern) = pattern else { continue };
            if !is_given {
                errors.push(FieldError::new(field, format!("is of no use without {needed}")));
            } else if prompt::parse(pattern).is_err() {
                errors.push(FieldError::new(field, "must be a regular expression"));
            }
        }
        errors.extend(self.terminal.errors());
        errors
    }
}
