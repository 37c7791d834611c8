use sqlx::Row;
use time::OffsetDateTime;

use super::{DbRow, Store, StoreError, from_millis, to_millis};

/// A folder of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookFolderRow {
    /// `shared`, or `instance/<name>`.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// JSON array of groups.
    pub allowed_groups: String,
    /// One line for people.
    pub description: String,
}

/// An entry of the address book, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntryRow {
    /// Its folder's scope.
    pub scope: String,
    /// Its folder's name.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Counts the changes, from 1.
    pub version: i64,
    /// The key that it is sealed with.
    pub key_id: String,
    /// base64 of nonce, ciphertext and tag.
    pub sealed: String,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

/// A key that seals entries, itself sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookKeyRow {
    /// UUID v7 as text.
    pub id: String,
    /// Fingerprint of the master key that opens it.
    pub master_id: String,
    /// base64 of nonce, ciphertext and tag.
    pub sealed: String,
}

impl Store {
    /// Folders of these two scopes, by scope and name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn book_folders(&self, scopes: [&str; 2]) -> Result<Vec<BookFolderRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT scope, name, allowed_groups, description FROM book_folders
             WHERE scope IN ($1, $2) ORDER BY scope DESC, name",
        )
        .bind(scopes[0])
        .bind(scopes[1])
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(read_folder).collect::<Result<_, _>>()?)
    }

    /// One folder.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn book_folder(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<BookFolderRow>, StoreError> {
        let row = sqlx::query(
            "SELECT scope, name, allowed_groups, description FROM book_folders
             WHERE scope = $1 AND name = $2",
        )
        .bind(scope)
        .bind(name)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read_folder).transpose()?)
    }

    /// Adds a folder.
    ///
    /// # Errors
    /// `Conflict` if it is there.
    pub async fn add_book_folder(&self, folder: &BookFolderRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO book_folders (scope, name, allowed_groups, description, created_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&folder.scope)
        .bind(&folder.name)
        .bind(&folder.allowed_groups)
        .bind(&folder.description)
        .bind(to_millis(OffsetDateTime::now_utc()))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Changes what is given of a folder; `None` if there is no such one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn change_book_folder(
        &self,
        (scope, name): (&str, &str),
        allowed_groups: Option<&str>,
        description: Option<&str>,
    ) -> Result<Option<BookFolderRow>, StoreError> {
        let row = sqlx::query(
            "UPDATE book_folders
             SET allowed_groups = COALESCE(CAST($1 AS TEXT), allowed_groups),
                 description = COALESCE(CAST($2 AS TEXT), description)
             WHERE scope = $3 AND name = $4
             RETURNING scope, name, allowed_groups, description",
        )
        .bind(allowed_groups)
        .bind(description)
        .bind(scope)
        .bind(name)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read_folder).transpose()?)
    }

    /// Removes a folder with its entries; says whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_book_folder(&self, scope: &str, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM book_folders WHERE scope = $1 AND name = $2")
            .bind(scope)
            .bind(name)
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The entries of a folder, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn book_entries(
        &self,
        scope: &str,
        folder: &str,
    ) -> Result<Vec<BookEntryRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT scope, folder, name, version, key_id, sealed, updated_at FROM book_entries
             WHERE scope = $1 AND folder = $2 ORDER BY name",
        )
        .bind(scope)
        .bind(folder)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(read_entry).collect::<Result<_, _>>()?)
    }

    /// One entry.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn book_entry(
        &self,
        scope: &str,
        folder: &str,
        name: &str,
    ) -> Result<Option<BookEntryRow>, StoreError> {
        let row = sqlx::query(
            "SELECT scope, folder, name, version, key_id, sealed, updated_at FROM book_entries
             WHERE scope = $1 AND folder = $2 AND name = $3",
        )
        .bind(scope)
        .bind(folder)
        .bind(name)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.as_ref().map(read_entry).transpose()?)
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// `Conflict` if it is there, `NoParent` if its folder or its key is not.
    pub async fn add_book_entry(&self, entry: &BookEntryRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO book_entries
                 (scope, folder, name, version, key_id, sealed, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&entry.scope)
        .bind(&entry.folder)
        .bind(&entry.name)
        .bind(entry.version)
        .bind(&entry.key_id)
        .bind(&entry.sealed)
        .bind(to_millis(entry.updated_at))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Writes an entry over its version `replaces`; says whether that was still there.
    ///
    /// # Errors
    /// `NoParent` if its key is gone.
    pub async fn replace_book_entry(
        &self,
        entry: &BookEntryRow,
        replaces: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE book_entries SET version = $1, key_id = $2, sealed = $3, updated_at = $4
             WHERE scope = $5 AND folder = $6 AND name = $7 AND version = $8",
        )
        .bind(entry.version)
        .bind(&entry.key_id)
        .bind(&entry.sealed)
        .bind(to_millis(entry.updated_at))
        .bind(&entry.scope)
        .bind(&entry.folder)
        .bind(&entry.name)
        .bind(replaces)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes an entry; says whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_book_entry(
        &self,
        scope: &str,
        folder: &str,
        name: &str,
    ) -> Result<bool, StoreError> {
        let done =
            sqlx::query("DELETE FROM book_entries WHERE scope = $1 AND folder = $2 AND name = $3")
                .bind(scope)
                .bind(folder)
                .bind(name)
                .execute(self.pool())
                .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Up to `limit` entries, of whatever scope, that are sealed with older keys than this.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn book_entries_of_older_keys(
        &self,
        key_id: &str,
        limit: i64,
    ) -> Result<Vec<BookEntryRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT scope, folder, name, version, key_id, sealed, updated_at FROM book_entries
             WHERE key_id < $1 ORDER BY scope, folder, name LIMIT $2",
        )
        .bind(key_id)
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(read_entry).collect::<Result<_, _>>()?)
    }

    /// The key to seal with.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn newest_book_key(&self) -> Result<Option<BookKeyRow>, StoreError> {
        let row =
            sqlx::query("SELECT id, master_id, sealed FROM book_keys ORDER BY id DESC LIMIT 1")
                .fetch_optional(self.pool())
                .await?;
        Ok(row.as_ref().map(read_key).transpose()?)
    }

    /// One key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn book_key(&self, id: &str) -> Result<Option<BookKeyRow>, StoreError> {
        let row = sqlx::query("SELECT id, master_id, sealed FROM book_keys WHERE id = $1")
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(read_key).transpose()?)
    }

    /// Adds a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_book_key(&self, key: &BookKeyRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO book_keys (id, master_id, sealed, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&key.id)
        .bind(&key.master_id)
        .bind(&key.sealed)
        .bind(to_millis(OffsetDateTime::now_utc()))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Removes keys older than this one that no entry needs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_book_keys_before(&self, id: &str) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "DELETE FROM book_keys WHERE id < $1
             AND NOT EXISTS (SELECT 1 FROM book_entries WHERE key_id = book_keys.id)",
        )
        .bind(id)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected())
    }
}

fn read_folder(row: &DbRow) -> Result<BookFolderRow, sqlx::Error> {
    Ok(BookFolderRow {
        scope: row.try_get("scope")?,
        name: row.try_get("name")?,
        allowed_groups: row.try_get("allowed_groups")?,
        description: row.try_get("description")?,
    })
}

fn read_entry(row: &DbRow) -> Result<BookEntryRow, sqlx::Error> {
    Ok(BookEntryRow {
        scope: row.try_get("scope")?,
        folder: row.try_get("folder")?,
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        key_id: row.try_get("key_id")?,
        sealed: row.try_get("sealed")?,
        updated_at: from_millis(row.try_get("updated_at")?),
    })
}

fn read_key(row: &DbRow) -> Result<BookKeyRow, sqlx::Error> {
    Ok(BookKeyRow {
        id: row.try_get("id")?,
        master_id: row.try_get("master_id")?,
        sealed: row.try_get("sealed")?,
    })
}
