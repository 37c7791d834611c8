use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Period;

/// Jump hosts: SSH servers that sessions are led through.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawJumpHosts {
    /// Longest time for each exchange with a jump host: connecting, handshake, login, the
    /// connection onwards.
    pub response_timeout: Period,
    /// A jump host that gives no sign of life for so long is lost, and its sessions end.
    pub silence_limit: Period,
    /// Whether names may be used behind a jump host. They are looked up there, where the
    /// rules of `[network]` cannot judge their addresses. Default: only where these rules
    /// allow every network but the special ones.
    pub remote_names: Option<bool>,
    /// An address of this machine for guacds on other machines: there they find the
    /// tunnels, each at a port of its own. Default: none, only a guacd on this machine can
    /// use jump hosts.
    #[schemars(with = "Option<String>")]
    pub tunnel_address: Option<IpAddr>,
}

impl Default for RawJumpHosts {
    fn default() -> Self {
        Self {
            response_timeout: Period::seconds(10),
            silence_limit: Period(Duration::from_millis(3500)),
            remote_names: None,
            tunnel_address: None,
        }
    }
}

/// Limits and rules of jump hosts.
#[derive(Debug, Clone)]
pub struct JumpHostsConfig {
    /// Longest time for each exchange with a jump host.
    pub response_timeout: Duration,
    /// A jump host that gives no sign of life for so long is lost.
    pub silence_limit: Duration,
    /// Whether names may be used behind a jump host; `None`: where the network rules allow
    /// everything that is not special.
    pub remote_names: Option<bool>,
    /// Where guacds on other machines find the tunnels.
    pub tunnel_address: Option<IpAddr>,
}

impl From<&RawJumpHosts> for JumpHostsConfig {
    fn from(raw: &RawJumpHosts) -> Self {
        Self {
            response_timeout: raw.response_timeout.0,
            silence_limit: raw.silence_limit.0,
            remote_names: raw.remote_names,
            tunnel_address: raw.tunnel_address,
        }
    }
}
