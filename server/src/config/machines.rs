use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use fanlight_core::{FieldError, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::Period;
use super::check::{Complaints, must_exist};

/// Machines that the VM portal (`/api/v1/guacamole/`) opens by their id.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMachines {
    /// Whether machines can be entered here, by admins.
    pub database: bool,
    /// Clusters of Proxmox VE whose machines are known too.
    pub proxmox: Vec<RawProxmox>,
    /// How long a connection lasts, from its request on.
    pub connection_lifetime: Period,
    /// How long its link waits to be opened.
    pub link_lifetime: Period,
    /// How long the machine's port may take to answer.
    pub probe_timeout: Period,
    /// What a request must hold for connections of a driver, by its id.
    pub required: BTreeMap<String, Vec<String>>,
}

impl Default for RawMachines {
    fn default() -> Self {
        let login = ["username", "password"].map(str::to_owned);
        Self {
            database: true,
            proxmox: Vec::new(),
            connection_lifetime: Period::seconds(4 * 3600),
            link_lifetime: Period::seconds(5 * 60),
            probe_timeout: Period::seconds(5),
            required: BTreeMap::from([("rdp".to_owned(), login.into())]),
        }
    }
}

/// A cluster of Proxmox VE, or a single node.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProxmox {
    /// Name in ids of machines, `name:101`: letters, digits, `-`, `_`, `.`.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// Address of its API: `https://pve.example.com:8006`.
    pub url: String,
    /// The API token: `fanlight@pve!gateway`.
    pub token_id: String,
    /// The token's secret.
    pub token_secret: Secret<String>,
    /// PEM file with the authorities to trust, and no others. Default: those of the system.
    pub ca: Option<PathBuf>,
    /// SHA-256 fingerprint of the API's certificate, as Proxmox VE shows it; instead of `ca`.
    pub fingerprint: Option<String>,
    /// Groups whose members may open every machine of the cluster.
    #[serde(default)]
    pub allowed_groups: Vec<String>,
    /// Longest time for one answer.
    #[serde(default = "answer_limit")]
    pub timeout: Period,
}

fn answer_limit() -> Period {
    Period::seconds(5)
}

/// The machines of the VM portal.
#[derive(Debug, Clone)]
pub struct MachinesConfig {
    /// Whether admins enter machines.
    pub database: bool,
    /// Clusters of Proxmox VE.
    pub proxmox: Vec<ProxmoxConfig>,
    /// How long a connection lasts, from its request on.
    pub connection_lifetime: Duration,
    /// How long its link waits to be opened.
    pub link_lifetime: Duration,
    /// How long the machine's port may take to answer.
    pub probe_timeout: Duration,
    /// Fields that requests must hold, by driver.
    pub required: BTreeMap<String, Vec<String>>,
}

/// A cluster of Proxmox VE.
#[derive(Debug, Clone)]
pub struct ProxmoxConfig {
    /// Name in ids of machines.
    pub name: String,
    /// Address of its API, with a slash at the end.
    pub url: Url,
    /// `user@realm!token`.
    pub token_id: String,
    /// The token's secret.
    pub token_secret: Secret<String>,
    /// By what its certificate is believed.
    pub trust: ProxmoxTrust,
    /// Groups that may open all of its machines.
    pub allowed_groups: Vec<String>,
    /// Longest time for one answer.
    pub timeout: Duration,
}

/// By what a certificate is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxmoxTrust {
    /// The system's authorities.
    System,
    /// The authorities of this file alone.
    Authority(PathBuf),
    /// It is this one, by its SHA-256.
    Fingerprint([u8; 32]),
}

pub(super) fn check(raw: &RawMachines, complaints: &mut Complaints) -> MachinesConfig {
    let mut proxmox: Vec<ProxmoxConfig> = Vec::new();
    for (index, cluster) in raw.proxmox.iter().enumerate() {
        let key = |name: &str| format!("machines.proxmox.{index}.{name}");
        if proxmox.iter().any(|other| other.name == cluster.name) {
            complaints.add(key("name"), "is used twice");
        }
        proxmox.extend(check_cluster(cluster, &key, complaints));
    }
    MachinesConfig {
        database: raw.database,
        proxmox,
        connection_lifetime: raw.connection_lifetime.0,
        link_lifetime: raw.link_lifetime.0,
        probe_timeout: raw.probe_timeout.0,
        required: raw.required.clone(),
    }
}

fn check_cluster(
    raw: &RawProxmox,
    key: &dyn Fn(&str) -> String,
    complaints: &mut Complaints,
) -> Option<ProxmoxConfig> {
    let well_formed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !raw.name.chars().all(well_formed) {
        complaints.add(key("name"), "must be of letters, digits, '-', '_' and '.'");
    }
    // The token opens the cluster: it goes over https only.
    let url = Url::parse(&raw.url).ok().filter(|url| url.scheme() == "https");
    let url = url.filter(|url| url.path() == "/" && url.query().is_none());
    let url = complaints.take(&key("url"), url, "must be like https://pve.example.com:8006");
    let is_token = raw.token_id.split_once('@').is_some_and(|(_, rest)| rest.contains('!'))
        && raw.token_id.chars().all(|c| c.is_ascii_graphic() && c != '=');
    if !is_token {
        complaints.add(key("token_id"), "must be like fanlight@pve!gateway");
    }
    let is_secret = !raw.token_secret.expose().is_empty()
        && raw.token_secret.expose().chars().all(|c| c.is_ascii_graphic());
    if !is_secret {
        complaints.add(key("token_secret"), "must be the secret that the token was shown with");
    }
    let trust = match (&raw.ca, &raw.fingerprint) {
        (Some(_), Some(_)) => {
            complaints.add(key("fingerprint"), "cannot be combined with ca");
            None
        }
        (Some(ca), None) => {
            must_exist(&key("ca"), ca, complaints);
            Some(ProxmoxTrust::Authority(ca.clone()))
        }
        (None, Some(text)) => complaints.take(
            &key("fingerprint"),
            fingerprint(text).map(ProxmoxTrust::Fingerprint),
            "must be 32 bytes in hexadecimal, with or without colons",
        ),
        (None, None) => Some(ProxmoxTrust::System),
    };
    Some(ProxmoxConfig {
        name: raw.name.clone(),
        url: url?,
        token_id: raw.token_id.clone(),
        token_secret: raw.token_secret.clone(),
        trust: trust?,
        allowed_groups: raw.allowed_groups.clone(),
        timeout: raw.timeout.0,
    })
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.replace(':', "")).ok()?.try_into().ok()
}

/// Clusters without a time limit, which the other times are not checked with.
pub(super) fn timeouts(raw: &RawMachines) -> Vec<FieldError> {
    let without = raw.proxmox.iter().enumerate().filter(|(_, raw)| raw.timeout.0.is_zero());
    let key = |index| format!("machines.proxmox.{index}.timeout");
    without.map(|(index, _)| FieldError::new(key(index), "must be above 0")).collect()
}
