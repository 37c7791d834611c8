use time::OffsetDateTime;
use uuid::Uuid;

use super::sessions::read;
use super::{SessionRow, Store, StoreError, anywhere, first_id_at};
use crate::sessions::SessionStatus;

/// Which sessions of the history to show. Texts are compared without regard to case.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Only those made before this session.
    pub before: Option<Uuid>,
    /// Only from this time on.
    pub from: Option<OffsetDateTime>,
    /// Only before this time.
    pub to: Option<OffsetDateTime>,
    /// Only those of this creator.
    pub creator_id: Option<String>,
    /// Only those with this status.
    pub status: Option<SessionStatus>,
    /// Only those of this driver.
    pub session_type: Option<String>,
    /// Only those of whom this is the name or the id.
    pub who: Option<String>,
    /// Only those with this text in a name, a target or the reason of their end.
    pub text: Option<String>,
    /// At most so many, the newest first.
    pub limit: u32,
}

const SELECT: &str = "SELECT * FROM sessions WHERE id < $1 AND id >= $2
    AND (CAST($3 AS TEXT) IS NULL OR creator_id = $3)
    AND (CAST($4 AS TEXT) IS NULL OR status = $4)
    AND (CAST($5 AS TEXT) IS NULL OR session_type = $5)
    AND (CAST($6 AS TEXT) IS NULL OR LOWER($6) IN (LOWER(creator_id), LOWER(creator_name)))
    AND (CAST($7 AS TEXT) IS NULL
        OR LOWER(COALESCE(name, '') || ' ' || COALESCE(hostname, '') || ' '
            || COALESCE(url, '') || ' ' || COALESCE(username, '') || ' ' || creator_name || ' '
            || COALESCE(ended_because, '')) LIKE LOWER($7) ESCAPE '!')
    ORDER BY id DESC LIMIT $8";

impl Store {
    /// Sessions, live and past, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<Vec<SessionRow>, StoreError> {
        let end = filter.to.map_or(Uuid::max(), first_id_at);
        let rows = sqlx::query(SELECT)
            .bind(filter.before.map_or(end, |before| before.min(end)).to_string())
            .bind(filter.from.map_or(Uuid::nil(), first_id_at).to_string())
            .bind(&filter.creator_id)
            .bind(filter.status.map(SessionStatus::as_str))
            .bind(&filter.session_type)
            .bind(&filter.who)
            .bind(filter.text.as_deref().map(anywhere))
            .bind(i64::from(filter.limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| read(row).map_err(StoreError::from)).collect()
    }
}
