//! The address book in Vault or OpenBao: KV version 2, one secret for each entry, laid out as
//! `<base>/shared/<folder>/<entry>` and `<base>/instance/<name>/<folder>/<entry>`, a folder's
//! settings in `<folder>/.config`; what is one person's own is in `<base>/personal/<who>/credentials`.

mod error;
mod kv;
mod login;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use super::document::Document;
use super::error::BookError;
use super::path::{EntryPath, FolderPath, Name, Scope};
use super::store::{BookStore, Folder, FolderChange, Replaces, Stored};
use crate::config::VaultConfig;
use error::VaultError;
use kv::{Kv, Secret};
use login::Logins;

const CONFIG: &str = ".config";

/// The address book in Vault or OpenBao.
pub struct VaultStore {
    kv: Kv,
    base: String,
    instance: Name,
    /// Longest time for one thing that is asked of the book.
    patience: Duration,
    parallel: usize,
    keeping_alive: JoinHandle<()>,
}

impl Drop for VaultStore {
    fn drop(&mut self) {
        self.keeping_alive.abort();
    }
}

impl VaultStore {
    /// The book of the instance `instance`. Vault is not asked yet.
    ///
    /// # Errors
    /// Authorities that cannot be read.
    pub fn new(config: &VaultConfig, instance: &Name) -> Result<Self, BookError> {
        let logins = Logins::new(config.clone())?;
        Ok(Self {
            kv: Kv::new(config, logins.clone()),
            base: config.base.clone(),
            instance: instance.clone(),
            patience: config.timeout,
            parallel: config.parallel_requests,
            keeping_alive: tokio::spawn(logins.keep_alive()),
        })
    }

    fn scope_path(&self, scope: Scope) -> String {
        match scope {
            Scope::Shared => format!("{}/shared", self.base),
            Scope::Instance => format!("{}/instance/{}", self.base, self.instance),
            Scope::Personal => format!("{}/personal", self.base),
        }
    }

    fn folder_path(&self, path: &FolderPath) -> String {
        format!("{}/{}", self.scope_path(path.scope), path.name)
    }

    fn config_path(&self, path: &FolderPath) -> String {
        format!("{}/{CONFIG}", self.folder_path(path))
    }

    fn entry_path(&self, path: &EntryPath) -> String {
        format!("{}/{}", self.folder_path(&path.folder), path.name)
    }

