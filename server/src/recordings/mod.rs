//! Recordings: what a session shows, as a file that plays from any moment on. Each is made
//! by one more viewer of the session, kept as long as the configuration says, and played by
//! those who may.

mod file;
mod frames;
mod keeper;
mod limits;
mod name;
mod pace;
mod paper;
mod plays;
mod reconcile;
mod recorder;
mod segments;
mod status;
mod tap;
mod taping;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use fanlight_core::{EngineKind, SessionError, Viewport};
use fanlight_engine::link::EngineSession;
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use file::{Head, Index, PlainReader, RecordingFile};
pub use pace::Spacing;
pub use status::RecordingStatus;
pub use tap::Tap;
pub(crate) use taping::cannot_record;
pub use taping::{Taping, TapingState};

use crate::access::{Identity, Role};
use crate::api::ApiError;
use crate::audit::{Action, Audit, Event};
use crate::config::{OnFailure, RecordingsConfig};
use crate::store::{RecordingRow, Store};
use paper::Progress;
use plays::Plays;

/// All recordings of this gateway. Dropping it ends its tasks.
pub struct Recordings {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

struct Shared {
    config: RecordingsConfig,
    store: Store,
    audit: Arc<Audit>,
    /// Those that are being made.
    live: Mutex<HashMap<String, Arc<Progress>>>,
    plays: Plays,
    /// Rung when a recording has ended.
    ended: Notify,
}

/// What is said about recording a session, besides the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// By the preset or entry that it is made from.
    pub entry: Option<bool>,
    /// By whoever makes it.
    pub request: Option<bool>,
}

/// The session that is recorded.
pub(crate) struct Subject {
    pub(crate) head: Head,
    pub(crate) engine: Arc<dyn EngineSession>,
    pub(crate) kind: EngineKind,
    pub(crate) viewport: Viewport,
}

impl Recordings {
    /// Begins to keep recordings; what an earlier run left is put in order first.
    ///
    /// # Errors
    /// Those of the database. A folder that cannot be used is only logged: it fails each
    /// recording.
    pub async fn start(
        config: RecordingsConfig,
        store: Store,
        audit: Arc<Audit>,
    ) -> Result<Arc<Self>, crate::store::StoreError> {
        let shared = Arc::new(Shared {
            config,
            store,
            audit,
            live: Mutex::default(),
            plays: Plays::default(),
            ended: Notify::new(),
        });
        shared.reconcile().await?;
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        let keeping = Arc::clone(&shared).keep();
        tasks.spawn(closing.clone().run_until_cancelled_owned(keeping));
        Ok(Arc::new(Self { shared, tasks, closing }))
    }

    /// Whether a session of `driver` is recorded.
    ///
    /// # Errors
    /// 403 where `role` may not switch the recording off.
    pub fn decide(&self, driver: &str, wish: Wish, role: Role) -> Result<bool, ApiError> {
        let RecordingsConfig { record, drivers, may_switch_off, .. } = &self.shared.config;
        let usual = wish.entry.or(drivers.get(driver).copied()).unwrap_or(*record);
        match wish.request {
            Some(false) if usual && role < *may_switch_off => {
                Err(ApiError::forbidden("Your role may not switch off the recording of sessions."))
            }
            wanted => Ok(wanted.unwrap_or(usual)),
        }
    }

