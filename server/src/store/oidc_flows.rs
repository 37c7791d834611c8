use sqlx::Row;
use time::OffsetDateTime;

use super::{Store, StoreError, to_millis};

impl Store {
    /// Remembers a browser that is sent to the provider, by the hashes of the state and of
    /// its cookie, and clears away those that never came back.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_oidc_flow(
        &self,
        state_hash: &str,
        cookie_hash: &str,
        next: &str,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM oidc_flows WHERE expires_at <= $1")
            .bind(to_millis(OffsetDateTime::now_utc()))
            .execute(self.pool())
            .await?;
        sqlx::query(
            "INSERT INTO oidc_flows (state_hash, cookie_hash, next, expires_at)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(state_hash)
        .bind(cookie_hash)
        .bind(next)
        .bind(to_millis(expires_at))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Uses a flow up: where to go afterwards, if this state was given to this browser.
    /// One statement, so that of two answers one counts; another browser uses nothing up.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_oidc_flow(
        &self,
        state_hash: &str,
        cookie_hash: &str,
    ) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(
            "DELETE FROM oidc_flows
             WHERE state_hash = $1 AND cookie_hash = $2 AND expires_at > $3 RETURNING next",
        )
        .bind(state_hash)
        .bind(cookie_hash)
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(|row| row.try_get("next")).transpose()?)
    }
}