    /// Whatever is asked of the book, its caller does not wait longer than this.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, BookError>>,
    ) -> Result<T, BookError> {
        tokio::time::timeout(self.patience, work).await.unwrap_or(Err(BookError::TimedOut))
    }

    async fn folders_of(&self, scope: Scope) -> Result<Vec<Folder>, BookError> {
        let names = self.kv.list(&self.scope_path(scope)).await?;
        let names = names.iter().filter_map(|name| name.strip_suffix('/')?.parse().ok());
        let paths = names.map(|name| FolderPath { scope, name });
        let read = paths.map(|path| async move {
            match self.kv.read(&self.config_path(&path)).await {
                Ok(secret) => Ok(Some(folder_of(path, &secret.data))),
                Err(VaultError::NotFound) => Ok(Some(without_config(path))),
                // What Vault hides from the gateway is not in its book.
                Err(VaultError::Denied(_)) => Ok(None),
                Err(error) => Err(BookError::from(error)),
            }
        });
        let read = stream::iter(read.collect::<Vec<_>>()).buffered(self.parallel);
        read.try_filter_map(async |folder| Ok(folder)).try_collect().await
    }

    async fn entry_names(&self, folder: &FolderPath) -> Result<Vec<Name>, BookError> {
        let names = self.kv.list(&self.folder_path(folder)).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    async fn entries_of(&self, folder: &FolderPath) -> Result<Vec<Stored>, BookError> {
        let names = self.entry_names(folder).await?;
        let read = names.into_iter().map(|name| async move {
            let path = EntryPath { folder: folder.clone(), name };
            match self.kv.read(&self.entry_path(&path)).await {
                Ok(secret) => Ok(Some(stored(path.name, secret))),
                // Deleted in the meantime, or an older version is all that is left of it.
                Err(VaultError::NotFound) => Ok(None),
                Err(error) => Err(BookError::from(error)),
            }
        });
        let read = stream::iter(read.collect::<Vec<_>>()).buffered(self.parallel);
        read.try_filter_map(async |entry| Ok(entry)).try_collect().await
    }

    /// What lies in a folder and is no entry.
    async fn hidden_in(&self, folder: &FolderPath) -> Result<Vec<String>, VaultError> {
        let path = self.folder_path(folder);
        let mut names = self.kv.list(&path).await?;
        names.retain(|name| name != CONFIG && name.parse::<Name>().is_err());
        Ok(names.into_iter().map(|name| format!("{path}/{name}")).collect())
    }

    async fn read_folder(&self, path: &FolderPath) -> Result<Folder, BookError> {
        match self.kv.read(&self.config_path(path)).await {
            Ok(secret) => Ok(folder_of(path.clone(), &secret.data)),
            Err(VaultError::NotFound) => {
                let names = self.kv.list(&self.folder_path(path)).await?;
                if names.is_empty() {
                    return Err(BookError::NoFolder(path.clone()));
                }
                Ok(without_config(path.clone()))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn change(&self, path: &FolderPath, change: FolderChange) -> Result<Folder, BookError> {
        let at = self.config_path(path);
        let (mut data, version) = match self.kv.read(&at).await {
            Ok(secret) => (secret.data, secret.version),
            Err(VaultError::NotFound) => {
                self.read_folder(path).await?;
                (Map::new(), 0)
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(groups) = change.allowed_groups {
            data.insert("allowed_groups".to_owned(), json!(groups));
        }
        if let Some(description) = change.description {
            data.insert("description".to_owned(), description.into());
        }
        let written = match version {
            0 => self.kv.create(&at, &data).await,
            version => self.kv.write(&at, &data, version).await,
        };
        written.map_err(|error| changed(error, format!("The folder {path}")))?;
        Ok(folder_of(path.clone(), &data))
    }

    /// Entries first, and the folder's own settings last: what is left can be deleted again.
    async fn delete(&self, path: &FolderPath) -> Result<(), BookError> {
        self.read_folder(path).await?;
        let names = self.entry_names(path).await?;
        let total = names.len();
        let half = |deleted: usize, error: BookError| BookError::HalfDeleted {
            folder: path.clone(),
            deleted,
            total,
            because: Box::new(error),
        };
        for (deleted, name) in names.into_iter().enumerate() {
            let entry = EntryPath { folder: path.clone(), name };
            let gone = self.kv.delete(&self.entry_path(&entry)).await;
            gone.map_err(|error| half(deleted, error.into()))?;
        }
        let gone = self.kv.delete(&self.config_path(path)).await;
        gone.map_err(|error| half(total, error.into()))
    }
}

/// A folder by its `.config`, as far as that says something.
fn folder_of(path: FolderPath, data: &Map<String, Value>) -> Folder {
    let said = data.get("allowed_groups").and_then(Value::as_array);
    let names = |groups: &Vec<Value>| {
        groups.iter().map(|group| group.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    };
    let Some(allowed_groups) = said.and_then(names) else { return without_groups(path) };
    let description = data.get("description").and_then(Value::as_str).unwrap_or_default();
    Folder { path, allowed_groups, admins_only: false, description: description.to_owned() }
}

/// Nobody said who may use it.
fn without_config(path: FolderPath) -> Folder {
    Folder {
        path,
        allowed_groups: Vec::new(),
        admins_only: true,
        description: "Without .config in Vault: for administrators only.".to_owned(),
    }
}

/// What says who may use it cannot be read: an empty list would let everybody in.
fn without_groups(path: FolderPath) -> Folder {
    let description = "allowed_groups in .config is no list of names: for administrators only.";
    Folder { description: description.to_owned(), ..without_config(path) }
}

fn stored(name: Name, secret: Secret) -> Stored {
    Stored {
        name,
        version: i64::try_from(secret.version).unwrap_or(i64::MAX),
        updated_at: secret.written_at,
        document: Document::new(secret.data),
    }
}

fn changed(error: VaultError, what: String) -> BookError {
    match error {
        VaultError::Conflict => BookError::Changed(what),
        other => other.into(),
    }
}

#[async_trait]
impl BookStore for VaultStore {
    fn is_remote(&self) -> bool {
        true
    }

    async fn probe(&self) -> Result<(), BookError> {
        self.in_time(async { Ok(self.kv.list(&self.scope_path(Scope::Shared)).await.map(drop)?) })
            .await
    }

    async fn folders(&self) -> Result<Vec<Folder>, BookError> {
        self.in_time(async {
            let (shared, instance) =
                tokio::try_join!(self.folders_of(Scope::Shared), self.folders_of(Scope::Instance))?;
            Ok(shared.into_iter().chain(instance).collect())
        })
        .await
    }

    async fn folder(&self, path: &FolderPath) -> Result<Folder, BookError> {
        self.in_time(self.read_folder(path)).await
    }

    async fn add_folder(&self, folder: &Folder) -> Result<(), BookError> {
        let data = json!({ "allowed_groups": folder.allowed_groups,
            "description": folder.description });
        let data = data.as_object().cloned().unwrap_or_default();
        let at = self.config_path(&folder.path);
        self.in_time(async {
            match self.kv.create(&at, &data).await {
                Ok(_) => Ok(()),
                Err(VaultError::Conflict) => {
                    Err(BookError::Exists(format!("The folder {}", folder.path)))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn change_folder(
        &self,
        path: &FolderPath,
        change: FolderChange,
    ) -> Result<Folder, BookError> {
        self.in_time(self.change(path, change)).await
    }

    async fn delete_folder(&self, path: &FolderPath) -> Result<(), BookError> {
        // Each request has its own limit: many entries take longer than one.
        self.delete(path).await
    }

    async fn hidden(&self) -> Result<Vec<String>, BookError> {
        let shown = self.folders().await?;
        let mut hidden = Vec::new();
        for scope in [Scope::Shared, Scope::Instance] {
            for name in self.kv.list(&self.scope_path(scope)).await? {
                let is_shown = |folder: &&Folder| {
                    folder.path.scope == scope
                        && name.strip_suffix('/') == Some(folder.path.name.as_str())
                };
                match shown.iter().find(is_shown) {
                    Some(folder) => hidden.extend(self.hidden_in(&folder.path).await?),
                    None => hidden.push(format!("{}/{name}", self.scope_path(scope))),
                }
            }
        }
        Ok(hidden)
    }

    async fn people(&self) -> Result<Vec<FolderPath>, BookError> {
        self.in_time(async {
            let names = self.kv.list(&self.scope_path(Scope::Personal)).await?;
            let names = names.iter().filter_map(|name| name.strip_suffix('/')?.parse().ok());
            Ok(names.map(|name| FolderPath { scope: Scope::Personal, name }).collect())
        })
        .await
    }

    async fn entries(&self, folder: &FolderPath) -> Result<Vec<Stored>, BookError> {
        self.in_time(self.entries_of(folder)).await
    }

    async fn entry(&self, path: &EntryPath) -> Result<Stored, BookError> {
        self.in_time(async {
            match self.kv.read(&self.entry_path(path)).await {
                Ok(secret) => Ok(stored(path.name.clone(), secret)),
                Err(VaultError::NotFound) => Err(BookError::NoEntry(path.clone())),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn put_entry(
        &self,
        path: &EntryPath,
        document: &Document,
        replaces: Replaces,
    ) -> Result<i64, BookError> {
        let at = self.entry_path(path);
        self.in_time(async {
            let version = match replaces {
                Replaces::Nothing => match self.kv.create(&at, document.fields()).await {
                    Err(VaultError::Conflict) => {
                        return Err(BookError::Exists(format!("The entry {path}")));
                    }
                    other => other?,
                },
                Replaces::Version(version) => {
                    let version = u64::try_from(version).unwrap_or(u64::MAX);
                    let written = self.kv.write(&at, document.fields(), version).await;
                    written.map_err(|error| changed(error, format!("The entry {path}")))?
                }
            };
            Ok(i64::try_from(version).unwrap_or(i64::MAX))
        })
        .await
    }

    async fn delete_entry(&self, path: &EntryPath) -> Result<(), BookError> {
        self.entry(path).await?;
        let at = self.entry_path(path);
        self.in_time(async { Ok(self.kv.delete(&at).await?) }).await
    }
}