    /// Begins to record a session that has just started. `None` where that fails and the
    /// session goes on without.
    ///
    /// # Errors
    /// Where it fails and the session must not go on.
    pub(crate) async fn begin(&self, subject: Subject) -> Result<Option<Taping>, SessionError> {
        match self.begin_whole(subject).await {
            Ok(taping) => Ok(Some(taping)),
            Err(error) if self.shared.config.on_failure == OnFailure::EndSession => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// On a task of its own: where the session ends meanwhile, what was begun is ended, too.
    async fn begin_whole(&self, subject: Subject) -> Result<Taping, SessionError> {
        let (shared, tasks) = (Arc::clone(&self.shared), self.tasks.clone());
        let (tell, begun) = oneshot::channel();
        self.tasks.spawn(async move {
            if let Err(Ok(unwanted)) = tell.send(taping::begin(&shared, &tasks, subject).await) {
                unwanted.stop();
            }
        });
        // A panic there was told by the panic itself.
        begun.await.unwrap_or_else(|_| Err(cannot_record("It could not be begun.")))
    }

    /// Whether recordings of this session's creator only may be seen by `who`.
    pub(crate) fn sees_own_only(&self, who: &Identity) -> bool {
        self.shared.config.list_own_only && who.role != Role::Admin
    }

    /// All that `who` may see, the newest first. Those that are being made are as long as
    /// they are by now.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn list(&self, who: &Identity) -> Result<Vec<RecordingRow>, ApiError> {
        let own = self.sees_own_only(who).then_some(who.subject.as_str());
        let mut rows = self.shared.store.recordings(own).await?;
        rows.iter_mut().for_each(|row| self.shared.update(row));
        Ok(rows)
    }

    /// One that `who` may see.
    ///
    /// # Errors
    /// 404 for names that are none, and for what does not exist or is hidden.
    pub(crate) async fn find(&self, who: &Identity, name: &str) -> Result<RecordingRow, ApiError> {
        if !name::is_good(name) {
            return Err(no_such_recording());
        }
        let mut row = self.shared.store.recording(name).await?.ok_or_else(no_such_recording)?;
        if self.sees_own_only(who) && row.creator_id != who.subject {
            return Err(no_such_recording());
        }
        self.shared.update(&mut row);
        Ok(row)
    }

    /// Opens one that was found.
    ///
    /// # Errors
    /// 404 where its file is gone; damaged files are internal errors.
    pub(crate) async fn open(&self, row: &RecordingRow) -> Result<RecordingFile, ApiError> {
        let path = self.shared.path(&row.name);
        let opened = spawn_blocking(move || RecordingFile::open(&path)).await;
        opened.map_err(ApiError::internal)?.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => no_such_recording(),
            _ => ApiError::internal(format!("{}: {error}", row.name)),
        })
    }

    /// Keeps in the audit log that `who` plays a recording: once for all the requests that
    /// a player makes.
    pub(crate) async fn note_play(&self, who: &Identity, ip: std::net::IpAddr, row: &RecordingRow) {
        if self.shared.plays.is_new(&who.subject, &row.name) {
            let event = Event::new(Action::RecordingPlay).by(who).from(ip);
            let event = event.about("recording", &row.name, &row.label);
            self.shared.audit.note(event.detail("session_id", row.session_id)).await;
        }
    }

    /// Deletes one that was found.
    ///
    /// # Errors
    /// 409 while it is being made; those of the database and the disk.
    pub(crate) async fn delete(&self, row: &RecordingRow) -> Result<(), ApiError> {
        if self.shared.is_live(&row.name) {
            let message = "This recording is still being made. End its session first.";
            return Err(ApiError::conflict("recording_is_live", message));
        }
        self.shared.remove(&row.name).await.map_err(ApiError::internal)
    }

    /// Ends its tasks. Recordings end with their sessions, before.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl Shared {
    fn path(&self, name: &str) -> PathBuf {
        name::path(&self.config.dir, name)
    }

    fn is_live(&self, name: &str) -> bool {
        self.live.lock().contains_key(name)
    }

    fn update(&self, row: &mut RecordingRow) {
        if let Some(progress) = self.live.lock().get(&row.name) {
            row.extent = progress.extent();
        }
    }

    /// Removes the file, then the row: a row without a file is found again.
    async fn remove(&self, name: &str) -> anyhow::Result<()> {
        match tokio::fs::remove_file(self.path(name)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.store.drop_recording(name).await?;
        Ok(())
    }
}

/// When a recording that is not being made was changed last.
pub(crate) fn modified(row: &RecordingRow) -> OffsetDateTime {
    row.ended_at.unwrap_or_else(OffsetDateTime::now_utc)
}

fn no_such_recording() -> ApiError {
    ApiError::not_found("There is no such recording.")
}
