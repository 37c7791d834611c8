//! VNC: a desktop over the RFB protocol (RFC 6143), by guacd's `vnc` plug-in.

mod plan;
mod settings;

use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, FieldError, Permits, Plan, ProtocolDriver, SessionCx,
    SessionError, Summary, register_driver,
};
use serde::Deserialize;

pub use settings::{ClipboardEncoding, Cursor, VncSettings};

const PORT: u16 = 5900;

/// The driver, as registered.
pub struct VncDriver;

/// The `[drivers.vnc]` table: nothing to set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VncOptions {}

impl ProtocolDriver for VncDriver {
    const INFO: DriverInfo = DriverInfo {
        id: "vnc",
        label: "VNC",
        description: "A desktop that a VNC server shares",
        default_port: Some(PORT),
        capabilities: Capabilities { clipboard: true, resize: false, terminal: false },
    };
    type Options = VncOptions;
    type Settings = VncSettings;

    fn new(VncOptions {}: VncOptions) -> Result<Self, SessionError> {
        Ok(Self)
    }

    fn validate(&self, settings: &VncSettings) -> Vec<FieldError> {
        settings.errors()
    }

    fn summary(&self, settings: &VncSettings) -> Summary {
        Summary {
            endpoint: Some(endpoint(settings)),
            url: None,
            username: settings.username.clone(),
        }
    }

    fn permits(&self, settings: &VncSettings) -> Permits {
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
        settings: &VncSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        let route = cx.reach(&endpoint(settings)).await?;
        Ok(plan::plan(settings, route))
    }
}

fn endpoint(settings: &VncSettings) -> Endpoint {
    Endpoint::Tcp(settings.hostname.clone(), settings.port.unwrap_or(PORT))
}

register_driver!(VncDriver);
