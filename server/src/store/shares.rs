use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, from_millis, read_id, to_millis};
use crate::sessions::ShareMode;

/// A share of a session, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRow {
    /// UUID v7.
    pub id: Uuid,
    /// The session that it joins.
    pub session: Uuid,
    /// What its bearer may do.
    pub mode: ShareMode,
    /// For whom it was made.
    pub label: Option<String>,
    /// Name of its maker.
    pub created_by: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
}

const INSERT: &str = "INSERT INTO session_shares \
    (id, session_id, token_hash, mode, label, created_by, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

impl Store {
    /// Keeps a share by the hash of its token, and clears away those that ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_share(&self, share: &ShareRow, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session_shares WHERE expires_at <= $1")
            .bind(to_millis(OffsetDateTime::now_utc()))
            .execute(self.pool())
            .await?;
        sqlx::query(INSERT)
            .bind(share.id.to_string())
            .bind(share.session.to_string())
            .bind(token_hash)
            .bind(share.mode.as_str())
            .bind(&share.label)
            .bind(&share.created_by)
            .bind(to_millis(share.created_at))
            .bind(to_millis(share.expires_at))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The live share of `session` whose token has this hash.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn share_by_token(
        &self,
        token_hash: &str,
        session: Uuid,
    ) -> Result<Option<ShareRow>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM session_shares
             WHERE token_hash = $1 AND session_id = $2 AND expires_at > $3",
        )
        .bind(token_hash)
        .bind(session.to_string())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// The live shares of a session, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn shares(&self, session: Uuid) -> Result<Vec<ShareRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM session_shares WHERE session_id = $1 AND expires_at > $2 ORDER BY id",
        )
        .bind(session.to_string())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| read(row).map_err(StoreError::from)).collect()
    }

    /// Takes a share back; returns whether the session had it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_share(&self, session: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM session_shares WHERE session_id = $1 AND id = $2")
            .bind(session.to_string())
            .bind(id.to_string())
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

fn read(row: &DbRow) -> Result<ShareRow, sqlx::Error> {
    let mode: String = row.try_get("mode")?;
    let unknown = || sqlx::Error::Decode("session_shares.mode".into());
    Ok(ShareRow {
        id: read_id(row, "id")?,
        session: read_id(row, "session_id")?,
        mode: ShareMode::parse(&mode).ok_or_else(unknown)?,
        label: row.try_get("label")?,
        created_by: row.try_get("created_by")?,
        created_at: from_millis(row.try_get("created_at")?),
        expires_at: from_millis(row.try_get("expires_at")?),
    })
}
