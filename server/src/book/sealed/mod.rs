//! The address book in the gateway's own database. Entries are sealed; whoever has the
//! database and not the master key learns where entries are, and nothing of them.

mod crypt;
mod keys;
mod master;
mod rotate;

use async_trait::async_trait;
use fanlight_core::Secret;
use serde_json::Value;
use time::OffsetDateTime;

pub use rotate::Rotated;

use super::document::Document;
use super::error::BookError;
use super::path::{EntryPath, FolderPath, Name, Scope};
use super::store::{BookStore, Folder, FolderChange, Replaces, Stored};
use crate::config::MasterKeySource;
use crate::store::{BookEntryRow, BookFolderRow, Store, StoreError};
use keys::{DataKey, Keys};

/// A key may be dropped between the look at it and its use; the next one is another.
const KEY_ATTEMPTS: u32 = 3;

/// The scope of what is one person's own.
const PERSONAL: &str = "personal";

/// The address book in the gateway's own database.
pub struct SealedStore {
    store: Store,
    keys: Keys,
    /// `instance/<name>`.
    instance: String,
}

impl SealedStore {
    /// The book of the instance `instance`. Nothing is read or made yet.
    pub fn new(store: Store, master: MasterKeySource, instance: &Name) -> Self {
        let keys = Keys::new(store.clone(), master);
        Self { store, keys, instance: format!("instance/{instance}") }
    }

    fn scope(&self, scope: Scope) -> &str {
        match scope {
            Scope::Shared => "shared",
            Scope::Instance => &self.instance,
            Scope::Personal => PERSONAL,
        }
    }

    fn folder_of(&self, row: BookFolderRow) -> Result<Folder, BookError> {
        let scope = match row.scope.as_str() {
            "shared" => Scope::Shared,
            PERSONAL => Scope::Personal,
            _ => Scope::Instance,
        };
        let damaged = |what| BookError::Unavailable(format!("a folder's {what} is damaged"));
        Ok(Folder {
            path: FolderPath { scope, name: row.name.parse().map_err(|_| damaged("name"))? },
            allowed_groups: serde_json::from_str(&row.allowed_groups)
                .map_err(|_| damaged("groups"))?,
            admins_only: false,
            description: row.description,
        })
    }

    async fn open(&self, row: BookEntryRow) -> Result<Stored, BookError> {
        let key = self.keys.find(&row.key_id).await?;
        open_row(&key, row)
    }

    /// The row of an entry, sealed with the key of the moment.
    async fn seal(&self, path: &EntryPath, document: &Document) -> Result<BookEntryRow, BookError> {
        let key = self.keys.newest().await?;
        let row = BookEntryRow {
            scope: self.scope(path.folder.scope).to_owned(),
            folder: path.folder.name.to_string(),
            name: path.name.to_string(),
            version: 1,
            key_id: key.id.clone(),
            sealed: String::new(),
            updated_at: OffsetDateTime::now_utc(),
        };
        let plain = serde_json::to_vec(document.fields())
            .map_err(|error| BookError::Unavailable(error.to_string()))?;
        seal_row(&key, row, &Secret::new(plain))
    }

    /// Writes one sealed row; `false` where the version to be replaced is gone.
    async fn write(&self, mut row: BookEntryRow, replaces: Replaces) -> Result<bool, StoreError> {
        match replaces {
            Replaces::Nothing => self.store.add_book_entry(&row).await.map(|()| true),
            Replaces::Version(version) => {
                row.version = version + 1;
                self.store.replace_book_entry(&row, version).await
            }
        }
    }
}

/// Where a row is: what is sealed for it opens nowhere else.
fn place_of(row: &BookEntryRow) -> String {
    let BookEntryRow { scope, folder, name, key_id, .. } = row;
    format!("fanlight book entry\0{scope}\0{folder}\0{name}\0{key_id}")
}

fn seal_row(
    key: &DataKey,
    row: BookEntryRow,
    plain: &Secret<Vec<u8>>,
) -> Result<BookEntryRow, BookError> {
    let row = BookEntryRow { key_id: key.id.clone(), ..row };
    let sealed = key.key.seal(plain.expose(), &place_of(&row));
    let sealed = sealed.map_err(|error| BookError::Unavailable(error.to_string()))?;
    Ok(BookEntryRow { sealed, ..row })
}

