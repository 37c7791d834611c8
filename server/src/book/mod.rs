//! The address book: folders of entries, each a driver's settings with its secrets. Stores
//! keep it ([`BookStore`]); this room knows who may use a folder, what an entry may hold,
//! and what of it may be shown.

mod cache;
mod check;
mod connect;
mod document;
mod error;
mod fields;
mod import;
mod merge;
mod migrate;
mod path;
mod personal;
mod sealed;
mod store;
mod vault;
mod view;

use std::sync::Arc;
use std::time::Duration;

use fanlight_core::Secret;
use serde_json::{Map, Value};

pub use check::checked;
pub use connect::Overrides;
pub use document::Document;
pub use error::BookError;
pub use fields::book_schema;
pub use import::{Destination, Fate, Format, ImportError, Line, Reading, import, read};
pub use migrate::migrate;
pub use path::{EntryPath, FolderPath, Name, NoSuchScope, NotAFolder, NotAName, Scope};
pub use personal::{NotAVariable, Variable};
pub use sealed::{Rotated, SealedStore};
pub use store::{BookStore, Folder, FolderChange, Replaces, Stored};
pub use vault::VaultStore;
pub use view::EntryView;

use crate::Drivers;
use crate::access::{Identity, Role};
use crate::config::{BookConfig, BookPlace};
use crate::store::Store;
use cache::{Cache, Catalog};
use fields::EntrySchema;

/// The address book of this gateway.
pub struct Book {
    store: Arc<dyn BookStore>,
    drivers: Drivers,
    /// What lists show of a store that is far away.
    cache: Option<Cache>,
}

impl Book {
    /// The book that the configuration names.
    ///
    /// # Errors
    /// A store that cannot be set up; one that is not there at the moment is no error.
    pub fn new(config: &BookConfig, store: &Store, drivers: Drivers) -> Result<Self, BookError> {
        let instance = &config.instance;
        Ok(match &config.place {
            BookPlace::Database => {
                let sealed = SealedStore::new(store.clone(), config.master_key.clone(), instance);
                Self { store: Arc::new(sealed), drivers, cache: None }
            }
            BookPlace::Vault(vault) => {
                let store: Arc<dyn BookStore> = Arc::new(VaultStore::new(vault, instance)?);
                let (every, patience) = (vault.refresh, vault.timeout);
                let cache = Cache::start(Arc::clone(&store), drivers.clone(), every, patience);
                Self { store, drivers, cache: Some(cache) }
            }
        })
    }

    /// How old lists are, where they come from memory.
    pub fn age(&self) -> Option<Duration> {
        self.cache.as_ref().and_then(Cache::age)
    }

    /// Tells the cache of a write.
    fn note(&self, change: impl FnOnce(&mut Catalog)) {
        if let Some(cache) = &self.cache {
            cache.note(change);
        }
    }

    /// The folders that the caller may use.
    ///
    /// # Errors
    /// A store that is not available.
    pub async fn folders(&self, who: &Identity) -> Result<Vec<Folder>, BookError> {
        let mut folders = match &self.cache {
            Some(cache) => cache.catalog().await?.folders.clone(),
            None => self.store.folders().await?,
        };
        folders.retain(|folder| may_use(who, folder));
        Ok(folders)
    }

    /// A folder that the caller may use.
    ///
    /// # Errors
    /// [`BookError::NoFolder`], [`BookError::OtherGroups`].
    pub async fn folder(&self, who: &Identity, path: &FolderPath) -> Result<Folder, BookError> {
        let known = match &self.cache {
            Some(cache) => cache.catalog().await?.folder(path).cloned(),
            None => None,
        };
        let folder = match known {
            Some(folder) => folder,
            None => self.store.folder(path).await?,
        };
        if may_use(who, &folder) { Ok(folder) } else { Err(BookError::OtherGroups(path.clone())) }
    }

