//! SSH: a shell in a terminal. For the embedded engine it brings its own client, for
//! guacd the parameters of guacd's `ssh` plug-in.

mod client;
mod plan;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, EngineClient, FieldError, Permits, Plan, ProtocolDriver,
    SessionCx, SessionError, Summary, register_driver,
};
use serde::Deserialize;

pub use client::{Limits, SshClient};
pub use settings::SshSettings;

const PORT: u16 = 22;

/// The driver, as registered.
pub struct SshDriver {
    client: Arc<SshClient>,
}

/// The `[drivers.ssh]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SshOptions {
    /// Seconds that the target may take for each exchange until the shell is open: the
    /// handshake, one login attempt, opening the shell.
    pub response_seconds: u64,
    /// Seconds that a person may take to answer one login prompt.
    pub prompt_seconds: u64,
}

impl Default for SshOptions {
    fn default() -> Self {
        Self { response_seconds: 20, prompt_seconds: 120 }
    }
}

impl ProtocolDriver for SshDriver {
    const INFO: DriverInfo = DriverInfo {
        id: "ssh",
        label: "SSH",
        description: "A shell on a server, in a terminal",
        default_port: Some(PORT),
        capabilities: Capabilities { clipboard: true, resize: true, terminal: true },
    };
    type Options = SshOptions;
    type Settings = SshSettings;

    fn new(options: SshOptions) -> Result<Self, SessionError> {
        let seconds = [
            ("response_seconds", options.response_seconds),
            ("prompt_seconds", options.prompt_seconds),
        ];
        let wrong = seconds.iter().filter(|(_, value)| !(1..=3600).contains(value));
        let wrong: Vec<_> =
            wrong.map(|(name, _)| FieldError::new(*name, "must be 1-3600")).collect();
        if !wrong.is_empty() {
            return Err(SessionError::invalid(wrong));
        }
        let client = SshClient::new(Limits {
            response: Duration::from_secs(options.response_seconds),
            prompt: Duration::from_secs(options.prompt_seconds),
        });
        Ok(Self { client: Arc::new(client) })
    }

    fn validate(&self, settings: &SshSettings) -> Vec<FieldError> {
        settings.errors()
    }

    fn summary(&self, settings: &SshSettings) -> Summary {
        Summary::machine(endpoint(settings), settings.username.as_ref())
    }

    fn permits(&self, settings: &SshSettings) -> Permits {
        settings.transfers.limit(settings.restrictions.permits(Self::INFO.capabilities))
    }

    async fn prepare(
        &self,
        settings: &SshSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        plan::check_engine(settings, cx)?;
        let route = cx.reach(&endpoint(settings)).await?;
        Ok(plan::plan(settings, route, cx.engine()))
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        Some(self.client.clone())
    }
}

fn endpoint(settings: &SshSettings) -> Endpoint {
    Endpoint::Tcp(settings.hostname.clone(), settings.port.unwrap_or(PORT))
}

register_driver!(SshDriver);
