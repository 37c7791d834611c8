//! A driver that keeps all rules.

use std::sync::Arc;

use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, EngineClient, Hostname, Plan, ProtocolDriver, Secret,
    SessionCx, SessionError, Summary,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clients::{Guest, Manner};

pub(crate) struct Parlour;

#[derive(Default, Deserialize)]
pub(crate) struct Options {}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "hostname": "parlour.example.com" },
    {
        "hostname": "parlour.example.com", "port": 24, "username": "jdoe",
        "login": { "password": "correct horse" }, "font_size": 12
    }
]))]
pub(crate) struct Settings {
    /// Where.
    #[schemars(title = "Host")]
    hostname: Hostname,
    /// Its port.
    #[schemars(title = "Port", range(min = 1, max = 65535))]
    port: Option<u16>,
    /// Who.
    #[schemars(title = "User name")]
    username: Option<String>,
    /// How to get in.
    #[schemars(title = "Login")]
    login: Option<Login>,
    /// Size of the text in points.
    #[schemars(title = "Font size", range(min = 6, max = 72))]
    font_size: Option<u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    /// The word at the door.
    #[schemars(title = "Password")]
    password: Option<Secret>,
}

impl Settings {
    fn endpoint(&self) -> Endpoint {
        Endpoint::Tcp(self.hostname.clone(), self.port.unwrap_or(23))
    }
}

impl ProtocolDriver for Parlour {
    const INFO: DriverInfo = DriverInfo {
        id: "parlour",
        label: "Parlour",
        description: "Where people talk",
        default_port: Some(23),
        capabilities: Capabilities { clipboard: true, resize: true, terminal: true },
    };
    type Options = Options;
    type Settings = Settings;

    fn new(Options {}: Options) -> Result<Self, SessionError> {
        Ok(Self)
    }

    fn summary(&self, settings: &Settings) -> Summary {
        let (endpoint, username) = (Some(settings.endpoint()), settings.username.clone());
        Summary { endpoint, url: None, username }
    }

    async fn prepare(&self, settings: &Settings, cx: &dyn SessionCx) -> Result<Plan, SessionError> {
        let route = cx.reach(&settings.endpoint()).await?;
        let password = settings.login.as_ref().and_then(|login| login.password.as_ref());
        Ok(Plan::new("telnet")
            .target(route)
            .set_some("username", settings.username.as_ref())
            .set_secret("password", password)
            .set_some("font-size", settings.font_size))
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        Some(Arc::new(Guest(Manner::Good)))
    }
}
