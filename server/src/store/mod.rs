//! What outlives the process: one file per table, queries that run on SQLite and
//! PostgreSQL alike (`$1` placeholders, ids as text, times as milliseconds).

mod api_keys;
mod error;
mod host_keys;
mod migrations;
mod passes;
mod sessions;
mod sign_in_links;
mod sign_ins;

use std::str::FromStr;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row, SqlitePool};
use time::OffsetDateTime;
use uuid::Uuid;

pub use api_keys::{ApiKey, NewApiKey};
pub use error::StoreError;
pub use host_keys::KnownHostKey;
pub use passes::{NewPass, PassKind};
pub use sessions::{SessionFilter, SessionRow};
pub use sign_ins::SignIn;

use crate::config::{Config, database_folder};

const MOST_CONNECTIONS: u32 = 8;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the database, making it where there is none, and brings it up to date.
    ///
    /// # Errors
    /// A file that cannot be opened, or whose tables are newer than this binary.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        if let Some(folder) = database_folder(&config.database.url) {
            tokio::fs::create_dir_all(folder).await.map_err(StoreError::folder)?;
        }
        let options = SqliteConnectOptions::from_str(&config.database.url)?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(config.database.busy_timeout);
        let pool = SqlitePoolOptions::new()
            .max_connections(MOST_CONNECTIONS)
            .acquire_timeout(config.database.busy_timeout)
            .connect_with(options.clone())
            .await?;
        migrations::run(&pool).await?;
        // A file that is deleted while the gateway runs is an outage. An empty one in its
        // place would know nobody.
        pool.set_connect_options(options.create_if_missing(false));
        Ok(Self { pool })
    }

    /// The connections, for the queries in this module's files.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Waits for running queries and closes the file.
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

/// An id as the database keeps it: text.
pub(crate) fn read_id(row: &SqliteRow, column: &str) -> Result<Uuid, sqlx::Error> {
    row.try_get::<&str, _>(column)?.parse().map_err(damaged)
}

/// A value that no version of this program wrote.
pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
