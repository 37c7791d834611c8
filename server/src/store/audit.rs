use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, from_millis, read_id, to_millis};

/// One event of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// UUID v7.
    pub id: Uuid,
    /// When it happened.
    pub created_at: OffsetDateTime,
    /// Name of an action.
    pub action: String,
    /// `ok`, `refused` or `error`.
    pub outcome: String,
    /// Subject of who did it.
    pub actor_id: Option<String>,
    /// Their name.
    pub actor_name: Option<String>,
    /// Their e-mail address.
    pub actor_email: Option<String>,
    /// What they showed: `api_key`, `token`, `oidc`, or `command_line`.
    pub auth_type: Option<String>,
    /// Where they came from.
    pub ip_addr: Option<String>,
    /// Kind of what it was about.
    pub subject_type: Option<String>,
    /// Its id.
    pub subject_id: Option<String>,
    /// Its name for people.
    pub subject_name: Option<String>,
    /// E-mail address of the user whom it concerns, where that is not the actor.
    pub subject_email: Option<String>,
    /// JSON object of texts.
    pub details: String,
}

/// Which events to list. Texts are compared without regard to case.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only older ones than this event.
    pub before: Option<Uuid>,
    /// Only from this time on.
    pub from: Option<OffsetDateTime>,
    /// Only before this time.
    pub to: Option<OffsetDateTime>,
    /// Only these actions; all where it is empty.
    pub actions: Vec<&'static str>,
    /// Only with this outcome.
    pub outcome: Option<&'static str>,
    /// Only by whom this is the id, the name or the e-mail address.
    pub actor: Option<String>,
    /// Only those that concern the user with this e-mail address.
    pub email: Option<String>,
    /// Only those with this text in a name, an address or a detail.
    pub text: Option<String>,
    /// At most so many, the newest first.
    pub limit: u32,
}

const INSERT: &str = "INSERT INTO audit (id, created_at, action, outcome, actor_id, actor_name, \
    actor_email, auth_type, ip_addr, subject_type, subject_id, subject_name, subject_email, \
    details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// Ids sort by time: one range of them serves pages and times, by the primary key. Actions
/// come as `|one|two|`.
const SELECT: &str = "SELECT * FROM audit WHERE id < $1 AND id >= $2
    AND (CAST($3 AS TEXT) = '' OR CAST($3 AS TEXT) LIKE '%|' || action || '|%')
    AND (CAST($4 AS TEXT) IS NULL OR outcome = $4)
    AND (CAST($5 AS TEXT) IS NULL
        OR LOWER($5) IN (LOWER(actor_id), LOWER(actor_name), LOWER(actor_email)))
    AND (CAST($6 AS TEXT) IS NULL
        OR LOWER(COALESCE(subject_email, actor_email, '')) = LOWER($6))
    AND (CAST($7 AS TEXT) IS NULL
        OR LOWER(COALESCE(actor_name, '') || ' ' || COALESCE(actor_email, '') || ' '
            || COALESCE(ip_addr, '') || ' ' || COALESCE(subject_id, '') || ' '
            || COALESCE(subject_name, '') || ' ' || COALESCE(subject_email, '') || ' '
            || details) LIKE LOWER($7) ESCAPE '!')
    ORDER BY id DESC LIMIT $8";

const DELETE: &str = "DELETE FROM audit WHERE id IN (SELECT id FROM audit
    WHERE id < $1 ORDER BY id LIMIT $2)";

impl Store {
    /// Adds an event.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_audit(&self, row: &AuditRow) -> Result<(), StoreError> {
        sqlx::query(INSERT)
            .bind(row.id.to_string())
            .bind(to_millis(row.created_at))
            .bind(&row.action)
            .bind(&row.outcome)
            .bind(&row.actor_id)
            .bind(&row.actor_name)
            .bind(&row.actor_email)
            .bind(&row.auth_type)
            .bind(&row.ip_addr)
            .bind(&row.subject_type)
            .bind(&row.subject_id)
            .bind(&row.subject_name)
            .bind(&row.subject_email)
            .bind(&row.details)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Events, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let end = filter.to.map_or(Uuid::max(), first_id_at);
        let actions = match filter.actions.as_slice() {
            [] => String::new(),
            some => format!("|{}|", some.join("|")),
        };
        let rows = sqlx::query(SELECT)
            .bind(filter.before.map_or(end, |before| before.min(end)).to_string())
            .bind(filter.from.map_or(Uuid::nil(), first_id_at).to_string())
            .bind(actions)
            .bind(filter.outcome)
            .bind(&filter.actor)
            .bind(&filter.email)
            .bind(filter.text.as_deref().map(anywhere))
            .bind(i64::from(filter.limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| read(row).map_err(StoreError::from)).collect()
    }

    /// Deletes up to `most` events that are older than `end`, the oldest first. The
    /// database refuses those younger than 30 days.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_audit_before(
        &self,
        end: OffsetDateTime,
        most: u32,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query(DELETE)
            .bind(first_id_at(end).to_string())
            .bind(i64::from(most))
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected())
    }
}

/// The least UUID v7 of a time: its first 48 bits are the milliseconds (RFC 9562, 5.7).
pub(super) fn first_id_at(time: OffsetDateTime) -> Uuid {
    let millis = u64::try_from(to_millis(time)).unwrap_or(0);
    Uuid::from_u128(u128::from(millis.min((1 << 48) - 1)) << 80)
}

/// A pattern for `LIKE ... ESCAPE '!'`.
pub(super) fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn read(row: &DbRow) -> Result<AuditRow, sqlx::Error> {
    Ok(AuditRow {
        id: read_id(row, "id")?,
        created_at: from_millis(row.try_get("created_at")?),
        action: row.try_get("action")?,
        outcome: row.try_get("outcome")?,
        actor_id: row.try_get("actor_id")?,
        actor_name: row.try_get("actor_name")?,
        actor_email: row.try_get("actor_email")?,
        auth_type: row.try_get("auth_type")?,
        ip_addr: row.try_get("ip_addr")?,
        subject_type: row.try_get("subject_type")?,
        subject_id: row.try_get("subject_id")?,
        subject_name: row.try_get("subject_name")?,
        subject_email: row.try_get("subject_email")?,
        details: row.try_get("details")?,
    })
}
