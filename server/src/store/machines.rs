use std::net::IpAddr;

use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, damaged, from_millis, to_millis};

/// A machine that an admin entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRow {
    /// Its id in requests.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The user who owns it.
    pub owner_id: Option<Uuid>,
    /// Groups whose members may open it.
    pub allowed_groups: Vec<String>,
    /// Its addresses, in the order to show them.
    pub addresses: Vec<IpAddr>,
    /// `running`, or whatever it is instead.
    pub state: String,
    /// When it was entered.
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, owner_id, allowed_groups, addresses, state, created_at, \
             updated_at FROM machines ",
            $rest
        )
    };
}

impl Store {
    /// Adds a machine.
    ///
    /// # Errors
    /// `Conflict` if there is one with its id.
    pub async fn add_machine(&self, machine: &MachineRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO machines (id, name, owner_id, allowed_groups, addresses, state,
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&machine.id)
        .bind(&machine.name)
        .bind(machine.owner_id.map(|id| id.to_string()))
        .bind(list(&machine.allowed_groups)?)
        .bind(list(&machine.addresses)?)
        .bind(&machine.state)
        .bind(to_millis(machine.created_at))
        .bind(to_millis(machine.updated_at))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// All machines, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn machines(&self) -> Result<Vec<MachineRow>, StoreError> {
        let sql = select!("ORDER BY name, id");
        let rows = sqlx::query(sql).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One machine.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn machine(&self, id: &str) -> Result<Option<MachineRow>, StoreError> {
        let sql = select!("WHERE id = $1");
        let row = sqlx::query(sql).bind(id).fetch_optional(self.pool());
        Ok(row.await?.as_ref().map(read).transpose()?)
    }

    /// Replaces what is kept of a machine, but for its id and the time when it was entered;
    /// `false` if there is no such one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn update_machine(&self, machine: &MachineRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE machines SET name = $1, owner_id = $2, allowed_groups = $3, addresses = $4,
             state = $5, updated_at = $6 WHERE id = $7",
        )
        .bind(&machine.name)
        .bind(machine.owner_id.map(|id| id.to_string()))
        .bind(list(&machine.allowed_groups)?)
        .bind(list(&machine.addresses)?)
        .bind(&machine.state)
        .bind(to_millis(machine.updated_at))
        .bind(&machine.id)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes a machine; `false` if there was no such one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_machine(&self, id: &str) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM machines WHERE id = $1").bind(id);
        Ok(delete.execute(self.pool()).await?.rows_affected() > 0)
    }
}

fn list<T: serde::Serialize>(items: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(items).map_err(|error| StoreError::Failed(damaged(error)))
}

fn read(row: &DbRow) -> Result<MachineRow, sqlx::Error> {
    let owner: Option<&str> = row.try_get("owner_id")?;
    Ok(MachineRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        owner_id: owner.map(|id| id.parse().map_err(damaged)).transpose()?,
        allowed_groups: serde_json::from_str(row.try_get("allowed_groups")?).map_err(damaged)?,
        addresses: serde_json::from_str(row.try_get("addresses")?).map_err(damaged)?,
        state: row.try_get("state")?,
        created_at: from_millis(row.try_get("created_at")?),
        updated_at: from_millis(row.try_get("updated_at")?),
    })
}
