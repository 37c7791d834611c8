use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, from_millis, read_id, to_millis};

/// A connection that the VM portal gave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineConnection {
    /// `<protocol>-<machine>-<unix milliseconds>`.
    pub id: String,
    /// The session that it is.
    pub session_id: Uuid,
    /// The machine's name for people.
    pub machine_name: String,
    /// Id of the driver.
    pub protocol: String,
    /// The machine's address.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// The account there, if the request named one.
    pub username: Option<String>,
    /// Subject of whoever asked for it.
    pub creator_id: String,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it is over.
    pub expires_at: OffsetDateTime,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, session_id, machine_name, protocol, hostname, port, username, creator_id, \
             created_at, expires_at FROM machine_connections ",
            $rest
        )
    };
}

impl Store {
    /// Keeps a connection, and lets go of those that are over.
    ///
    /// # Errors
    /// `Conflict` if there is one with its id.
    pub async fn add_machine_connection(&self, new: &MachineConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO machine_connections (id, session_id, machine_name, protocol, hostname,
             port, username, creator_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&new.id)
        .bind(new.session_id.to_string())
        .bind(&new.machine_name)
        .bind(&new.protocol)
        .bind(&new.hostname)
        .bind(i64::from(new.port))
        .bind(&new.username)
        .bind(&new.creator_id)
        .bind(to_millis(new.created_at))
        .bind(to_millis(new.expires_at))
        .execute(self.pool())
        .await?;
        sqlx::query("DELETE FROM machine_connections WHERE expires_at <= $1")
            .bind(to_millis(OffsetDateTime::now_utc()))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The connections of `creator`, or of everybody; the newest first, without those that are
    /// over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn machine_connections(
        &self,
        creator: Option<&str>,
    ) -> Result<Vec<MachineConnection>, StoreError> {
        let sql = select!(
            "WHERE expires_at > $1 \
             AND (CAST($2 AS TEXT) IS NULL OR creator_id = $2) ORDER BY created_at DESC, id"
        );
        let rows = sqlx::query(sql)
            .bind(to_millis(OffsetDateTime::now_utc()))
            .bind(creator)
            .fetch_all(self.pool())
            .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One connection that is not over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn machine_connection(
        &self,
        id: &str,
    ) -> Result<Option<MachineConnection>, StoreError> {
        let sql = select!("WHERE id = $1 AND expires_at > $2");
        let row = sqlx::query(sql)
            .bind(id)
            .bind(to_millis(OffsetDateTime::now_utc()))
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Forgets a connection.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_machine_connection(&self, id: &str) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM machine_connections WHERE id = $1").bind(id);
        delete.execute(self.pool()).await?;
        Ok(())
    }
}

fn read(row: &DbRow) -> Result<MachineConnection, sqlx::Error> {
    Ok(MachineConnection {
        id: row.try_get("id")?,
        session_id: read_id(row, "session_id")?,
        machine_name: row.try_get("machine_name")?,
        protocol: row.try_get("protocol")?,
        hostname: row.try_get("hostname")?,
        port: u16::try_from(row.try_get::<i64, _>("port")?).unwrap_or_default(),
        username: row.try_get("username")?,
        creator_id: row.try_get("creator_id")?,
        created_at: from_millis(row.try_get("created_at")?),
        expires_at: from_millis(row.try_get("expires_at")?),
    })
}
