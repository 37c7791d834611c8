use std::io;

use sqlx::error::ErrorKind;

/// Why the database did not do what it was asked. Its detail is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Locked or busy for longer than the limit, or not reachable.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Another row has that name.
    #[error("the row exists already")]
    Conflict,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// Anything else: a fault of ours, or a damaged database.
    #[error("the database failed: {0}")]
    Failed(#[source] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the tables cannot be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Primary result codes, <https://www.sqlite.org/rescode.html>.
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;

impl StoreError {
    pub(super) fn folder(error: io::Error) -> Self {
        Self::Unavailable(sqlx::Error::Io(error))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(detail) if detail.kind() == ErrorKind::UniqueViolation => {
                Self::Conflict
            }
            sqlx::Error::Database(detail) => match primary_code(detail.code().as_deref()) {
                Some(
                    SQLITE_BUSY | SQLITE_LOCKED | SQLITE_READONLY | SQLITE_IOERR | SQLITE_CANTOPEN,
                ) => Self::Unavailable(error),
                Some(SQLITE_FULL) => Self::Full,
                _ => Self::Failed(error),
            },
            _ => Self::Failed(error),
        }
    }
}

/// The low byte of an extended result code names its kind.
fn primary_code(extended: Option<&str>) -> Option<u32> {
    extended?.parse::<u32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sqlx::ConnectOptions;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

    use super::*;

    async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Option<StoreError> {
        sqlx::query(sql).execute(connection).await.err().map(StoreError::from)
    }

    #[tokio::test]
    async fn bar_61_a_full_disk_is_told_from_other_faults() {
        let small = SqliteConnectOptions::new().in_memory(true).pragma("max_page_count", "4");
        let mut connection = small.connect().await.unwrap();
        assert!(run(&mut connection, "CREATE TABLE t (a TEXT UNIQUE)").await.is_none());
        assert!(run(&mut connection, "INSERT INTO t VALUES ('x')").await.is_none());
        let twice = run(&mut connection, "INSERT INTO t VALUES ('x')").await;
        assert!(matches!(twice, Some(StoreError::Conflict)), "{twice:?}");
        let full = run(&mut connection, "INSERT INTO t VALUES (zeroblob(100000))").await;
        assert!(matches!(full, Some(StoreError::Full)), "{full:?}");
        let wrong = run(&mut connection, "INSERT INTO none VALUES (1)").await;
        assert!(matches!(wrong, Some(StoreError::Failed(_))), "{wrong:?}");
    }
}
