//! What tests do to the database behind a gateway's back, on SQLite and PostgreSQL alike.

use std::path::Path;

use fanlight::config::DatabasePlace;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _};

use crate::postgres;

/// Every table that something is written to while a gateway runs.
const LOCK_TABLES: &str = "BEGIN; LOCK TABLE api_keys, sign_ins, sign_in_links, sessions, \
    session_passes, host_keys, audit, book_folders, book_entries, book_keys IN EXCLUSIVE MODE";

/// A connection of one's own.
pub async fn connect(place: &DatabasePlace) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let url = match place {
        DatabasePlace::File(file) => format!("sqlite://{}", file.display()),
        DatabasePlace::Server(url) => url.expose().clone(),
    };
    url.parse::<AnyConnectOptions>().unwrap().connect().await.unwrap()
}

/// Locks the database against writers until the connection commits or is dropped.
pub async fn lock(place: &DatabasePlace) -> AnyConnection {
    let mut other = connect(place).await;
    let lock = match place {
        DatabasePlace::File(_) => "BEGIN IMMEDIATE",
        DatabasePlace::Server(_) => LOCK_TABLES,
    };
    other.execute(lock).await.unwrap();
    other
}

/// All that is kept for a gateway with this data folder: its files, and the rows that are on
/// a server.
pub fn everything_kept(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let mut all: Vec<u8> =
        files.filter_map(|file| std::fs::read(file.path()).ok()).flatten().collect();
    if let Some((socket, name)) = postgres::database_of(folder) {
        let dump = postgres::dump(&socket, &name);
        assert!(dump.contains("COPY public.api_keys"), "{dump}");
        all.extend(dump.into_bytes());
    }
    all
}

/// Whether `secret` stands anywhere in what is kept.
pub fn holds(kept: &[u8], secret: &str) -> bool {
    kept.windows(secret.len()).any(|window| window == secret.as_bytes())
}