    /// Adds a folder.
    ///
    /// # Errors
    /// [`BookError::Exists`].
    pub async fn add_folder(&self, folder: &Folder) -> Result<(), BookError> {
        self.store.add_folder(folder).await?;
        self.note(|catalog| catalog.put_folder(folder.clone()));
        Ok(())
    }

    /// Changes a folder.
    ///
    /// # Errors
    /// [`BookError::NoFolder`].
    pub async fn change_folder(
        &self,
        path: &FolderPath,
        change: FolderChange,
    ) -> Result<Folder, BookError> {
        let folder = self.store.change_folder(path, change).await?;
        self.note(|catalog| catalog.put_folder(folder.clone()));
        Ok(folder)
    }

    /// Removes a folder and its entries.
    ///
    /// # Errors
    /// [`BookError::NoFolder`], [`BookError::HalfDeleted`].
    pub async fn delete_folder(&self, path: &FolderPath) -> Result<(), BookError> {
        let deleted = self.store.delete_folder(path).await;
        if let (Err(BookError::HalfDeleted { .. }), Some(cache)) = (&deleted, &self.cache) {
            cache.forget();
        }
        deleted?;
        self.note(|catalog| catalog.drop_folder(path));
        Ok(())
    }

    /// The entries of a folder that the caller may use.
    ///
    /// # Errors
    /// Those of [`folder`](Self::folder).
    pub async fn entries(
        &self,
        who: &Identity,
        path: &FolderPath,
    ) -> Result<Vec<EntryView>, BookError> {
        self.folder(who, path).await?;
        self.views(path).await
    }

    /// All entries that the caller may use, folder by folder.
    ///
    /// # Errors
    /// A store that is not available.
    pub async fn all_entries(&self, who: &Identity) -> Result<Vec<EntryView>, BookError> {
        let mut all = Vec::new();
        for folder in self.folders(who).await? {
            all.extend(self.views(&folder.path).await?);
        }
        Ok(all)
    }

    async fn views(&self, path: &FolderPath) -> Result<Vec<EntryView>, BookError> {
        if let Some(cache) = &self.cache
            && let Some(entries) = cache.catalog().await?.entries.get(path)
        {
            return Ok(entries.clone());
        }
        let stored = self.store.entries(path).await?;
        Ok(stored.iter().map(|stored| view::view(path, stored, &self.drivers)).collect())
    }

    /// One entry of a folder that the caller may use.
    ///
    /// # Errors
    /// Those of [`folder`](Self::folder), [`BookError::NoEntry`].
    pub async fn entry(&self, who: &Identity, path: &EntryPath) -> Result<EntryView, BookError> {
        let stored = self.stored(who, path).await?;
        Ok(view::view(&path.folder, &stored, &self.drivers))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`BookError::Invalid`] with every wrong field, [`BookError::NoFolder`],
    /// [`BookError::Exists`].
    pub async fn add_entry(
        &self,
        path: &EntryPath,
        fields: Map<String, Value>,
    ) -> Result<EntryView, BookError> {
        let mut fields = fields;
        fields.retain(|_, value| !value.is_null());
        let document = checked(Document::new(fields), &self.drivers)?;
        self.store.folder(&path.folder).await?;
        self.write(path, &document, Replaces::Nothing).await
    }

