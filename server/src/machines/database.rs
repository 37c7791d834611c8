use std::net::IpAddr;

use async_trait::async_trait;

use super::{Inventory, InventoryError, Machine};
use crate::store::Store;

/// What is said of a machine that was removed a moment ago.
const UNKNOWN: &str = "unknown";

/// The machines that admins entered.
pub(super) struct DatabaseInventory {
    store: Store,
}

impl DatabaseInventory {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Inventory for DatabaseInventory {
    async fn find(&self, id: &str) -> Result<Option<Machine>, InventoryError> {
        let row = self.store.machine(id).await?;
        Ok(row.map(|row| Machine {
            name: row.name,
            owner: row.owner_id.map(|id| id.to_string()),
            allowed_groups: row.allowed_groups,
            place: row.id.clone(),
            id: row.id,
        }))
    }

    async fn state(&self, machine: &Machine) -> Result<String, InventoryError> {
        let row = self.store.machine(&machine.place).await?;
        Ok(row.map_or_else(|| UNKNOWN.to_owned(), |row| row.state))
    }

    async fn addresses(&self, machine: &Machine) -> Result<Vec<IpAddr>, InventoryError> {
        let row = self.store.machine(&machine.place).await?;
        Ok(row.map(|row| row.addresses).unwrap_or_default())
    }
}
