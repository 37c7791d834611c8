use std::io;

use sqlx::error::ErrorKind;
use sqlx::postgres::PgDatabaseError;

/// Why the database did not do what it was asked. Its detail is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Locked or busy for longer than the limit, or not reachable.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Another row has that name.
    #[error("the row exists already")]
    Conflict,
    /// A row that it belongs to is not there.
    #[error("the row belongs to one that is not there")]
    NoParent,
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
        match kind(&error) {
            Kind::Unavailable => Self::Unavailable(error),
            Kind::Conflict => Self::Conflict,
            Kind::NoParent => Self::NoParent,
            Kind::Full => Self::Full,
            Kind::Failed => Self::Failed(error),
        }
    }
}

enum Kind {
    Unavailable,
    Conflict,
    NoParent,
    Full,
    Failed,
}

fn kind(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_) => Kind::Unavailable,
        sqlx::Error::Database(detail) if detail.kind() == ErrorKind::UniqueViolation => {
            Kind::Conflict
        }
        sqlx::Error::Database(detail) if detail.kind() == ErrorKind::ForeignKeyViolation => {
            Kind::NoParent
        }
        sqlx::Error::Database(detail) => match detail.try_downcast_ref::<PgDatabaseError>() {
            Some(of_postgres) => postgres_kind(of_postgres.code()),
            None => sqlite_kind(detail.code().as_deref()),
        },
        _ => Kind::Failed,
    }
}

/// The low byte of an extended result code names its kind.
fn sqlite_kind(extended: Option<&str>) -> Kind {
    match extended.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
        Some(SQLITE_BUSY | SQLITE_LOCKED | SQLITE_READONLY | SQLITE_IOERR | SQLITE_CANTOPEN) => {
            Kind::Unavailable
        }
        Some(SQLITE_FULL) => Kind::Full,
        _ => Kind::Failed,
    }
}

/// By class of SQLSTATE, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_kind(state: &str) -> Kind {
    const DISK_FULL: &str = "53100";
    // A standby that was promoted from under us, a node that waits too long for a lock.
    const READ_ONLY: &str = "25006";
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    const NO_SUCH_DATABASE: &str = "3D000";
    // Connection, authorisation, deadlock, resources, operator (restart, time-out), system.
    const CLASSES: [&str; 6] = ["08", "28", "40", "53", "57", "58"];
    match state {
        DISK_FULL => Kind::Full,
        READ_ONLY | LOCK_NOT_AVAILABLE | NO_SUCH_DATABASE => Kind::Unavailable,
        _ if CLASSES.iter().any(|class| state.starts_with(class)) => Kind::Unavailable,
        _ => Kind::Failed,
    }
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

    #[test]
    fn bar_61_postgresql_tells_a_full_disk_and_an_outage_by_its_states() {
        assert!(matches!(postgres_kind("53100"), Kind::Full));
        for outage in ["57P01", "57P03", "57014", "08006", "53300", "40P01", "25006", "28P01"] {
            assert!(matches!(postgres_kind(outage), Kind::Unavailable), "{outage}");
        }
        for fault in ["42P01", "22021", "23502"] {
            assert!(matches!(postgres_kind(fault), Kind::Failed), "{fault}");
        }
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
