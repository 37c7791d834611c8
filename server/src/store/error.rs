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
                Some(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_IOERR | SQLITE_CANTOPEN) => {
                    Self::Unavailable(error)
                }
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
