//! RDP: a Windows or xrdp desktop, by guacd's `rdp` plug-in.

mod account;
mod checks;
mod drive;
mod plan;
mod settings;
mod words;

use std::fs::File;
use std::path::PathBuf;

use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, FieldError, Hostname, Permits, Plan, ProtocolDriver,
    SessionCx, SessionError, Summary, register_driver,
};
use serde::Deserialize;

pub use settings::{Devices, Experience, Opens, RdpSettings};
pub use words::{AuthPackage, ResizeMethod, Security, ServerLayout};

const PORT: u16 = 3389;

/// The driver, as registered.
pub struct RdpDriver {
    options: RdpOptions,
    /// Keeps other gateways from removing our sessions' drives.
    _drives: Option<File>,
}

/// The `[drivers.rdp]` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RdpOptions {
    /// Existing folder in which each session with a drive gets one of its own, removed when
    /// it ends. Give it the group of guacd's account and the setgid bit, so that guacd may
    /// read and write there. Without it, sessions have no drive.
    pub drive_dir: Option<PathBuf>,
    /// The same folder as guacd sees it, where that is another path.
    pub guacd_drive_dir: Option<PathBuf>,
    /// Folder, as guacd sees it, with the Kerberos credential caches that sessions may name.
    pub kerberos_cache_dir: Option<PathBuf>,
    /// Domains whose names guacd may look up itself, which Kerberos needs: their DNS decides
    /// where it connects to.
    pub kerberos_domains: Vec<String>,
}

impl RdpOptions {
    /// Whether guacd may be told this host: an address, which was checked, or a name in one of
    /// the domains.
    fn trusts(&self, host: &Hostname) -> bool {
        let name = host.as_str().trim_end_matches('.').to_ascii_lowercase();
        let within = |domain: &String| {
            let domain = domain.trim_matches('.').to_ascii_lowercase();
            name.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        host.ip().is_some() || self.kerberos_domains.iter().any(within)
    }

    fn errors(&self) -> Vec<FieldError> {
        let folders = [
            ("drive_dir", &self.drive_dir),
            ("guacd_drive_dir", &self.guacd_drive_dir),
            ("kerberos_cache_dir", &self.kerberos_cache_dir),
        ];
        let relative = folders
            .iter()
            .filter(|(_, path)| path.as_ref().is_some_and(|path| !path.is_absolute()));
        let mut errors: Vec<_> =
            relative.map(|(name, _)| FieldError::new(*name, "must be an absolute path")).collect();
        if self.drive_dir.as_ref().is_some_and(|path| path.is_absolute() && !path.is_dir()) {
            errors.push(FieldError::new("drive_dir", "must be an existing folder"));
        }
        errors
    }
}

impl ProtocolDriver for RdpDriver {
    const INFO: DriverInfo = DriverInfo {
        id: "rdp",
        label: "RDP",
        description: "A Windows desktop, or one that xrdp offers",
        default_port: Some(PORT),
        capabilities: Capabilities { clipboard: true, resize: true, terminal: false },
    };
    type Options = RdpOptions;
    type Settings = RdpSettings;

    fn new(options: RdpOptions) -> Result<Self, SessionError> {
        let errors = options.errors();
        if !errors.is_empty() {
            return Err(SessionError::invalid(errors));
        }
        let drives = options.drive_dir.as_deref().and_then(drive::take_over);
        Ok(Self { options, _drives: drives })
    }

    fn validate(&self, settings: &RdpSettings) -> Vec<FieldError> {
        checks::errors(settings, &self.options)
    }

    fn summary(&self, settings: &RdpSettings) -> Summary {
        Summary::machine(endpoint(settings), settings.username.as_ref())
    }

    fn permits(&self, settings: &RdpSettings) -> Permits {
        settings.transfers.limit(settings.restrictions.permits(Self::INFO.capabilities))
    }

    async fn prepare(
        &self,
        settings: &RdpSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        let route = cx.reach(&endpoint(settings)).await?;
        plan::plan(settings, &self.options, route, cx).await
    }
}

fn endpoint(settings: &RdpSettings) -> Endpoint {
    Endpoint::Tcp(settings.hostname.clone(), settings.port.unwrap_or(PORT))
}

register_driver!(RdpDriver);
