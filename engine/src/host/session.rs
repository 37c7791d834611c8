use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{
    Cause, ClientSession, EngineClient, Host, Input, Parameters, SessionError, ViewerId,
};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::inbox::Inbox;
use super::rules::Rules;
use super::stage::Stage;
use super::viewer::{ViewerReader, ViewerState};
use crate::link::{EngineSession, Link, Opening, Viewer, ViewerAccess};

/// Viewers' inputs that wait for the client.
const INPUT_QUEUE: usize = 256;
/// How long `close` waits for a client that does not let go.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A session in this process. Dropping the last handle ends it.
pub(crate) struct EmbeddedSession {
    id: String,
    stage: Arc<Stage>,
    input: mpsc::Sender<Input>,
    viewers: AtomicU64,
    cancel: CancellationToken,
}

impl EmbeddedSession {
    /// Starts the client's task.
    pub(super) fn start(
        client: Arc<dyn EngineClient>,
        parameters: Parameters,
        rules: Rules,
        opening: Opening,
    ) -> Arc<Self> {
        let Opening { plan, viewport, services, .. } = opening;
        let title =
            plan.target.as_ref().map_or(plan.protocol.to_owned(), |t| t.endpoint.to_string());
        let stage = Arc::new(Stage::new(rules, &title, services));
        let (sender, input) = mpsc::channel(INPUT_QUEUE);
        let host: Arc<dyn Host> = stage.clone();
        let session = ClientSession { parameters, target: plan.target, viewport, input, host };
        let cancel = CancellationToken::new();
        // Owned by the handle: its drop cancels the token, which ends this task.
        tokio::spawn(run(client, session, stage.clone(), cancel.clone()));
        let (id, viewers) = (format!("${}", Uuid::new_v4()), AtomicU64::new(0));
        Arc::new(Self { id, stage, input: sender, viewers, cancel })
    }
}

impl EmbeddedSession {
    /// Adds a viewer. An owner's window sizes the session now if it `sizes`, and whenever
    /// it changes.
    pub(crate) fn seat(&self, viewer: &Viewer, sizes: bool) -> Result<Link, SessionError> {
        if let Some(end) = self.stage.end() {
            return Err(end.clone().err().unwrap_or_else(closed));
        }
        let id = ViewerId(self.viewers.fetch_add(1, Ordering::Relaxed));
        let state = Arc::new(ViewerState::default());
        let may_act = self.stage.rules.lets_act(viewer.access);
        let reader = ViewerReader::new(id, self.stage.clone(), state.clone(), may_act);
        if sizes && viewer.access == ViewerAccess::Own {
            // A client that does not read now learns the size from the next `size`.
            let _ = self.input.try_send(Input::Resize(viewer.viewport));
        }
        let inbox = Inbox::new(id, self.stage.clone(), state, self.input.clone(), viewer);
        Ok(Link { reader: Box::new(reader), writer: Box::new(inbox) })
    }
}

/// Drives the client to its end. However that comes, the stage hears of it after the
/// client's future is gone.
async fn run(
    client: Arc<dyn EngineClient>,
    session: ClientSession,
    stage: Arc<Stage>,
    cancel: CancellationToken,
) {
    let _finisher = Finisher(stage.clone());
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(closed()),
        result = AssertUnwindSafe(client.run(session)).catch_unwind() => {
            result.unwrap_or_else(|_| Err(internal()))
        }
    };
    stage.finish(result);
}

/// Ends the session even when its task is dropped with the runtime.
struct Finisher(Arc<Stage>);

impl Drop for Finisher {
    fn drop(&mut self) {
        self.0.finish(Err(internal()));
    }
}

fn closed() -> SessionError {
    SessionError::new(Cause::Closed, "The session was closed.")
}

fn internal() -> SessionError {
    SessionError::new(Cause::Internal, "The session's client stopped by a fault of its own.")
}

#[async_trait]
impl EngineSession for EmbeddedSession {
    fn connection_id(&self) -> &str {
        &self.id
    }

    async fn view(&self, viewer: Viewer) -> Result<Link, SessionError> {
        self.seat(&viewer, true)
    }

    async fn ended(&self) -> Result<(), SessionError> {
        loop {
            let news = self.stage.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if let Some(end) = self.stage.end() {
                return end.clone();
            }
            news.await;
        }
    }

    async fn close(&self) {
        self.cancel.cancel();
        if tokio::time::timeout(CLOSE_LIMIT, self.ended()).await.is_err() {
            tracing::warn!(connection = %self.id, "the session's client does not let go");
        }
    }
}

impl Drop for EmbeddedSession {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
