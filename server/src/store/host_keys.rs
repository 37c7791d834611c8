use sqlx::Row;
use time::OffsetDateTime;

use super::{DbRow, Store, StoreError, from_millis, to_millis};

/// The key that belongs to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHostKey {
    /// `host:port`, the host in lower case.
    pub endpoint: String,
    /// OpenSSH public key line without comment.
    pub public_key: String,
    /// `SHA256:` and unpadded base64.
    pub fingerprint: String,
    /// When it was first seen or entered.
    pub added_at: OffsetDateTime,
}

impl Store {
    /// The key of `endpoint`, if it is known.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn host_key(&self, endpoint: &str) -> Result<Option<KnownHostKey>, StoreError> {
        let row = sqlx::query(
            "SELECT endpoint, public_key, fingerprint, added_at FROM host_keys
             WHERE endpoint = $1",
        )
        .bind(endpoint)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Remembers `key`, unless its endpoint has one already; returns the one that holds.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn learn_host_key(&self, key: &KnownHostKey) -> Result<KnownHostKey, StoreError> {
        sqlx::query(
            "INSERT INTO host_keys (endpoint, public_key, fingerprint, added_at)
             VALUES ($1, $2, $3, $4) ON CONFLICT (endpoint) DO NOTHING",
        )
        .bind(&key.endpoint)
        .bind(&key.public_key)
        .bind(&key.fingerprint)
        .bind(to_millis(key.added_at))
        .execute(self.pool())
        .await?;
        Ok(self.host_key(&key.endpoint).await?.unwrap_or_else(|| key.clone()))
    }

    /// Forgets the key of `endpoint`; says whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_host_key(&self, endpoint: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM host_keys WHERE endpoint = $1")
            .bind(endpoint)
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// All known keys, by endpoint.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn host_keys(&self) -> Result<Vec<KnownHostKey>, StoreError> {
        let rows = sqlx::query(
            "SELECT endpoint, public_key, fingerprint, added_at FROM host_keys ORDER BY endpoint",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| read(row).map_err(StoreError::from)).collect()
    }
}

fn read(row: &DbRow) -> Result<KnownHostKey, sqlx::Error> {
    Ok(KnownHostKey {
        endpoint: row.try_get("endpoint")?,
        public_key: row.try_get("public_key")?,
        fingerprint: row.try_get("fingerprint")?,
        added_at: from_millis(row.try_get("added_at")?),
    })
}
