//! What lists show of a store that is far away: held in memory, without a secret, made anew
//! in the background and brought up to date by this gateway's own writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::error::BookError;
use super::path::{EntryPath, FolderPath};
use super::store::{BookStore, Folder};
use super::view::{EntryView, view};
use crate::Drivers;

/// Folders that are read at a time; the store bounds its requests itself.
const FOLDERS_AT_A_TIME: usize = 32;
/// How long the store is taken to be there after it was seen.
const SEEN: Duration = Duration::from_secs(1);

/// All folders and what may be shown of their entries.
#[derive(Default, Clone)]
pub(super) struct Catalog {
    pub(super) folders: Vec<Folder>,
    pub(super) entries: BTreeMap<FolderPath, Vec<EntryView>>,
}

/// Why the last look at the store failed.
#[derive(Clone)]
enum Failure {
    TimedOut,
    Denied(String),
    Unavailable(String),
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        match error {
            BookError::TimedOut => Self::TimedOut,
            BookError::Denied(why) => Self::Denied(why),
            BookError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<Failure> for BookError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut => Self::TimedOut,
            Failure::Denied(why) => Self::Denied(why),
            Failure::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// The catalog of a store, kept up to date until this is dropped.
pub(super) struct Cache {
    shared: Arc<Shared>,
    refreshing: JoinHandle<()>,
}

struct Shared {
    store: Arc<dyn BookStore>,
    drivers: Drivers,
    every: Duration,
    patience: Duration,
    state: Mutex<State>,
    /// Counts the looks at the store, those that failed included.
    looks: watch::Sender<u64>,
    wanted: Notify,
    /// Counts this gateway's writes: a look that began before one knows nothing of it.
    writes: AtomicU64,
}

#[derive(Default)]
struct State {
    catalog: Option<(Arc<Catalog>, Instant)>,
    failure: Option<(Failure, Instant)>,
    seen: Option<Instant>,
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.refreshing.abort();
    }
}

impl Cache {
    /// Begins to look at the store, at once and then as often as `every`; nobody waits for a
    /// look longer than `patience`.
    pub(super) fn start(
        store: Arc<dyn BookStore>,
        drivers: Drivers,
        every: Duration,
        patience: Duration,
    ) -> Self {
        let shared = Arc::new(Shared {
            store,
            drivers,
            every,
            patience,
            state: Mutex::default(),
            looks: watch::Sender::new(0),
            wanted: Notify::new(),
            writes: AtomicU64::new(0),
        });
        let refreshing = tokio::spawn(Arc::clone(&shared).look_again_and_again());
        Self { shared, refreshing }
    }

    /// The catalog, where the store is there.
    ///
    /// # Errors
    /// A store that is not available, also where the catalog is in memory still.
    pub(super) async fn catalog(&self) -> Result<Arc<Catalog>, BookError> {
        let mut looks = self.shared.looks.subscribe();
        looks.mark_unchanged();
        if let Some(catalog) = self.shared.fresh()? {
            self.shared.probe().await?;
            return Ok(catalog);
        }
        self.shared.wanted.notify_one();
        let looked = tokio::time::timeout(self.shared.patience, looks.changed()).await;
        looked.map_err(|_| BookError::TimedOut)?.map_err(|_| BookError::TimedOut)?;
        let state = self.shared.state.lock();
        match (&state.failure, &state.catalog) {
            (Some((failure, _)), _) => Err(failure.clone().into()),
            (None, Some((catalog, _))) => Ok(Arc::clone(catalog)),
            (None, None) => Err(BookError::TimedOut),
        }
    }

    /// How old the catalog is.
    pub(super) fn age(&self) -> Option<Duration> {
        self.shared.state.lock().catalog.as_ref().map(|(_, since)| since.elapsed())
    }

    /// Forgets the catalog: nobody can tell what a write that failed has changed.
    pub(super) fn forget(&self) {
        self.shared.writes.fetch_add(1, Ordering::SeqCst);
        self.shared.state.lock().catalog = None;
    }

