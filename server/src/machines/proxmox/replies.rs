//! What is read of the API's answers. Everything else in them is passed over, and so is what
//! this or that version of Proxmox VE leaves out.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::Value;

use crate::machines::RUNNING;

/// An item of `GET /cluster/resources?type=vm`.
#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    /// `qemu` or `lxc`.
    #[serde(rename = "type")]
    kind: String,
    vmid: Option<Value>,
    node: Option<String>,
    pub(super) name: Option<String>,
    #[serde(default)]
    template: Value,
}

impl Resource {
    /// Whether it is the machine with this number. A template is none.
    pub(super) fn is_machine(&self, number: u32) -> bool {
        let has_number = self.vmid.as_ref().and_then(as_number) == Some(u64::from(number));
        let is_template = as_number(&self.template).is_some_and(|flag| flag != 0);
        has_number && !is_template && matches!(self.kind.as_str(), "qemu" | "lxc")
    }

    /// Where the API tells more of it: `nodes/pve1/qemu/101`.
    pub(super) fn place(&self) -> Option<String> {
        let node = self.node.as_ref()?;
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let is_name = !node.is_empty() && !node.starts_with('.') && node.chars().all(sound);
        let number = self.vmid.as_ref().and_then(as_number)?;
        is_name.then(|| format!("nodes/{node}/{}/{number}", self.kind))
    }
}

/// Perl tells numbers and texts apart only now and then.
fn as_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// `GET /nodes/{node}/{qemu|lxc}/{vmid}/config`.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) description: Option<String>,
}

/// What a machine's notes say about who may open it, each in a line of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    pub(super) owner: Option<String>,
    pub(super) groups: Vec<String>,
}

impl Notes {
    /// `fanlight-owner: ada@example.com` and `fanlight-groups: ops, dev`.
    pub(super) fn read(description: &str) -> Self {
        let mut notes = Self::default();
        let pairs = description.lines().filter_map(|line| line.split_once(':'));
        for (name, value) in pairs {
            let values = value.split(',').map(str::trim).filter(|text| !text.is_empty());
            match name.trim() {
                "fanlight-owner" => notes.owner = values.map(str::to_owned).next(),
                "fanlight-groups" => notes.groups.extend(values.map(str::to_owned)),
                _ => {}
            }
        }
        notes
    }
}

/// `GET /nodes/{node}/{qemu|lxc}/{vmid}/status/current`.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    /// `running` or `stopped`.
    status: Option<String>,
    /// What QEMU says itself: `paused` and `prelaunch` are told as running above.
    qmpstatus: Option<String>,
}

impl Status {
    pub(super) fn state(self) -> Option<String> {
        let status = self.status?;
        Some(if status == RUNNING { self.qmpstatus.unwrap_or(status) } else { status })
    }
}

/// Of a virtual machine, what its guest agent answers to `network-get-interfaces`; of a
/// container, `GET .../interfaces`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Interfaces {
    OfAgent { result: Vec<AgentInterface> },
    OfContainer(Vec<ContainerInterface>),
}

#[derive(Debug, Deserialize)]
pub(super) struct AgentInterface {
    name: String,
    /// Missing where the interface has none.
    #[serde(rename = "ip-addresses", default)]
    addresses: Option<Vec<AgentAddress>>,
}

#[derive(Debug, Deserialize)]
struct AgentAddress {
    #[serde(rename = "ip-address")]
    address: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContainerInterface {
    name: String,
    /// `10.0.0.5/24`.
    inet: Option<String>,
    inet6: Option<String>,
}

impl Interfaces {
    pub(super) fn path(place: &str) -> String {
        let is_container = place.split('/').nth(2) == Some("lxc");
        let at = if is_container { "interfaces" } else { "agent/network-get-interfaces" };
        format!("{place}/{at}")
    }

    /// All addresses but those of `lo`, in order; what is no address is passed over.
    pub(super) fn addresses(self) -> Vec<IpAddr> {
        const LOOPBACK: &str = "lo";
        let texts: Vec<String> = match self {
            Self::OfAgent { result } => result
                .into_iter()
                .filter(|interface| interface.name != LOOPBACK)
                .flat_map(|interface| interface.addresses.unwrap_or_default())
                .map(|address| address.address)
                .collect(),
            Self::OfContainer(all) => all
                .into_iter()
                .filter(|interface| interface.name != LOOPBACK)
                .flat_map(|interface| [interface.inet, interface.inet6])
                .flatten()
                .collect(),
        };
        texts.iter().filter_map(|text| read_address(text)).collect()
    }
}

/// With or without the length of its network, or the zone that Windows writes behind `%`.
fn read_address(text: &str) -> Option<IpAddr> {
    text.split(['/', '%']).next()?.parse().ok()
}
