use fanlight_core::{Cause, EngineKind, Plan, Route, SessionCx, SessionError};

use crate::settings::SshSettings;
use fanlight_ssh::HostPin;

/// Seconds; finds dead connections without keeping machines busy.
const ALIVE_INTERVAL: &str = "30";
/// The same for guacd, which overlooks the end of a shell that says nothing with it: it
/// sleeps on until the next sign of life is due, however long that is.
const ALIVE_INTERVAL_OF_GUACD: &str = "5";

/// The plan for guacd's `ssh` plug-in and the embedded client alike.
pub(crate) fn plan(settings: &SshSettings, route: Route, engine: EngineKind) -> Plan {
    let host_key = host_key(settings, &route, engine);
    let alive_interval = match engine {
        EngineKind::Embedded => ALIVE_INTERVAL,
        EngineKind::Guacd => ALIVE_INTERVAL_OF_GUACD,
    };
    Plan::new("ssh")
        .target(route)
        .set_some("username", settings.username.as_ref())
        .set_secret("password", settings.password.as_ref())
        .set_secret("private-key", settings.private_key.as_ref())
        .set_secret("passphrase", settings.passphrase.as_ref())
        .set_some("host-key", host_key)
        .set_some("command", settings.command.as_ref())
        .with(&settings.terminal)
        .set_some("locale", settings.locale.as_ref())
        .set_some("server-alive-interval", settings.server_alive_interval)
        .set_flag("enable-sftp", settings.enable_drive)
        .set_some("sftp-root-directory", settings.sftp_root_directory.as_ref())
        .set_flag(
            "sftp-disable-download",
            settings.enable_drive && settings.transfers.disable_download,
        )
        .set_flag("sftp-disable-upload", settings.enable_drive && settings.transfers.disable_upload)
        .with(&settings.restrictions)
        .default("server-alive-interval", alive_interval)
}

/// guacd reads a line of known hosts and looks the address up in it that it dials: a key
/// alone would never match.
fn host_key(settings: &SshSettings, route: &Route, engine: EngineKind) -> Option<String> {
    let given = settings.host_key.as_ref()?;
    match (engine, HostPin::parse(given), route.address) {
        (EngineKind::Guacd, Some(HostPin::Key(key)), Some(address)) => {
            let line = key.to_openssh().ok()?;
            let mut words = line.split_ascii_whitespace();
            let (algorithm, key) = (words.next()?, words.next()?);
            Some(format!("[{}]:{} {algorithm} {key}", address.ip(), address.port()))
        }
        _ => Some(given.clone()),
    }
}

/// guacd compares whole keys only: a fingerprint would never match. It asks nobody about
/// keys, and without one it takes any.
pub(crate) fn check_engine(settings: &SshSettings, cx: &dyn SessionCx) -> Result<(), SessionError> {
    if cx.engine() != EngineKind::Guacd {
        return Ok(());
    }
    match settings.host_key.as_deref().and_then(HostPin::parse) {
        Some(HostPin::Fingerprint(_)) => Err(SessionError::new(
            Cause::EngineLacksParameter,
            "guacd does not support a fingerprint as host_key: give the public key itself.",
        )),
        None if cx.only_known_host_keys() => Err(SessionError::new(
            Cause::Untrusted,
            "Only known host keys are trusted here, and guacd does not know them: give the \
             public key as host_key, or use the embedded engine.",
        )),
        Some(HostPin::Key(_)) | None => Ok(()),
    }
}