    /// Takes a write of this gateway over.
    pub(super) fn note(&self, change: impl FnOnce(&mut Catalog)) {
        self.shared.writes.fetch_add(1, Ordering::SeqCst);
        let mut state = self.shared.state.lock();
        if let Some((catalog, _)) = &mut state.catalog {
            change(Arc::make_mut(catalog));
        }
    }
}

impl Catalog {
    pub(super) fn folder(&self, path: &FolderPath) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.path == *path)
    }

    pub(super) fn put_folder(&mut self, folder: Folder) {
        self.folders.retain(|other| other.path != folder.path);
        self.folders.push(folder);
        self.folders.sort_by(|a, b| a.path.cmp(&b.path));
    }

    pub(super) fn drop_folder(&mut self, path: &FolderPath) {
        self.folders.retain(|folder| folder.path != *path);
        self.entries.remove(path);
    }

    pub(super) fn put_entry(&mut self, entry: EntryView) {
        let entries = self.entries.entry(entry.folder.clone()).or_default();
        entries.retain(|other| other.name != entry.name);
        entries.push(entry);
        entries.sort_by(|a, b| a.name.cmp(&b.name));
    }

    pub(super) fn drop_entry(&mut self, path: &EntryPath) {
        if let Some(entries) = self.entries.get_mut(&path.folder) {
            entries.retain(|entry| entry.name != path.name);
        }
    }
}

impl Shared {
    /// The catalog, if it is not too old.
    fn fresh(&self) -> Result<Option<Arc<Catalog>>, BookError> {
        let state = self.state.lock();
        if let Some((failure, _)) = state.failure.as_ref().filter(|(_, at)| at.elapsed() < SEEN) {
            return Err(failure.clone().into());
        }
        let fresh = state.catalog.as_ref().filter(|(_, since)| since.elapsed() < 2 * self.every);
        Ok(fresh.map(|(catalog, _)| Arc::clone(catalog)))
    }

    /// Makes sure that the store is there, at most once a second.
    async fn probe(&self) -> Result<(), BookError> {
        if self.state.lock().seen.is_some_and(|at| at.elapsed() < SEEN) {
            return Ok(());
        }
        self.store.probe().await?;
        self.state.lock().seen = Some(Instant::now());
        Ok(())
    }

    async fn look_again_and_again(self: Arc<Self>) {
        loop {
            self.look().await;
            // A wish that came while the last look was under way is met by the next one.
            let _ = tokio::time::timeout(self.every, self.wanted.notified()).await;
        }
    }

    async fn look(&self) {
        let writes = self.writes.load(Ordering::SeqCst);
        let looked = self.read().await;
        let now = Instant::now();
        {
            let mut state = self.state.lock();
            match looked {
                // It may not know of the writes in between: another look does.
                Ok(_) if self.writes.load(Ordering::SeqCst) != writes => {
                    self.wanted.notify_one();
                    if state.catalog.is_none() {
                        // There is nothing to show yet: those who wait, wait on.
                        return;
                    }
                }
                Ok(catalog) => {
                    state.catalog = Some((Arc::new(catalog), now));
                    state.failure = None;
                    state.seen = Some(now);
                }
                Err(error) => {
                    tracing::warn!(%error, "address book: the list could not be brought up to date");
                    state.failure = Some((error.into(), now));
                }
            }
        }
        self.looks.send_modify(|count| *count += 1);
    }

    async fn read(&self) -> Result<Catalog, BookError> {
        let folders = self.store.folders().await?;
        let reads = folders.iter().map(|folder| self.read_folder(&folder.path));
        let reads = stream::iter(reads.collect::<Vec<_>>()).buffered(FOLDERS_AT_A_TIME);
        let entries = reads.try_collect().await?;
        Ok(Catalog { folders, entries })
    }

    async fn read_folder(
        &self,
        path: &FolderPath,
    ) -> Result<(FolderPath, Vec<EntryView>), BookError> {
        let stored = match self.store.entries(path).await {
            Err(BookError::Denied(why)) => {
                tracing::warn!(folder = %path, why, "address book: a folder cannot be read");
                Vec::new()
            }
            other => other?,
        };
        let views = stored.iter().map(|stored| view(path, stored, &self.drivers)).collect();
        Ok((path.clone(), views))
    }
}
