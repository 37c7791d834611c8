use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{Cause, SessionError};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::first::first_link;
use super::handshake::Ready;
use super::join::{Entrance, Terms};
use super::leg::{Ending, Leg};
use super::primary::Seats;
use super::viewer::{Reader, Sender, primary_leg};
use super::words;
use crate::link::{EngineSession, Link, Viewer, ViewerAccess};

/// How often an owner who comes before the first frame looks whether guacd asks something.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How long `close` waits for guacd; each leg has less.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

type End = Result<(), SessionError>;

/// A session in a guacd. Dropping the last handle ends it.
pub(super) struct GuacdSession {
    entrance: Arc<Entrance>,
    /// The primary's ends, for the owner who opened the session.
    first: Mutex<Option<(Reader, Sender)>>,
    seats: Seats,
    end: watch::Receiver<Option<End>>,
    legs: TaskTracker,
    cancel: CancellationToken,
}

impl GuacdSession {
    /// Starts the task of the primary leg.
    pub(super) fn start(terms: Terms, ready: Ready) -> Arc<Self> {
        let id = ready.id.clone();
        let (leg, ends, seats) = primary_leg(ready, &terms.peer.name, &terms.config);
        let (tell, end) = watch::channel(None);
        let (legs, cancel) = (TaskTracker::new(), CancellationToken::new());
        // Owned by the session: its drop cancels the token, which ends this task.
        legs.spawn(run_primary(leg, cancel.clone(), tell));
        let (tasks, token) = (legs.clone(), cancel.clone());
        let entrance = Arc::new(Entrance { id, terms, legs: tasks, cancel: token });
        Arc::new(Self { entrance, first: Mutex::new(Some(ends)), seats, end, legs, cancel })
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

#[async_trait]
impl EngineSession for GuacdSession {
    fn connection_id(&self) -> &str {
        &self.entrance.id
    }

    async fn view(&self, viewer: Viewer) -> Result<Link, SessionError> {
        if let Some(error) = self.ended_already() {
            return Err(error);
        }
        if viewer.access == ViewerAccess::Own {
            let first = self.first.lock().take();
            if let Some(ends) = first {
                return Ok(first_link(ends, Arc::clone(&self.entrance), viewer));
            }
        }
        let seat_or_leg = async {
            loop {
                if viewer.access == ViewerAccess::Own
                    && let Some(link) = self.seats.take().await
                {
                    return Ok(link);
                }
                if timeout(LOOK_AGAIN, self.seats.threshold.opened()).await.is_ok() {
                    let (reader, writer) = self.entrance.join(&viewer).await?;
                    return Ok(Link { reader: Box::new(reader), writer: Box::new(writer) });
                }
            }
        };
        let link = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(words::closed()),
            link = seat_or_leg => link,
        };
        link.map_err(|error| self.ended_already().unwrap_or(error))
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
            tracing::warn!(connection = self.entrance.id, "the session's legs do not end");
        }
    }
}

impl Drop for GuacdSession {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
