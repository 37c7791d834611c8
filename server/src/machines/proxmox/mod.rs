//! Proxmox VE: its API (version 2), asked with an API token. What is read of it is described in
//! <https://pve.proxmox.com/pve-docs/api-viewer/>.

mod client;
mod replies;
mod trust;

use std::net::IpAddr;
use std::path::PathBuf;

use async_trait::async_trait;

use self::client::Client;
use self::replies::{Config, Interfaces, Notes, Resource, Status};
use super::{Inventory, InventoryError, Machine};
use crate::config::ProxmoxConfig;

/// Longer names are cut, characters.
const LONGEST_NAME: usize = 100;

/// Why a cluster cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum ProxmoxConfigError {
    /// The file with the authorities cannot be used.
    #[error("{0}: {1}")]
    Ca(PathBuf, #[source] std::io::Error),
    /// TLS cannot be set up.
    #[error("TLS towards {0}: {1}")]
    Tls(String, String),
}

/// A cluster of Proxmox VE. The id of a machine is the cluster's name, a colon and the number
/// that Proxmox VE gives it; the number alone does where there is one cluster only.
pub(super) struct Proxmox {
    name: String,
    is_only: bool,
    allowed_groups: Vec<String>,
    client: Client,
}

impl Proxmox {
    pub(super) fn new(config: &ProxmoxConfig, is_only: bool) -> Result<Self, ProxmoxConfigError> {
        Ok(Self {
            name: config.name.clone(),
            is_only,
            allowed_groups: config.allowed_groups.clone(),
            client: Client::new(config)?,
        })
    }

    /// The number of the machine, if the id is one of this cluster.
    fn number(&self, id: &str) -> Option<u32> {
        let number = match id.split_once(':') {
            Some((name, number)) => (name == self.name).then_some(number)?,
            None => self.is_only.then_some(id)?,
        };
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| number.parse().ok()).flatten()
    }

    fn fault(&self, detail: impl ToString) -> InventoryError {
        let inventory = format!("Proxmox VE {}", self.name);
        InventoryError::Unavailable { inventory, detail: detail.to_string() }
    }
}

/// The name as sessions can have it; the id where nothing is left of it.
fn sound_name(name: &str, id: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    if name.trim().is_empty() { id.to_owned() } else { name }
}

#[async_trait]
impl Inventory for Proxmox {
    async fn find(&self, id: &str) -> Result<Option<Machine>, InventoryError> {
        let Some(number) = self.number(id) else { return Ok(None) };
        let all: Vec<Resource> = self
            .client
            .get("cluster/resources?type=vm")
            .await
            .map_err(|error| self.fault(error))?;
        let Some(found) = all.into_iter().find(|resource| resource.is_machine(number)) else {
            return Ok(None);
        };
        let place = found.place().ok_or_else(|| self.fault("a machine without a node"))?;
        let config: Config =
            self.client.get(&format!("{place}/config")).await.map_err(|error| self.fault(error))?;
        let notes = Notes::read(config.description.as_deref().unwrap_or_default());
        let allowed_groups = self.allowed_groups.iter().cloned().chain(notes.groups).collect();
        Ok(Some(Machine {
            id: id.to_owned(),
            name: sound_name(found.name.as_deref().unwrap_or_default(), id),
            owner: notes.owner,
            allowed_groups,
            place,
        }))
    }

    async fn state(&self, machine: &Machine) -> Result<String, InventoryError> {
        let path = format!("{}/status/current", machine.place);
        let status: Status = self.client.get(&path).await.map_err(|error| self.fault(error))?;
        status.state().ok_or_else(|| self.fault("the status names no state"))
    }

    async fn addresses(&self, machine: &Machine) -> Result<Vec<IpAddr>, InventoryError> {
        let path = Interfaces::path(&machine.place);
        let interfaces: Interfaces =
            self.client.get(&path).await.map_err(|error| self.fault(error))?;
        Ok(interfaces.addresses())
    }
}
