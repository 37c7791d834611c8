use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{Cause, Parameters, SessionError, Viewport};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::handshake::{Hello, Ready};
use super::leg::{Ending, Leg};
use super::peer::Peer;
use super::primary::Seats;
use super::viewer::{primary_leg, viewer_leg};
use super::{GuacdConfig, words};
use crate::link::{EngineSession, Link, Viewer, ViewerAccess};
use crate::wire::Writer;

/// How long `close` waits for guacd; each leg has less.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

type End = Result<(), SessionError>;

/// What a session keeps of its opening.
pub(super) struct Terms {
    pub(super) config: Arc<GuacdConfig>,
    /// The guacd that runs it: whoever joins must join there.
    pub(super) peer: Arc<Peer>,
    /// The plan's parameters that concern viewers.
    pub(super) parameters: Parameters,
    pub(super) timezone: Option<String>,
}

/// A session in a guacd. Dropping the last handle ends it.
pub(super) struct GuacdSession {
    id: String,
    terms: Terms,
    /// The primary's link, for the owner who opened the session.
    first: Mutex<Option<Link>>,
    seats: Seats,
    end: watch::Receiver<Option<End>>,
    legs: TaskTracker,
    cancel: CancellationToken,
}

impl GuacdSession {
    /// Starts the task of the primary leg.
    pub(super) fn start(terms: Terms, ready: Ready) -> Arc<Self> {
        let id = ready.id.clone();
        let (leg, link, seats) = primary_leg(ready, &terms.peer.name, &terms.config);
        let (tell, end) = watch::channel(None);
        let (legs, cancel) = (TaskTracker::new(), CancellationToken::new());
        // Owned by the session: its drop cancels the token, which ends this task.
        legs.spawn(run_primary(leg, cancel.clone(), tell));
        Arc::new(Self { id, terms, first: Mutex::new(Some(link)), seats, end, legs, cancel })
    }

    async fn join(&self, viewer: &Viewer) -> Result<Link, SessionError> {
        let Terms { config, peer, parameters, timezone } = &self.terms;
        let deadline = Instant::now() + config.handshake_timeout;
        let greeted = peer.greet(&self.id, config.connect_timeout, deadline).await?;
        let read_only = viewer.access == ViewerAccess::View;
        let values = greeted.listing.joining(parameters, read_only);
        let hello = Hello { viewport: viewer.viewport, timezone: timezone.as_deref() };
        let ready = timeout_at(deadline, greeted.connect(&hello, values)).await;
        let ready = ready.map_err(|_| words::too_slow(&peer.name, config.handshake_timeout))??;
        let (leg, mut link) = viewer_leg(ready, viewer.access, &peer.name, config);
        self.legs.spawn(leg.run(self.cancel.clone()));
        if viewer.access == ViewerAccess::Own {
            link.writer.send(size(viewer.viewport)).await?;
        }
        Ok(link)
    }

    fn ended_already(&self) -> Option<SessionError> {
        let end = self.end.borrow();
        end.as_ref().map(|end| end.clone().err().unwrap_or_else(words::closed))
    }
}

/// What the primary says is the session's end, and the end of all other legs.
async fn run_primary(leg: Leg, cancel: CancellationToken, tell: watch::Sender<Option<End>>) {
    let ending = leg.run(cancel.clone()).await;
    tell.send_replace(Some(match ending {
        Ending::InOrder => Ok(()),
        Ending::Failed(error) => Err(error),
        Ending::Closed | Ending::ViewerLeft => Err(words::closed()),
    }));
    cancel.cancel();
}

/// guacd hears of the owner's window also from an owner who joins.
fn size(viewport: Viewport) -> bytes::Bytes {
    let mut out = bytes::BytesMut::new();
    Writer::new(&mut out, "size").int(viewport.width.into()).int(viewport.height.into());
    out.freeze()
}

#[async_trait]
impl EngineSession for GuacdSession {
    fn connection_id(&self) -> &str {
        &self.id
    }

    async fn view(&self, viewer: Viewer) -> Result<Link, SessionError> {
        if let Some(error) = self.ended_already() {
            return Err(error);
        }
        if viewer.access == ViewerAccess::Own {
            let first = self.first.lock().take();
            if let Some(link) = first {
                return Ok(link);
            }
            if let Some(link) = self.seats.take().await {
                return Ok(link);
            }
        }
        let joined = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(words::closed()),
            joined = self.join(&viewer) => joined,
        };
        joined.map_err(|error| self.ended_already().unwrap_or(error))
    }

    async fn ended(&self) -> Result<(), SessionError> {
        match self.end.clone().wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(Ok(())),
            Err(_) => Err(SessionError::new(
                Cause::Internal,
                "The session's connection to guacd stopped by a fault of the gateway.",
            )),
        }
    }

    async fn close(&self) {
        self.cancel.cancel();
        self.legs.close();
        if timeout(CLOSE_LIMIT, self.legs.wait()).await.is_err() {
            tracing::warn!(connection = self.id, "the session's legs do not end");
        }
    }
}

impl Drop for GuacdSession {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
