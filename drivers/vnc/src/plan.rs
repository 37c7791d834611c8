use fanlight_core::{Plan, Route};

use crate::settings::VncSettings;

/// The plan for guacd's `vnc` plug-in ("VNC" in "Configuring Guacamole").
pub(crate) fn plan(settings: &VncSettings, route: Route) -> Plan {
    Plan::new("vnc")
        .target(route)
        .set_some("username", settings.username.as_ref())
        .set_secret("password", settings.password.as_ref())
        .with(&settings.desktop)
        .set_some("cursor", settings.cursor.map(|cursor| cursor.name()))
        .set_some("encodings", settings.encodings.as_ref())
        .set_some("clipboard-encoding", settings.clipboard_encoding.map(|encoding| encoding.name()))
        .set_some("compress-level", settings.compress_level)
        .set_some("quality-level", settings.quality_level)
        .set_flag("swap-red-blue", settings.swap_red_blue)
        .set_flag("disable-server-input", settings.disable_server_input)
        .with(&settings.restrictions)
        // Later versions would give the desktop the viewer's size, for everybody at it.
        .default("disable-display-resize", "true")
}