    /// Lays `changes` over an entry. `based_on` is the version that the caller has seen;
    /// without it, the one that is stored when the change arrives. Of two changes of the
    /// same version one is done.
    ///
    /// # Errors
    /// [`BookError::NoEntry`], [`BookError::Changed`], [`BookError::Invalid`].
    pub async fn change_entry(
        &self,
        path: &EntryPath,
        changes: Map<String, Value>,
        based_on: Option<i64>,
    ) -> Result<EntryView, BookError> {
        let changes = Document::new(changes);
        let stored = self.store.entry(path).await?;
        if based_on.is_some_and(|version| version != stored.version) {
            return Err(BookError::Changed(format!("The entry {path}")));
        }
        let merged = merge::merge(&stored.document, changes, &self.drivers);
        let merged = checked(merged, &self.drivers)?;
        self.write(path, &merged, Replaces::Version(stored.version)).await
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// [`BookError::NoEntry`].
    pub async fn delete_entry(&self, path: &EntryPath) -> Result<(), BookError> {
        self.store.delete_entry(path).await?;
        self.note(|catalog| catalog.drop_entry(path));
        Ok(())
    }

    /// The request of the session that an entry describes; its secrets are read now, and
    /// what `overrides` holds is stored nowhere.
    ///
    /// # Errors
    /// Those of [`entry`](Self::entry), [`BookError::CredentialsRequired`],
    /// [`BookError::PersonalRequired`], [`BookError::Invalid`].
    pub async fn session_request(
        &self,
        who: &Identity,
        path: &EntryPath,
        overrides: &Overrides,
    ) -> Result<Map<String, Value>, BookError> {
        let stored = self.stored(who, path).await?;
        let document = &stored.document;
        let mut request = connect::request(path, document, overrides, &self.drivers)?;
        let schema = document.text(fields::TYPE).and_then(|id| EntrySchema::of(id, &self.drivers));
        if let Some(schema) = schema {
            let brought = overrides.names();
            let given = (&overrides.personal, brought.as_slice());
            let own = || async { Ok(personal::read(&*self.store, &who.subject).await?.0) };
            personal::fill(path, &mut request, &schema, given, own).await?;
        }
        Ok(request)
    }

    /// Names of the values that the caller has set for themselves.
    ///
    /// # Errors
    /// A store that is not available.
    pub async fn personal(&self, who: &Identity) -> Result<Vec<String>, BookError> {
        let (document, _) = personal::read(&*self.store, &who.subject).await?;
        Ok(document.fields().keys().cloned().collect())
    }

    /// Sets one of the caller's own values.
    ///
    /// # Errors
    /// [`BookError::Invalid`].
    pub async fn set_personal(
        &self,
        who: &Identity,
        variable: &Variable,
        value: &Secret,
    ) -> Result<(), BookError> {
        personal::set(&*self.store, &who.subject, variable, value).await
    }

    /// Forgets one of the caller's own values.
    ///
    /// # Errors
    /// [`BookError::NoPersonal`].
    pub async fn unset_personal(
        &self,
        who: &Identity,
        variable: &Variable,
    ) -> Result<(), BookError> {
        personal::unset(&*self.store, &who.subject, variable).await
    }

    /// Forgets all values of somebody, by their [`subject`](Identity::subject).
    ///
    /// # Errors
    /// A store that is not available.
    pub async fn forget_person(&self, subject: &str) -> Result<(), BookError> {
        personal::forget(&*self.store, subject).await
    }

    /// An entry with its secrets, if the caller may use its folder as the store has it at this
    /// moment: what is in memory may not know yet that they no longer may.
    async fn stored(&self, who: &Identity, path: &EntryPath) -> Result<Stored, BookError> {
        let (folder, entry) = tokio::join!(self.store.folder(&path.folder), self.store.entry(path));
        // Whoever may not use the folder does not learn which entries it has.
        if may_use(who, &folder?) {
            entry
        } else {
            Err(BookError::OtherGroups(path.folder.clone()))
        }
    }

    async fn write(
        &self,
        path: &EntryPath,
        document: &Document,
        replaces: Replaces,
    ) -> Result<EntryView, BookError> {
        let version = self.store.put_entry(path, document, replaces).await?;
        let stored = Stored {
            name: path.name.clone(),
            version,
            updated_at: time::OffsetDateTime::now_utc(),
            document: document.clone(),
        };
        let view = view::view(&path.folder, &stored, &self.drivers);
        self.note(|catalog| catalog.put_entry(view.clone()));
        Ok(view)
    }
}

fn may_use(who: &Identity, folder: &Folder) -> bool {
    let groups = &folder.allowed_groups;
    who.role == Role::Admin
        || (who.role >= Role::Operator
            && !folder.admins_only
            && (groups.is_empty() || groups.iter().any(|group| who.groups.contains(group))))
}
