use sqlx::Row;
use time::OffsetDateTime;

use super::users::read_role;
use super::{DbRow, ID_ATTEMPTS, Store, StoreError, from_millis, to_millis};
use crate::access::Role;

/// A group of the provider, and the role that it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMapping {
    /// Never used again, also after its end.
    pub id: i64,
    /// Name of the group, exactly as the provider writes it.
    pub oidc_group: String,
    /// What it gives.
    pub role: Role,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl Store {
    /// Maps a group.
    ///
    /// # Errors
    /// `Conflict` if the group is mapped already.
    pub async fn add_group_mapping(
        &self,
        oidc_group: &str,
        role: Role,
    ) -> Result<GroupMapping, StoreError> {
        for _ in 0..ID_ATTEMPTS {
            // Two nodes that add at the same time find the same next id: one of them again.
            let row = sqlx::query(
                "INSERT INTO group_mappings (id, oidc_group, role, created_at)
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3 FROM group_mappings WHERE true
                 ON CONFLICT (id) DO NOTHING
                 RETURNING id, oidc_group, role, created_at",
            )
            .bind(oidc_group)
            .bind(role.name())
            .bind(to_millis(OffsetDateTime::now_utc()))
            .fetch_optional(self.pool())
            .await?;
            if let Some(row) = row {
                return Ok(read(&row)?);
            }
        }
        Err(StoreError::Conflict)
    }

    /// All mappings, by group.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn group_mappings(&self) -> Result<Vec<GroupMapping>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, oidc_group, role, created_at FROM group_mappings
             WHERE deleted_at IS NULL ORDER BY oidc_group",
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Changes a mapping; `None` if there is no such one.
    ///
    /// # Errors
    /// `Conflict` if another mapping has the group.
    pub async fn update_group_mapping(
        &self,
        id: i64,
        oidc_group: &str,
        role: Role,
    ) -> Result<Option<GroupMapping>, StoreError> {
        let row = sqlx::query(
            "UPDATE group_mappings SET oidc_group = $1, role = $2
             WHERE id = $3 AND deleted_at IS NULL
             RETURNING id, oidc_group, role, created_at",
        )
        .bind(oidc_group)
        .bind(role.name())
        .bind(id)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Removes a mapping and returns what it was.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_group_mapping(&self, id: i64) -> Result<Option<GroupMapping>, StoreError> {
        let row = sqlx::query(
            "UPDATE group_mappings SET deleted_at = $1 WHERE id = $2 AND deleted_at IS NULL
             RETURNING id, oidc_group, role, created_at",
        )
        .bind(to_millis(OffsetDateTime::now_utc()))
        .bind(id)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }
}

fn read(row: &DbRow) -> Result<GroupMapping, sqlx::Error> {
    Ok(GroupMapping {
        id: row.try_get("id")?,
        oidc_group: row.try_get("oidc_group")?,
        role: read_role(row.try_get("role")?)?,
        created_at: from_millis(row.try_get("created_at")?),
    })
}
