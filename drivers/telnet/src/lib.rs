//! Telnet (RFC 854): a terminal over an unencrypted line. For the embedded engine it brings
//! its own client, for guacd the parameters of guacd's `telnet` plug-in.

mod client;
mod plan;
mod prompt;
mod protocol;
mod settings;

use std::sync::Arc;

use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, EngineClient, FieldError, Permits, Plan, ProtocolDriver,
    SessionCx, SessionError, Summary, register_driver,
};
use serde::Deserialize;

pub use client::TelnetClient;
pub use settings::{ColorScheme, TelnetSettings};

const PORT: u16 = 23;

/// The driver, as registered.
pub struct TelnetDriver;

/// The `[drivers.telnet]` table: nothing to set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelnetOptions {}

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

    fn new(TelnetOptions {}: TelnetOptions) -> Result<Self, SessionError> {
        Ok(Self)
    }

    fn validate(&self, settings: &TelnetSettings) -> Vec<FieldError> {
        settings.errors()
    }

    fn summary(&self, settings: &TelnetSettings) -> Summary {
        Summary {
            endpoint: Some(endpoint(settings)),
            url: None,
            username: settings.username.clone(),
        }
    }

    fn permits(&self, settings: &TelnetSettings) -> Permits {
        let all = Permits::all(Self::INFO.capabilities);
        let input = !settings.read_only;
        Permits {
            input,
            resize: all.resize && input,
            copy: !settings.disable_copy,
            paste: !settings.disable_paste && input,
            ..all
        }
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
        Some(Arc::new(TelnetClient))
    }
}

fn endpoint(settings: &TelnetSettings) -> Endpoint {
    Endpoint::Tcp(settings.hostname.clone(), settings.port.unwrap_or(PORT))
}

register_driver!(TelnetDriver);
