use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{Cause, EngineKind, Resource, SessionError};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::file::{Head, RecordingWriter};
use super::paper::{Paper, Progress};
use super::recorder::{Clock, Failure, Recorder, Scene};
use super::{RecordingStatus, Shared, Spacing, Subject, Tap, name};
use crate::audit::{Action, Event};
use crate::config::OnFailure;
use crate::store::{Extent, RecordingRow, from_millis};

/// How long a recording may take for its last words, once its session has ended.
const END_LIMIT: Duration = Duration::from_secs(3);

/// Whether a session is being recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapingState {
    /// It is.
    On,
    /// It was, but the recording failed.
    Failed,
    /// It was; the recording ended with it.
    Ended,
}

/// The recording of one session.
#[derive(Clone)]
pub struct Taping {
    /// Name of the recording.
    pub name: String,
    /// What viewers do goes in here.
    pub tap: Arc<Tap>,
    state: watch::Receiver<TapingState>,
    ends_session: bool,
    task: Arc<parking_lot::Mutex<Option<JoinHandle<()>>>>,
    stop: CancellationToken,
}

impl Taping {
    /// Whether it is on; the caller may wait for changes.
    pub fn state(&self) -> watch::Receiver<TapingState> {
        self.state.clone()
    }

    /// Resolves when the recording failed and its session must not go on without.
    pub(crate) async fn ends_session(&self) {
        let mut state = self.state.clone();
        let failed = state.wait_for(|state| *state == TapingState::Failed).await.is_ok();
        if !(failed && self.ends_session) {
            std::future::pending::<()>().await;
        }
    }

    /// Ends it although its session goes on.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// What gives the recording back when its session has ended.
    pub(crate) fn resource(&self) -> Box<dyn Resource> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Resource for Taping {
    fn name(&self) -> &'static str {
        "recording"
    }

    async fn release(self: Box<Self>) {
        let Some(mut task) = self.task.lock().take() else { return };
        if tokio::time::timeout(END_LIMIT, &mut task).await.is_err() {
            self.stop();
            // A panic of the recorder was told by the panic itself.
            let _ = task.await;
        }
    }
}

/// Makes the file and the row of a recording and begins to record.
pub(super) async fn begin(
    shared: &Arc<Shared>,
    tasks: &TaskTracker,
    subject: Subject,
) -> Result<Taping, SessionError> {
    let Subject { head, engine, kind, viewport } = subject;
    let name = name::make(&head.session_type, head.session_id, from_millis(head.started_at));
    let clock = Clock::start(head.started_at);
    let prepared = prepare(shared, &name, &head).await;
    let paper_and_progress = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            let why = format!("It cannot be written: {error}.");
            shared.tell_failure(&name, &head, &why).await;
            return Err(cannot_record(&why));
        }
    };
    let (paper, progress) = paper_and_progress;
    shared.live.lock().insert(name.clone(), progress);
    let (tap, stop) = (Arc::new(Tap::new(shared.config.include_keys)), CancellationToken::new());
    let spacing = match kind {
        EngineKind::Embedded => shared.config.spacing,
        EngineKind::Guacd => Spacing::NONE,
    };
    let scene =
        Scene { engine, viewport, spacing, tap: Arc::clone(&tap), clock, stop: stop.clone() };
    let (tell, state) = watch::channel(TapingState::On);
    let recording =
        record(Arc::clone(shared), name.clone(), head, Recorder::new(scene, paper), tell);
    // Owned by the session, which waits for it when it ends.
    let task = tasks.spawn(recording);
    let ends_session = shared.config.on_failure == OnFailure::EndSession;
    let task = Arc::new(parking_lot::Mutex::new(Some(task)));
    Ok(Taping { name, tap, state, ends_session, task, stop })
}

/// What a session is told that must not go on unrecorded.
pub(crate) fn cannot_record(why: &str) -> SessionError {
    SessionError::new(
        Cause::Unavailable,
        format!("This session has to be recorded, and cannot be. {why}"),
    )
}

async fn prepare(shared: &Shared, name: &str, head: &Head) -> io::Result<(Paper, Arc<Progress>)> {
    let (path, written) = (shared.path(name), head.clone());
    let writer = spawn_blocking(move || RecordingWriter::create(&path, &written));
    let writer = writer.await.map_err(io::Error::other)??;
    let row = row_of(name, head, writer.extent());
    if let Err(error) = shared.store.add_recording(&row).await {
        // Left behind, it would be found at the next start.
        let _ = tokio::fs::remove_file(shared.path(name)).await;
        return Err(io::Error::other(error));
    }
    let progress = Arc::<Progress>::default();
    Ok((Paper::new(writer, Arc::clone(&progress)), progress))
}

async fn record(
    shared: Arc<Shared>,
    name: String,
    head: Head,
    recorder: Recorder,
    tell: watch::Sender<TapingState>,
) {
    let recorded = recorder.run().await;
    let failed = recorded.as_ref().err().map(Failure::to_string);
    tell.send_replace(if failed.is_some() { TapingState::Failed } else { TapingState::Ended });
    if let Some(why) = &failed {
        shared.tell_failure(&name, &head, why).await;
    }
    let status = if failed.is_some() { RecordingStatus::Failed } else { RecordingStatus::Complete };
    let extent = shared.live.lock().get(&name).map(|progress| progress.extent());
    let (now, extent) = (OffsetDateTime::now_utc(), extent.unwrap_or_default());
    if let Err(error) = shared.store.end_recording(&name, status, now, extent).await {
        tracing::error!(%error, name, "a recording's end was not noted");
    }
    shared.live.lock().remove(&name);
    shared.ended.notify_one();
}

impl Shared {
    async fn tell_failure(&self, name: &str, head: &Head, why: &str) {
        tracing::error!(name, session = %head.session_id, why, "a session is not recorded");
        let consequence = match self.config.on_failure {
            OnFailure::Stop => "the session goes on without",
            OnFailure::EndSession => "the session ends",
        };
        let event = Event::new(Action::RecordingFail)
            .by_name(&head.creator_id, &head.creator_name)
            .about("recording", name, &head.label)
            .detail("session_id", head.session_id)
            .detail("why", why)
            .detail("consequence", consequence);
        self.audit.note(event.failed()).await;
    }
}

fn row_of(name: &str, head: &Head, extent: Extent) -> RecordingRow {
    RecordingRow {
        name: name.to_owned(),
        session_id: head.session_id,
        session_type: head.session_type.clone(),
        label: head.label.clone(),
        hostname: head.hostname.clone(),
        username: head.username.clone(),
        creator_id: head.creator_id.clone(),
        creator_name: head.creator_name.clone(),
        status: RecordingStatus::Recording,
        started_at: from_millis(head.started_at),
        ended_at: None,
        extent,
    }
}
