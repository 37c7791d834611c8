use fanlight_core::{Plan, Route};

use crate::settings::TelnetSettings;

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
        .set_some("login-success-regex", settings.login_success_regex.as_ref())
        .set_some("login-failure-regex", settings.login_failure_regex.as_ref())
        .with(&settings.terminal)
        .with(&settings.restrictions)
}
