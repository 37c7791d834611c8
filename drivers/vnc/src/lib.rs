//! VNC: a desktop over the RFB protocol (RFC 6143), by guacd's `vnc` plug-in.

mod plan;
mod settings;

use fanlight_core::{
    Capabilities, DriverInfo, Endpoint, FieldError, NoOptions, Permits, Plan, ProtocolDriver,
    SessionCx, SessionError, Summary, register_driver,
};
pub use settings::{ClipboardEncoding, Cursor, VncSettings};

const PORT: u16 = 5900;

/// The driver, as registered.
pub struct VncDriver;

impl ProtocolDriver for VncDriver {
    const INFO: DriverInfo = DriverInfo {
        id: "vnc",
        label: "VNC",
        description: "A desktop that a VNC server shares",
        default_port: Some(PORT),
        capabilities: Capabilities { clipboard: true, resize: false, terminal: false },
    };
    type Options = NoOptions;
    type Settings = VncSettings;

    fn new(NoOptions {}: NoOptions) -> Result<Self, SessionError> {
        Ok(Self)
    }

    fn validate(&self, settings: &VncSettings) -> Vec<FieldError> {
        settings.errors()
    }

    fn summary(&self, settings: &VncSettings) -> Summary {
        Summary::machine(endpoint(settings), settings.username.as_ref())
    }

    fn permits(&self, settings: &VncSettings) -> Permits {
        settings.restrictions.permits(Self::INFO.capabilities)
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
