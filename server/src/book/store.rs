use async_trait::async_trait;
use time::OffsetDateTime;

use super::document::Document;
use super::error::BookError;
use super::path::{EntryPath, FolderPath, Name};

/// A folder and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub path: FolderPath,
    /// Groups of the identity provider that may use it; every operator where it is empty.
    pub allowed_groups: Vec<String>,
    /// Whether only admins may, because nobody said who else.
    pub admins_only: bool,
    /// One line for people.
    pub description: String,
}

/// What is to be changed of a folder; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderChange {
    /// See [`Folder::allowed_groups`].
    pub allowed_groups: Option<Vec<String>>,
    /// See [`Folder::description`].
    pub description: Option<String>,
}

/// An entry as a store keeps it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its name in its folder.
    pub name: Name,
    /// Grows with every change.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// All its fields.
    pub document: Document,
}

/// Which version a write replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// None: the entry must not be there.
    Nothing,
    /// Exactly this one.
    Version(i64),
}

/// Where folders and entries are kept. A store knows nothing of roles, drivers or sessions;
/// a write is done as a whole or not at all, and never on top of a version that the writer
/// has not seen.
#[async_trait]
pub trait BookStore: Send + Sync {
    /// Whether a read goes over a network, so that lists are better answered from memory.
    fn is_remote(&self) -> bool;

    /// Whether the store is there and lets the gateway in.
    ///
    /// # Errors
    /// A store that is not available.
    async fn probe(&self) -> Result<(), BookError> {
        Ok(())
    }

    /// All folders, by scope and name.
    ///
    /// # Errors
    /// A store that is not available.
    async fn folders(&self) -> Result<Vec<Folder>, BookError>;

    /// One folder.
    ///
    /// # Errors
    /// [`BookError::NoFolder`], and a store that is not available.
    async fn folder(&self, path: &FolderPath) -> Result<Folder, BookError>;

    /// Adds a folder.
    ///
    /// # Errors
    /// [`BookError::Exists`].
    async fn add_folder(&self, folder: &Folder) -> Result<(), BookError>;

    /// Changes a folder and returns what it is then.
    ///
    /// # Errors
    /// [`BookError::NoFolder`], [`BookError::Changed`].
    async fn change_folder(
        &self,
        path: &FolderPath,
        change: FolderChange,
    ) -> Result<Folder, BookError>;

    /// Removes a folder and all its entries.
    ///
    /// # Errors
    /// [`BookError::NoFolder`]; [`BookError::HalfDeleted`] where it could not be done at once
    /// and failed on the way.
    async fn delete_folder(&self, path: &FolderPath) -> Result<(), BookError>;

    /// What this gateway is not shown, by path: folders that it may not read, and names that
    /// are none.
    ///
    /// # Errors
    /// A store that is not available.
    async fn hidden(&self) -> Result<Vec<String>, BookError> {
        Ok(Vec::new())
    }

    /// The folders of people who keep something of their own here. They are not among
    /// [`folders`](Self::folders).
    ///
    /// # Errors
    /// A store that is not available.
    async fn people(&self) -> Result<Vec<FolderPath>, BookError>;

    /// All entries of a folder, by name.
    ///
    /// # Errors
    /// A store that is not available. A folder that is not there has no entries.
    async fn entries(&self, folder: &FolderPath) -> Result<Vec<Stored>, BookError>;

    /// One entry.
    ///
    /// # Errors
    /// [`BookError::NoEntry`], and a store that is not available.
    async fn entry(&self, path: &EntryPath) -> Result<Stored, BookError>;

    /// Writes an entry and returns its new version.
    ///
    /// # Errors
    /// [`BookError::Exists`], [`BookError::Changed`], [`BookError::NoFolder`].
    async fn put_entry(
        &self,
        path: &EntryPath,
        document: &Document,
        replaces: Replaces,
    ) -> Result<i64, BookError>;

    /// Removes an entry, its older versions included.
    ///
    /// # Errors
    /// [`BookError::NoEntry`].
    async fn delete_entry(&self, path: &EntryPath) -> Result<(), BookError>;
}
