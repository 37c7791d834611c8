use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlitePool};

use super::StoreError;

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Brings the tables up to date.
pub(super) async fn run(pool: &SqlitePool) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.iter().map(|(version, title, sql)| {
        let sql = SqlSafeStr::into_sql_str(*sql);
        Migration::new(*version, (*title).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect()).run(pool).await?;
    Ok(())
}
