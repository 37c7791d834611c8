use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr};

use super::StoreError;
use super::connect::Backend;

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Brings the tables up to date. On PostgreSQL a lock makes nodes that start together take
/// turns.
pub(super) async fn run(
    connection: &mut AnyConnection,
    backend: Backend,
) -> Result<(), StoreError> {
    let files = MIGRATIONS.iter().filter(|file| file.backend.is_none_or(|only| only == backend));
    let migrations = files.map(|file| {
        let sql = SqlSafeStr::into_sql_str(file.sql);
        Migration::new(file.version, file.title.into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect()).run(connection).await?;
    Ok(())
}

/// A file of `migrations/`: `0001_title.sql` for both databases, or one each named
/// `0001_title.sqlite.sql` and `0001_title.postgres.sql`.
struct MigrationFile {
    version: i64,
    title: &'static str,
    backend: Option<Backend>,
    sql: &'static str,
}
