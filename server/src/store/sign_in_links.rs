use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError, read_id, to_millis};

impl Store {
    /// Adds a one-time link by the hash of its token, and removes those that are over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_sign_in_link(
        &self,
        token_hash: &str,
        api_key_id: Uuid,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sign_in_links WHERE expires_at <= $1")
            .bind(to_millis(OffsetDateTime::now_utc()))
            .execute(self.pool())
            .await?;
        sqlx::query(
            "INSERT INTO sign_in_links (token_hash, api_key_id, expires_at) VALUES ($1, $2, $3)",
        )
        .bind(token_hash)
        .bind(api_key_id.to_string())
        .bind(to_millis(expires_at))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Uses a link up: the key it signs in as, if it was good. One statement, so that of
    /// two browsers that follow it at the same time one gets in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_sign_in_link(&self, token_hash: &str) -> Result<Option<Uuid>, StoreError> {
        let row = sqlx::query(
            "DELETE FROM sign_in_links WHERE token_hash = $1 AND expires_at > $2
             RETURNING api_key_id",
        )
        .bind(token_hash)
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(|row| read_id(row, "api_key_id")).transpose()?)
    }
}
