use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError, to_millis};

/// What a pass admits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKind {
    /// Opens one session as its owner, once; turns into a cookie.
    Opening,
    /// Owns one session, as often as its page is loaded.
    Cookie,
    /// Stands for its bearer's identity, once.
    Ticket,
}

impl PassKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Cookie => "cookie",
            Self::Ticket => "ticket",
        }
    }
}

/// A pass to be kept, by the hash of its token only.
#[derive(Debug, Clone)]
pub struct NewPass {
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// What it admits to.
    pub kind: PassKind,
    /// The session, except for a ticket.
    pub session: Option<Uuid>,
    /// JSON of the bearer's identity, for a ticket.
    pub identity: Option<String>,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
}

impl Store {
    /// Keeps a pass, and clears away those that ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_pass(&self, pass: &NewPass) -> Result<(), StoreError> {
        let now = to_millis(OffsetDateTime::now_utc());
        sqlx::query("DELETE FROM session_passes WHERE expires_at <= $1")
            .bind(now)
            .execute(self.pool())
            .await?;
        sqlx::query(
            "INSERT INTO session_passes (token_hash, kind, session_id, identity, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&pass.token_hash)
        .bind(pass.kind.as_str())
        .bind(pass.session.map(|id| id.to_string()))
        .bind(&pass.identity)
        .bind(to_millis(pass.expires_at))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Whether a live pass of that kind to that session exists.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn has_pass(
        &self,
        token_hash: &str,
        kind: PassKind,
        session: Uuid,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 FROM session_passes
             WHERE token_hash = $1 AND kind = $2 AND session_id = $3 AND expires_at > $4",
        )
        .bind(token_hash)
        .bind(kind.as_str())
        .bind(session.to_string())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_optional(self.pool())
        .await?;
        Ok(row.is_some())
    }

    /// Uses an opening link up; returns its session. Of two at the same time, one wins.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn use_opening(&self, token_hash: &str) -> Result<Option<Uuid>, StoreError> {
        let text = self.use_up(token_hash, PassKind::Opening, "session_id").await?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// Uses a ticket up; returns the JSON of the identity that it carries.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn use_ticket(&self, token_hash: &str) -> Result<Option<String>, StoreError> {
        self.use_up(token_hash, PassKind::Ticket, "identity").await
    }

    async fn use_up(
        &self,
        token_hash: &str,
        kind: PassKind,
        wanted: &'static str,
    ) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(
            "DELETE FROM session_passes WHERE token_hash = $1 AND kind = $2 AND expires_at > $3
             RETURNING session_id, identity",
        )
        .bind(token_hash)
        .bind(kind.as_str())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_optional(self.pool())
        .await?;
        Ok(row.map(|row| row.try_get(wanted)).transpose()?.flatten())
    }

    /// Takes back everything that admits to a session.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_passes(&self, session: Uuid) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM session_passes WHERE session_id = $1",
            "DELETE FROM session_shares WHERE session_id = $1",
        ] {
            sqlx::query(sql).bind(session.to_string()).execute(self.pool()).await?;
        }
        Ok(())
    }
}
