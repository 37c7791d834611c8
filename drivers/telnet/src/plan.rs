use fanlight_core::{Plan, Route};

use crate::settings::TelnetSettings;

/// guacd's own default is `linux`, which modern programs know less of.
pub(crate) const TERMINAL_TYPE: &str = "xterm-256color";
/// guacd's own.
pub(crate) const USERNAME_PROMPT: &str = "[Ll]ogin:";
/// guacd's own.
pub(crate) const PASSWORD_PROMPT: &str = "[Pp]assword:";

/// The plan for guacd's `telnet` plug-in and the embedded client alike.
pub(crate) fn plan(settings: &TelnetSettings, route: Route) -> Plan {
    Plan::new("telnet")
        .target(route)
        .set_some("username", settings.username.as_ref())
        .set_some("username-regex", settings.username_regex.as_ref())
        .set_secret("password", settings.password.as_ref())
        .set_some("password-regex", settings.password_regex.as_ref())
        .set_some("font-size", settings.font_size)
        .set_some("color-scheme", settings.color_scheme.map(|scheme| scheme.name()))
        .set_some("scrollback", settings.scrollback)
        .set_some("terminal-type", settings.terminal_type.as_ref())
        .set_some("backspace", settings.backspace)
        .set_flag("disable-copy", settings.disable_copy)
        .set_flag("disable-paste", settings.disable_paste)
        .set_flag("read-only", settings.read_only)
        .default("terminal-type", TERMINAL_TYPE)
}
