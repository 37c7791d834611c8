//! What outlives the process: one file per table, queries that run on SQLite and
//! PostgreSQL alike.
//!
//! What both understand: `$1` placeholders; columns of the types `TEXT` and `BIGINT` only
//! (ids as text, times as milliseconds, lists as JSON); `ON CONFLICT`, `RETURNING`;
//! `LOWER(a) LIKE LOWER($1)`; `CAST($1 AS TEXT)` where a parameter's type does not show.

mod api_keys;
mod audit;
mod book;
mod connect;
mod error;
mod group_mappings;
mod history;
mod host_keys;
mod machine_connections;
mod machines;
mod migrations;
mod oidc_flows;
mod passes;
mod recordings;
mod sessions;
mod shares;
mod sign_in_links;
mod sign_ins;
mod user_tokens;
mod users;

use sqlx::{AnyPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

pub use api_keys::{ApiKey, NewApiKey};
pub use audit::{AuditFilter, AuditRow};
use audit::{anywhere, first_id_at};
pub use book::{BookEntryRow, BookFolderRow, BookKeyRow};
pub use error::StoreError;
pub use group_mappings::GroupMapping;
pub use history::HistoryFilter;
pub use host_keys::KnownHostKey;
pub use machine_connections::MachineConnection;
pub use machines::MachineRow;
pub use passes::{NewPass, PassKind};
pub use recordings::{Extent, RecordingRow};
pub use sessions::{EndedSession, SessionFilter, SessionRow};
pub use shares::ShareRow;
pub use sign_ins::{NewSignIn, SignIn, SignInHolder};
pub use user_tokens::{NewUserToken, UserToken};
pub use users::{Login, RoleSource, User};

use crate::config::Config;

/// A row of either database.
pub(crate) type DbRow = sqlx::any::AnyRow;

/// How often the next number is tried as an id, where another node may take it first.
const ID_ATTEMPTS: u32 = 10;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens the database, making a file where there is none, and brings it up to date.
    ///
    /// # Errors
    /// A database that cannot be opened, or whose tables are newer than this binary.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        Ok(Self { pool: connect::open(&config.database).await? })
    }

    /// The connections, for the queries in this module's files.
    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Waits for running queries and closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A time as the database keeps it: milliseconds since 1970-01-01 UTC.
pub(crate) fn to_millis(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The time that [`to_millis`] wrote.
pub(crate) fn from_millis(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Now, as exactly as the database can keep it.
pub(crate) fn now() -> OffsetDateTime {
    from_millis(to_millis(OffsetDateTime::now_utc()))
}

/// An id as the database keeps it: text.
pub(crate) fn read_id(row: &DbRow, column: &str) -> Result<Uuid, sqlx::Error> {
    row.try_get::<&str, _>(column)?.parse().map_err(damaged)
}

/// A value that no version of this program wrote.
pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
