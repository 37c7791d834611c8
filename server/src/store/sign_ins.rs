use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError, from_millis, read_id, to_millis};

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// UUID v7.
    pub id: Uuid,
    /// The key it acts as.
    pub api_key_id: Uuid,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
}

impl Store {
    /// Adds a sign-in by the hash of its cookie, and removes those that are over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_sign_in(
        &self,
        cookie_hash: &str,
        api_key_id: Uuid,
        expires_at: OffsetDateTime,
    ) -> Result<Uuid, StoreError> {
        let now = to_millis(OffsetDateTime::now_utc());
        sqlx::query("DELETE FROM sign_ins WHERE expires_at <= $1")
            .bind(now)
            .execute(self.pool())
            .await?;
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO sign_ins (id, cookie_hash, api_key_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.to_string())
        .bind(cookie_hash)
        .bind(api_key_id.to_string())
        .bind(now)
        .bind(to_millis(expires_at))
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// The sign-in with that cookie, unless it is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sign_in_by_hash(&self, cookie_hash: &str) -> Result<Option<SignIn>, StoreError> {
        self.one_sign_in(
            "SELECT id, api_key_id, expires_at FROM sign_ins
             WHERE cookie_hash = $1 AND expires_at > $2",
            cookie_hash,
        )
        .await
    }

    /// The sign-in with that id, unless it is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sign_in(&self, id: Uuid) -> Result<Option<SignIn>, StoreError> {
        self.one_sign_in(
            "SELECT id, api_key_id, expires_at FROM sign_ins WHERE id = $1 AND expires_at > $2",
            &id.to_string(),
        )
        .await
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_sign_in(&self, cookie_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sign_ins WHERE cookie_hash = $1")
            .bind(cookie_hash)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    async fn one_sign_in(
        &self,
        sql: &'static str,
        argument: &str,
    ) -> Result<Option<SignIn>, StoreError> {
        let row = sqlx::query(sql)
            .bind(argument)
            .bind(to_millis(OffsetDateTime::now_utc()))
            .fetch_optional(self.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SignIn {
            id: read_id(&row, "id")?,
            api_key_id: read_id(&row, "api_key_id")?,
            expires_at: from_millis(row.try_get("expires_at")?),
        }))
    }
}
