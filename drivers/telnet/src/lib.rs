//! Telnet (RFC 854): a terminal over an unencrypted line. For the embedded engine it brings
//! its own client, for guacd the parameters of guacd's `telnet` plug-in.

mod client;
mod plan;
mod prompt;
mod protocol;
mod settings;

use std::sync::Arc;
use std::time::Duration;

pub use client::TelnetClient;
use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, EngineClient, FieldError, Permits, Plan, ProtocolDriver,
    SessionCx, SessionError, Summary, register_driver,
};
use serde::Deserialize;
pub use settings::TelnetSettings;

const PORT: u16 = 23;

/// The driver, as registered.
pub struct TelnetDriver {
    client: Arc<TelnetClient>,
}

/// The `[drivers.telnet]` table.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelnetOptions {
    /// Seconds that a login may take, where the settings say how its success shows.
    pub login_seconds: u64,
}

impl Default for TelnetOptions {
    fn default() -> Self {
        Self { login_seconds: 60 }
    }
}

impl ProtocolDriver for TelnetDriver {
    const INFO: DriverInfo = DriverInfo {
        id: "telnet",
        label: "Telnet",
        description: "A terminal over an unencrypted line",
        default_port: Some(PORT),
        capabilities: Capabilities { clipboard: true, resize: true, terminal: true },
    };
    type Options = TelnetOptions;
    type Settings = TelnetSettings;

    fn new(options: TelnetOptions) -> Result<Self, SessionError> {
        if !(1..=3600).contains(&options.login_seconds) {
            let wrong = FieldError::new("login_seconds", "must be 1-3600");
            return Err(SessionError::invalid(vec![wrong]));
        }
        let login_limit = Duration::from_secs(options.login_seconds);
        Ok(Self { client: Arc::new(TelnetClient::new(login_limit)) })
    }

    fn validate(&self, settings: &TelnetSettings) -> Vec<FieldError> {
        settings.errors()
    }

    fn summary(&self, settings: &TelnetSettings) -> Summary {
        Summary::machine(endpoint(settings), settings.username.as_ref())
    }

    fn permits(&self, settings: &TelnetSettings) -> Permits {
        settings.restrictions.permits(Self::INFO.capabilities)
    }

    async fn prepare(
        &self,
        settings: &TelnetSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        let route = cx.reach(&endpoint(settings)).await?;
        Ok(plan::plan(settings, route))
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        Some(self.client.clone())
    }
}

fn endpoint(settings: &TelnetSettings) -> Endpoint {
    Endpoint::Tcp(settings.hostname.clone(), settings.port.unwrap_or(PORT))
}

register_driver!(TelnetDriver);
