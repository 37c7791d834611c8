use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::leg::Ending;
use super::threshold::Threshold;
use super::viewer::{Reader, Sender};
use crate::link::{Link, ViewerAccess};

/// How long a viewer waits for a seat; the leg's task answers at once.
const SEAT_LIMIT: Duration = Duration::from_secs(1);

/// What makes a leg the primary: it stays when its viewer goes, and it is the only one on
/// which guacd asks for credentials.
pub(super) struct Primary {
    pub(super) question: Question,
    pub(super) threshold: Threshold,
    pub(super) newcomers: mpsc::Receiver<Newcomer>,
}

/// guacd's last `required` that no viewer answered yet.
#[derive(Clone, Default)]
pub(super) struct Question(Arc<Mutex<Option<Bytes>>>);

impl Question {
    /// Copies the instruction: as part of its batch it would keep all of that.
    pub(super) fn ask(&self, instruction: &[u8]) {
        *self.0.lock() = Some(Bytes::copy_from_slice(instruction));
    }

    pub(super) fn answered(&self) {
        *self.0.lock() = None;
    }

    fn pending(&self) -> Option<Bytes> {
        self.0.lock().clone()
    }
}

/// A viewer that wants the place of the primary's viewer, if that has gone.
pub(super) struct Newcomer {
    pub(super) viewer: mpsc::Sender<Bytes>,
    /// Told when the place is its.
    pub(super) seated: oneshot::Sender<()>,
}

/// The way back to the primary for an owner who returns.
///
/// As long as guacd waits for credentials there is no picture to be sent, and who joins
/// is neither asked nor heard: the owner has to take the first viewer's place.
pub(super) struct Seats {
    pub(super) question: Question,
    pub(super) threshold: Threshold,
    pub(super) newcomers: mpsc::Sender<Newcomer>,
    pub(super) to_guacd: mpsc::Sender<Bytes>,
    pub(super) ending: Arc<OnceLock<Ending>>,
    pub(super) address: String,
}

impl Seats {
    /// The primary's link, if guacd asks and nobody sits there; the question comes first.
    pub(super) async fn take(&self) -> Option<Link> {
        let question = self.question.pending()?;
        let (viewer, frames) = mpsc::channel(1);
        viewer.try_send(question).ok()?;
        let (seated, answer) = oneshot::channel();
        self.newcomers.try_send(Newcomer { viewer, seated }).ok()?;
        timeout(SEAT_LIMIT, answer).await.ok()?.ok()?;
        let reader = Reader { frames, ending: self.ending.clone() };
        let writer = Sender {
            to_guacd: self.to_guacd.clone(),
            access: ViewerAccess::Own,
            address: self.address.clone(),
            asked: Some((self.question.clone(), self.threshold.clone())),
        };
        Some(Link { reader: Box::new(reader), writer: Box::new(writer) })
    }
}