fn open_row(key: &DataKey, row: BookEntryRow) -> Result<Stored, BookError> {
    let damaged = |why: &dyn std::fmt::Display| {
        let BookEntryRow { scope, folder, name, .. } = &row;
        BookError::Unavailable(format!("the entry {scope}/{folder}/{name} cannot be read: {why}"))
    };
    let plain = key.key.open(&row.sealed, &place_of(&row)).map_err(|error| damaged(&error))?;
    let Ok(Value::Object(fields)) = serde_json::from_slice(plain.expose()) else {
        return Err(damaged(&"it is no JSON object"));
    };
    Ok(Stored {
        name: row.name.parse().map_err(|error| damaged(&error))?,
        version: row.version,
        updated_at: row.updated_at,
        document: Document::new(fields),
    })
}

#[async_trait]
impl BookStore for SealedStore {
    fn is_remote(&self) -> bool {
        false
    }

    async fn folders(&self) -> Result<Vec<Folder>, BookError> {
        let rows = self.store.book_folders(["shared", &self.instance]).await?;
        rows.into_iter().map(|row| self.folder_of(row)).collect()
    }

    async fn folder(&self, path: &FolderPath) -> Result<Folder, BookError> {
        let row = self.store.book_folder(self.scope(path.scope), path.name.as_str()).await?;
        self.folder_of(row.ok_or_else(|| BookError::NoFolder(path.clone()))?)
    }

    async fn add_folder(&self, folder: &Folder) -> Result<(), BookError> {
        let row = BookFolderRow {
            scope: self.scope(folder.path.scope).to_owned(),
            name: folder.path.name.to_string(),
            allowed_groups: serde_json::json!(folder.allowed_groups).to_string(),
            description: folder.description.clone(),
        };
        self.store.add_book_folder(&row).await.map_err(|error| match error {
            StoreError::Conflict => BookError::Exists(format!("The folder {}", folder.path)),
            other => other.into(),
        })
    }

    async fn change_folder(
        &self,
        path: &FolderPath,
        change: FolderChange,
    ) -> Result<Folder, BookError> {
        let groups = change.allowed_groups.map(|groups| serde_json::json!(groups).to_string());
        let place = (self.scope(path.scope), path.name.as_str());
        let description = change.description.as_deref();
        let row = self.store.change_book_folder(place, groups.as_deref(), description).await?;
        self.folder_of(row.ok_or_else(|| BookError::NoFolder(path.clone()))?)
    }

    async fn delete_folder(&self, path: &FolderPath) -> Result<(), BookError> {
        let scope = self.scope(path.scope);
        let deleted = self.store.delete_book_folder(scope, path.name.as_str()).await?;
        if deleted { Ok(()) } else { Err(BookError::NoFolder(path.clone())) }
    }

    async fn people(&self) -> Result<Vec<FolderPath>, BookError> {
        let rows = self.store.book_folders([PERSONAL; 2]).await?;
        rows.into_iter().map(|row| Ok(self.folder_of(row)?.path)).collect()
    }

    async fn entries(&self, folder: &FolderPath) -> Result<Vec<Stored>, BookError> {
        let rows = self.store.book_entries(self.scope(folder.scope), folder.name.as_str()).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.push(self.open(row).await?);
        }
        Ok(entries)
    }

    async fn entry(&self, path: &EntryPath) -> Result<Stored, BookError> {
        let scope = self.scope(path.folder.scope);
        let row = self.store.book_entry(scope, path.folder.name.as_str(), path.name.as_str());
        self.open(row.await?.ok_or_else(|| BookError::NoEntry(path.clone()))?).await
    }

    async fn put_entry(
        &self,
        path: &EntryPath,
        document: &Document,
        replaces: Replaces,
    ) -> Result<i64, BookError> {
        for _ in 0..KEY_ATTEMPTS {
            let row = self.seal(path, document).await?;
            match self.write(row, replaces).await {
                Ok(true) => {
                    return Ok(match replaces {
                        Replaces::Nothing => 1,
                        Replaces::Version(version) => version + 1,
                    });
                }
                Ok(false) => return Err(BookError::Changed(format!("The entry {path}"))),
                Err(StoreError::Conflict) => {
                    return Err(BookError::Exists(format!("The entry {path}")));
                }
                // Its folder is gone; or its key is, and the next one serves.
                Err(StoreError::NoParent) => drop(self.folder(&path.folder).await?),
                Err(other) => return Err(other.into()),
            }
        }
        Err(BookError::Unavailable("the keys change faster than an entry is written".to_owned()))
    }

    async fn delete_entry(&self, path: &EntryPath) -> Result<(), BookError> {
        let scope = self.scope(path.folder.scope);
        let (folder, name) = (path.folder.name.as_str(), path.name.as_str());
        let deleted = self.store.delete_book_entry(scope, folder, name).await?;
        if deleted { Ok(()) } else { Err(BookError::NoEntry(path.clone())) }
    }
}
