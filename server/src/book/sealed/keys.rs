//! The keys that seal entries: kept in the database, each sealed with a master key.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use parking_lot::RwLock;
use uuid::Uuid;

use super::crypt::{CannotOpen, SealingKey};
use super::master::{MasterKeyError, MasterKeys};
use crate::book::BookError;
use crate::config::MasterKeySource;
use crate::store::{BookKeyRow, Store};

/// A key with its name in rows.
pub(super) struct DataKey {
    pub(super) id: String,
    pub(super) key: SealingKey,
}

/// Opens keys once and keeps them.
pub(super) struct Keys {
    store: Store,
    master: Arc<MasterKeySource>,
    open: RwLock<HashMap<String, Arc<DataKey>>>,
}

impl Keys {
    pub(super) fn new(store: Store, master: MasterKeySource) -> Self {
        Self { store, master: Arc::new(master), open: RwLock::default() }
    }

    /// The key to seal with. Asked of the database each time: another process may have
    /// renewed it.
    pub(super) async fn newest(&self) -> Result<Arc<DataKey>, BookError> {
        match self.store.newest_book_key().await? {
            Some(row) => self.opened(row).await,
            None => self.make(MasterKeys::read_or_make).await,
        }
    }

    /// The key that an entry was sealed with.
    pub(super) async fn find(&self, id: &str) -> Result<Arc<DataKey>, BookError> {
        if let Some(key) = self.open.read().get(id) {
            return Ok(Arc::clone(key));
        }
        self.opened(self.row(id).await?).await
    }

    async fn row(&self, id: &str) -> Result<BookKeyRow, BookError> {
        let gone = || BookError::Unavailable(format!("the key {id} is not in the database"));
        self.store.book_key(id).await?.ok_or_else(gone)
    }

    /// Keeps others from changing the master keys until what is returned is dropped.
    pub(super) async fn lock(&self) -> Result<Option<File>, BookError> {
        self.masters(MasterKeys::lock).await
    }

    /// Makes a new key under a new master key; it seals from now on. Only for the holder of
    /// the [`lock`](Self::lock).
    pub(super) async fn renew(&self) -> Result<Arc<DataKey>, BookError> {
        if let Some(row) = self.store.newest_book_key().await? {
            // Whoever cannot open what is there must not go on with another master key.
            self.opened(row).await?;
        }
        let key = self.make(MasterKeys::renew).await?;
        self.prove(&key.id).await?;
        Ok(key)
    }

    /// Makes sure that the master keys as they are stored open a key, whatever this process
    /// remembers: before anything depends on that.
    pub(super) async fn prove(&self, id: &str) -> Result<(), BookError> {
        self.unseal(&self.row(id).await?).await.map(drop)
    }

    async fn make(&self, masters: WithMasters<MasterKeys>) -> Result<Arc<DataKey>, BookError> {
        let masters = self.masters(masters).await?;
        let id = Uuid::now_v7().to_string();
        let lacking = || BookError::Unavailable("there is no master key".to_owned());
        let master = masters.newest().ok_or_else(lacking)?;
        let key = SealingKey::generate().map_err(broken)?;
        let master_id = master.fingerprint();
        let sealed = master.seal(key.expose(), &place_of(&id)).map_err(broken)?;
        self.store.add_book_key(&BookKeyRow { id: id.clone(), master_id, sealed }).await?;
        Ok(self.keep(DataKey { id, key }))
    }

    async fn opened(&self, row: BookKeyRow) -> Result<Arc<DataKey>, BookError> {
        if let Some(key) = self.open.read().get(&row.id) {
            return Ok(Arc::clone(key));
        }
        let key = self.unseal(&row).await?;
        Ok(self.keep(DataKey { id: row.id, key }))
    }

    async fn unseal(&self, row: &BookKeyRow) -> Result<SealingKey, BookError> {
        let masters = self.masters(MasterKeys::read).await?;
        let master = masters.find(&row.master_id).ok_or_else(|| {
            BookError::Unavailable(format!(
                "the master key {} is not in {}; put it there, with the others",
                row.master_id,
                self.master.describe()
            ))
        })?;
        let bytes = master.open(&row.sealed, &place_of(&row.id)).map_err(broken)?;
        SealingKey::from_bytes(bytes.expose()).map_err(broken)
    }

    fn keep(&self, key: DataKey) -> Arc<DataKey> {
        let key = Arc::new(key);
        self.open.write().insert(key.id.clone(), Arc::clone(&key));
        key
    }

    async fn masters<T: Send + 'static>(&self, read: WithMasters<T>) -> Result<T, BookError> {
        let source = Arc::clone(&self.master);
        let read = tokio::task::spawn_blocking(move || read(&source)).await;
        let read = read.map_err(|error| BookError::Unavailable(error.to_string()))?;
        read.map_err(|error| BookError::Unavailable(error.to_string()))
    }
}

type WithMasters<T> = fn(&MasterKeySource) -> Result<T, MasterKeyError>;

fn broken(error: CannotOpen) -> BookError {
    BookError::Unavailable(format!("a key of the address book cannot be used: {error}"))
}

/// A sealed key is good in its own row only.
fn place_of(id: &str) -> String {
    format!("fanlight book key\0{id}")
}
