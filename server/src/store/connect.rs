//! How each kind of database is opened. Behind it all queries are the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor};
use url::Url;

use super::{StoreError, migrations};
use crate::config::{DatabaseConfig, DatabasePlace};

/// Opens the database, making a file where there is none, and brings its tables up to date.
pub(super) async fn open(config: &DatabaseConfig) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    let opening = match &config.place {
        DatabasePlace::File(file) => Opening::of_file(file, config.busy_timeout).await?,
        DatabasePlace::Server(url) => Opening::of_server(url.expose(), config.busy_timeout)?,
    };
    opening.migrate(config).await?;
    opening.pool(config).await
}

struct Opening {
    backend: Backend,
    /// Makes a file that is not there.
    first: AnyConnectOptions,
    /// Does not: a file that is deleted while the gateway runs is an outage. An empty one
    /// in its place would know nobody.
    later: AnyConnectOptions,
    /// What each new connection is told.
    greeting: String,
}

/// Which dialect a migration has to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    Sqlite,
    Postgres,
}

impl Opening {
    async fn of_file(file: &Path, busy_timeout: Duration) -> Result<Self, StoreError> {
        let file = std::path::absolute(file).map_err(StoreError::folder)?;
        if let Some(folder) = file.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(StoreError::folder)?;
        }
        // The time-out comes first: the other settings may have to wait for a lock already.
        let greeting = format!(
            "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
             PRAGMA foreign_keys = ON",
            busy_timeout.as_millis()
        );
        Ok(Self {
            backend: Backend::Sqlite,
            first: file_options(&file, "rwc")?,
            later: file_options(&file, "rw")?,
            greeting,
        })
    }

    fn of_server(url: &str, busy_timeout: Duration) -> Result<Self, StoreError> {
        let options: AnyConnectOptions = url.parse()?;
        let limit = busy_timeout.as_millis();
        Ok(Self {
            backend: Backend::Postgres,
            first: options.clone(),
            later: options,
            greeting: format!("SET statement_timeout = {limit}"),
        })
    }

    /// On a connection of its own, without a limit for single statements: another node may
    /// be at it, and a long table takes its time.
    async fn migrate(&self, config: &DatabaseConfig) -> Result<(), StoreError> {
        let work = async {
            let mut connection = self.connect(config).await?;
            if self.backend == Backend::Sqlite {
                greet(&mut connection, &self.greeting).await?;
            }
            migrations::run(&mut connection, self.backend).await?;
            connection.close().await?;
            Ok(())
        };
        tokio::time::timeout(config.migration_timeout, work)
            .await
            .unwrap_or(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)))
    }

    async fn connect(&self, config: &DatabaseConfig) -> Result<AnyConnection, StoreError> {
        let connected = tokio::time::timeout(config.busy_timeout, self.first.connect()).await;
        connected
            .map_err(|_| StoreError::Unavailable(sqlx::Error::PoolTimedOut))?
            .map_err(Into::into)
    }

    async fn pool(self, config: &DatabaseConfig) -> Result<AnyPool, StoreError> {
        let greeting: Arc<str> = self.greeting.into();
        let pool = AnyPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(config.busy_timeout)
            .after_connect(move |connection, _| {
                let greeting = Arc::clone(&greeting);
                Box::pin(async move { greet(connection, &greeting).await })
            })
            .connect_with(self.later)
            .await?;
        Ok(pool)
    }
}

async fn greet(connection: &mut AnyConnection, greeting: &str) -> Result<(), sqlx::Error> {
    // Of our own words and a number.
    connection.execute(AssertSqlSafe(greeting.to_owned())).await?;
    Ok(())
}

fn file_options(file: &Path, mode: &str) -> Result<AnyConnectOptions, StoreError> {
    let no_name = || sqlx::Error::Configuration("the file's name cannot be used".into());
    let url = Url::from_file_path(file).map_err(|()| no_name())?;
    Ok(format!("sqlite://{}?mode={mode}", url.path()).parse()?)
}
