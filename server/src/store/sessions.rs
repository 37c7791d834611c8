use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, from_millis, to_millis};
use crate::sessions::SessionStatus;

/// One session, as its history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// UUID v7.
    pub id: Uuid,
    /// Driver id.
    pub session_type: String,
    /// Name for people, if it was given one.
    pub name: Option<String>,
    /// Stable id of its creator.
    pub creator_id: String,
    /// Its creator's name, for people.
    pub creator_name: String,
    /// Where it goes: a host name or a socket's path.
    pub hostname: Option<String>,
    /// The page, for sessions that open one.
    pub url: Option<String>,
    /// The account at the target.
    pub username: Option<String>,
    /// `embedded` or `guacd`.
    pub engine: String,
    /// The gateway that runs it.
    pub node: String,
    /// How far its life is.
    pub status: SessionStatus,
    /// Why it ended; `None` before its end.
    pub ended_because: Option<String>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When its owner came.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
    /// Bytes of instructions from all who looked at it; 0 before its end.
    pub bytes_in: u64,
    /// Bytes of instructions to them; 0 before its end.
    pub bytes_out: u64,
}

/// How a session ended, for its row.
#[derive(Debug, Clone, Copy)]
pub struct EndedSession<'a> {
    /// `Completed`, `Error` or `Expired`.
    pub status: SessionStatus,
    /// One sentence.
    pub because: &'a str,
    /// Bytes of instructions from all who looked at it.
    pub bytes_in: u64,
    /// Bytes of instructions to them.
    pub bytes_out: u64,
}

/// Which sessions to list.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only those of this creator.
    pub creator_id: Option<String>,
    /// Only those with this status.
    pub status: Option<SessionStatus>,
    /// At most so many, the newest first.
    pub limit: u32,
}

const INSERT: &str = "INSERT INTO sessions (id, session_type, name, creator_id, creator_name, hostname, url, \
     username, engine, node, status, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

impl Store {
    /// Adds a session that begins its life.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_session(&self, row: &SessionRow) -> Result<(), StoreError> {
        sqlx::query(INSERT)
            .bind(row.id.to_string())
            .bind(&row.session_type)
            .bind(&row.name)
            .bind(&row.creator_id)
            .bind(&row.creator_name)
            .bind(&row.hostname)
            .bind(&row.url)
            .bind(&row.username)
            .bind(&row.engine)
            .bind(&row.node)
            .bind(row.status.as_str())
            .bind(to_millis(row.created_at))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Notes that a session's owner came, unless it has ended meanwhile: a query that was
    /// given up may still be carried out, behind those that came later.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn start_session(&self, id: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sessions SET status = $1, started_at = $2 WHERE id = $3 AND ended_at IS NULL",
        )
        .bind(SessionStatus::Active.as_str())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .bind(id.to_string())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Notes how and why a session ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_session(&self, id: Uuid, ended: EndedSession<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sessions SET status = $1, ended_because = $2, ended_at = $3, bytes_in = $4,
             bytes_out = $5 WHERE id = $6",
        )
        .bind(ended.status.as_str())
        .bind(ended.because)
        .bind(to_millis(OffsetDateTime::now_utc()))
        .bind(i64::try_from(ended.bytes_in).unwrap_or(i64::MAX))
        .bind(i64::try_from(ended.bytes_out).unwrap_or(i64::MAX))
        .bind(id.to_string())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Ends what an earlier process of `node` left pending or active; returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_leftover_sessions(
        &self,
        node: &str,
        because: &str,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE sessions SET status = $1, ended_because = $2, ended_at = $3
             WHERE node = $4 AND status IN ($5, $6)",
        )
        .bind(SessionStatus::Error.as_str())
        .bind(because)
        .bind(to_millis(OffsetDateTime::now_utc()))
        .bind(node)
        .bind(SessionStatus::Pending.as_str())
        .bind(SessionStatus::Active.as_str())
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected())
    }

    /// One session.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session(&self, id: Uuid) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM sessions WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Sessions, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM sessions
             WHERE (CAST($1 AS TEXT) IS NULL OR creator_id = $1)
             AND (CAST($2 AS TEXT) IS NULL OR status = $2)
             ORDER BY created_at DESC, id DESC LIMIT $3",
        )
        .bind(&filter.creator_id)
        .bind(filter.status.map(SessionStatus::as_str))
        .bind(i64::from(filter.limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| read(row).map_err(StoreError::from)).collect()
    }
}

pub(super) fn read(row: &DbRow) -> Result<SessionRow, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let status: String = row.try_get("status")?;
    let started_at: Option<i64> = row.try_get("started_at")?;
    let ended_at: Option<i64> = row.try_get("ended_at")?;
    let damaged = |what: &str| sqlx::Error::Decode(format!("sessions.{what}").into());
    Ok(SessionRow {
        id: id.parse().map_err(|_| damaged("id"))?,
        session_type: row.try_get("session_type")?,
        name: row.try_get("name")?,
        creator_id: row.try_get("creator_id")?,
        creator_name: row.try_get("creator_name")?,
        hostname: row.try_get("hostname")?,
        url: row.try_get("url")?,
        username: row.try_get("username")?,
        engine: row.try_get("engine")?,
        node: row.try_get("node")?,
        status: SessionStatus::parse(&status).ok_or_else(|| damaged("status"))?,
        ended_because: row.try_get("ended_because")?,
        created_at: from_millis(row.try_get("created_at")?),
        started_at: started_at.map(from_millis),
        ended_at: ended_at.map(from_millis),
        bytes_in: row.try_get::<i64, _>("bytes_in")?.unsigned_abs(),
        bytes_out: row.try_get::<i64, _>("bytes_out")?.unsigned_abs(),
    })
}
