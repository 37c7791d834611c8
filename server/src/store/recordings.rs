use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, from_millis, read_id, to_millis};
use crate::recordings::RecordingStatus;

/// One recording, as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRow {
    /// Its name, also of its file.
    pub name: String,
    /// The session that it shows.
    pub session_id: Uuid,
    /// Driver id.
    pub session_type: String,
    /// What people know the session by.
    pub label: String,
    /// Where the session went.
    pub hostname: Option<String>,
    /// The account at the target.
    pub username: Option<String>,
    /// Stable id of the session's creator.
    pub creator_id: String,
    /// Its creator's name, for people.
    pub creator_name: String,
    /// Whether it is written, and how that ended.
    pub status: RecordingStatus,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// When it ended; `None` while it is written.
    pub ended_at: Option<OffsetDateTime>,
    /// How much there is of it.
    pub extent: Extent,
}

/// How much there is of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// From its first frame to its last, milliseconds.
    pub duration_ms: u64,
    /// Length of the plain stream, bytes.
    pub plain: u64,
    /// Length of the file, bytes.
    pub stored: u64,
}

impl Store {
    /// Adds a recording.
    ///
    /// # Errors
    /// Those of the database; `Conflict` where the name is taken.
    pub async fn add_recording(&self, row: &RecordingRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO recordings (name, session_id, session_type, label, hostname, username, \
             creator_id, creator_name, status, started_at, ended_at, duration_ms, size_bytes, \
             stored_bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(&row.name)
        .bind(row.session_id.to_string())
        .bind(&row.session_type)
        .bind(&row.label)
        .bind(&row.hostname)
        .bind(&row.username)
        .bind(&row.creator_id)
        .bind(&row.creator_name)
        .bind(row.status.as_str())
        .bind(to_millis(row.started_at))
        .bind(row.ended_at.map(to_millis))
        .bind(to_column(row.extent.duration_ms))
        .bind(to_column(row.extent.plain))
        .bind(to_column(row.extent.stored))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Notes how a recording ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn end_recording(
        &self,
        name: &str,
        status: RecordingStatus,
        ended_at: OffsetDateTime,
        extent: Extent,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE recordings SET status = $1, ended_at = $2, duration_ms = $3, \
             size_bytes = $4, stored_bytes = $5 WHERE name = $6",
        )
        .bind(status.as_str())
        .bind(to_millis(ended_at))
        .bind(to_column(extent.duration_ms))
        .bind(to_column(extent.plain))
        .bind(to_column(extent.stored))
        .bind(name)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Forgets a recording; says whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_recording(&self, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM recordings WHERE name = $1")
            .bind(name)
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// One recording.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn recording(&self, name: &str) -> Result<Option<RecordingRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM recordings WHERE name = $1")
            .bind(name)
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// All recordings, or those of one creator's sessions; the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn recordings(
        &self,
        creator_id: Option<&str>,
    ) -> Result<Vec<RecordingRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM recordings WHERE (CAST($1 AS TEXT) IS NULL OR creator_id = $1) \
             ORDER BY started_at DESC, name DESC",
        )
        .bind(creator_id)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| read(row).map_err(StoreError::from)).collect()
    }
}

fn to_column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read(row: &DbRow) -> Result<RecordingRow, sqlx::Error> {
    let number =
        |column: &str| row.try_get(column).map(|value: i64| u64::try_from(value).unwrap_or(0));
    let status: String = row.try_get("status")?;
    let damaged = || sqlx::Error::Decode("recordings.status".into());
    Ok(RecordingRow {
        name: row.try_get("name")?,
        session_id: read_id(row, "session_id")?,
        session_type: row.try_get("session_type")?,
        label: row.try_get("label")?,
        hostname: row.try_get("hostname")?,
        username: row.try_get("username")?,
        creator_id: row.try_get("creator_id")?,
        creator_name: row.try_get("creator_name")?,
        status: RecordingStatus::parse(&status).ok_or_else(damaged)?,
        started_at: from_millis(row.try_get("started_at")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(from_millis),
        extent: Extent {
            duration_ms: number("duration_ms")?,
            plain: number("size_bytes")?,
            stored: number("stored_bytes")?,
        },
    })
}
