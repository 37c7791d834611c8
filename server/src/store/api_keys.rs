use ipnet::IpNet;
use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, damaged, from_millis, read_id, to_millis};

/// An API key as it is kept: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// UUID v7.
    pub id: Uuid,
    /// Unique name, chosen by the operator.
    pub name: String,
    /// Networks from which it may be used; empty: from everywhere.
    pub allowed_networks: Vec<IpNet>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends by itself, if ever.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<OffsetDateTime>,
}

impl ApiKey {
    /// Whether it is good at `now`.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// An API key to be.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Unique name.
    pub name: String,
    /// SHA-256 of the secret, hexadecimal.
    pub secret_hash: String,
    /// Networks from which it may be used; empty: from everywhere.
    pub allowed_networks: Vec<IpNet>,
    /// When it ends by itself, if ever.
    pub expires_at: Option<OffsetDateTime>,
}

/// A query for the columns that [`read`] takes.
macro_rules! select_api_key {
    ($rest:literal) => {
        concat!(
            "SELECT api_keys.id, api_keys.name, api_keys.allowed_networks, api_keys.created_at, \
             api_keys.expires_at, api_keys.revoked_at FROM api_keys ",
            $rest
        )
    };
}

impl Store {
    /// Adds a key.
    ///
    /// # Errors
    /// `Conflict` if the name is taken, also by a revoked key.
    pub async fn add_api_key(&self, new: NewApiKey) -> Result<ApiKey, StoreError> {
        let created_at = from_millis(to_millis(OffsetDateTime::now_utc()));
        let NewApiKey { name, secret_hash, allowed_networks, expires_at } = new;
        let id = Uuid::now_v7();
        let key = ApiKey { id, name, allowed_networks, created_at, expires_at, revoked_at: None };
        sqlx::query(
            "INSERT INTO api_keys (id, name, secret_hash, allowed_networks, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(key.id.to_string())
        .bind(&key.name)
        .bind(secret_hash)
        .bind(write_networks(&key.allowed_networks))
        .bind(to_millis(created_at))
        .bind(key.expires_at.map(to_millis))
        .execute(self.pool())
        .await?;
        Ok(key)
    }

    /// All keys, oldest first, revoked ones among them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows = sqlx::query(select_api_key!("ORDER BY id")).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The key with that secret, live or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, StoreError> {
        self.one_api_key(select_api_key!("WHERE secret_hash = $1"), hash).await
    }

    /// The key with that name, live or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn api_key_by_name(&self, name: &str) -> Result<Option<ApiKey>, StoreError> {
        self.one_api_key(select_api_key!("WHERE name = $1"), name).await
    }

    /// The key with that id, live or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn api_key(&self, id: Uuid) -> Result<Option<ApiKey>, StoreError> {
        self.one_api_key(select_api_key!("WHERE id = $1"), &id.to_string()).await
    }

    /// Revokes the key of that name and tells whether there was a live one. Browsers that
    /// signed in by it are signed out with it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_api_key(&self, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE api_keys SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL",
        )
        .bind(to_millis(OffsetDateTime::now_utc()))
        .bind(name)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn one_api_key(
        &self,
        sql: &'static str,
        argument: &str,
    ) -> Result<Option<ApiKey>, StoreError> {
        let row = sqlx::query(sql).bind(argument).fetch_optional(self.pool()).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }
}

pub(super) fn read(row: &DbRow) -> Result<ApiKey, sqlx::Error> {
    let networks: &str = row.try_get("allowed_networks")?;
    Ok(ApiKey {
        id: read_id(row, "id")?,
        name: row.try_get("name")?,
        allowed_networks: serde_json::from_str(networks).map_err(damaged)?,
        created_at: from_millis(row.try_get("created_at")?),
        expires_at: row.try_get::<Option<i64>, _>("expires_at")?.map(from_millis),
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(from_millis),
    })
}

fn write_networks(networks: &[IpNet]) -> String {
    let texts: Vec<_> = networks.iter().map(ToString::to_string).collect();
    serde_json::Value::from(texts).to_string()
}
