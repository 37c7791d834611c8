//! Machines that people name by an id, and what is known about them: one file for each kind of
//! inventory.

mod address;
mod database;
mod proxmox;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

pub use address::{preferred, usable};
pub use proxmox::ProxmoxConfigError;

use crate::access::{Identity, Role};
use crate::config::MachinesConfig;
use crate::store::{Store, StoreError};

/// The state in which a machine can be connected to.
pub const RUNNING: &str = "running";

/// A machine, as its inventory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The id that it was asked for by.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Who owns it: a user's id or e-mail address.
    pub owner: Option<String>,
    /// Groups whose members may open it.
    pub allowed_groups: Vec<String>,
    /// Where the inventory finds it again.
    place: String,
}

/// Why an inventory does not tell. The detail is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not answer, or not as it should.
    #[error("{inventory}: {detail}")]
    Unavailable {
        /// Which one.
        inventory: String,
        /// What came instead.
        detail: String,
    },
}

/// Something that knows machines.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// The machine with this id; `None` for one that is not its own.
    ///
    /// # Errors
    /// Where it cannot tell.
    async fn find(&self, id: &str) -> Result<Option<Machine>, InventoryError>;

    /// The machine's state now, in the inventory's word: `running`, `stopped`, ...
    ///
    /// # Errors
    /// Where it cannot tell.
    async fn state(&self, machine: &Machine) -> Result<String, InventoryError>;

    /// The machine's addresses, in the order of its interfaces.
    ///
    /// # Errors
    /// Where it cannot tell.
    async fn addresses(&self, machine: &Machine) -> Result<Vec<IpAddr>, InventoryError>;
}

/// A machine together with the inventory that knows it.
pub struct Found {
    /// The machine.
    pub machine: Machine,
    /// Who knows more about it.
    pub inventory: Arc<dyn Inventory>,
}

/// All inventories of this gateway.
pub struct Inventories {
    all: Vec<Arc<dyn Inventory>>,
    store: Store,
}

impl Inventories {
    /// Those that the configuration names: the machines that admins entered come first.
    ///
    /// # Errors
    /// Files of authorities that cannot be used.
    pub fn of(config: &MachinesConfig, store: &Store) -> Result<Self, ProxmoxConfigError> {
        let mut all: Vec<Arc<dyn Inventory>> = Vec::new();
        if config.database {
            all.push(Arc::new(database::DatabaseInventory::new(store.clone())));
        }
        let is_only = config.proxmox.len() == 1;
        for cluster in &config.proxmox {
            all.push(Arc::new(proxmox::Proxmox::new(cluster, is_only)?));
        }
        Ok(Self { all, store: store.clone() })
    }

    /// Whether there is any.
    pub fn are_configured(&self) -> bool {
        !self.all.is_empty()
    }

    /// The machine with this id, in the first inventory that knows it.
    ///
    /// # Errors
    /// Where no inventory knows it, and one of them cannot tell.
    pub async fn find(&self, id: &str) -> Result<Option<Found>, InventoryError> {
        // Such an id stands in no inventory, and not every database takes it.
        if id.chars().any(char::is_control) {
            return Ok(None);
        }
        let mut silent = None;
        for inventory in &self.all {
            match inventory.find(id).await {
                Ok(Some(machine)) => {
                    return Ok(Some(Found { machine, inventory: Arc::clone(inventory) }));
                }
                Ok(None) => {}
                Err(error) => silent = Some(error),
            }
        }
        silent.map_or(Ok(None), Err)
    }

    /// Whether `who` may open `machine`: its owner, members of its groups, and admins. As
    /// everywhere, it takes an operator to open anything.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn may_open(&self, who: &Identity, machine: &Machine) -> Result<bool, StoreError> {
        if who.role == Role::Admin {
            return Ok(true);
        }
        let in_group = || machine.allowed_groups.iter().any(|group| who.groups.contains(group));
        Ok(who.role >= Role::Operator && (in_group() || self.is_owner(who, machine).await?))
    }

    /// An e-mail address identifies somebody only while one user alone has it.
    async fn is_owner(&self, who: &Identity, machine: &Machine) -> Result<bool, StoreError> {
        let (Some(owner), Some(user)) = (&machine.owner, who.user()) else { return Ok(false) };
        if let Ok(id) = owner.parse::<Uuid>() {
            return Ok(id == user);
        }
        let with_address = self.store.users_by_email(owner).await?;
        Ok(matches!(with_address.as_slice(), [only] if only.id == user))
    }
}
