use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{Cause, SessionError};
use memchr::memmem;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::handshake::Ready;
use super::intake::Intake;
use super::leg::{Desk, Ending, Leg, WRITE_LIMIT};
use super::pass::allowed;
use super::primary::{Primary, Question, Seats};
use super::threshold::Threshold;
use super::{GuacdConfig, words};
use crate::link::{LinkReader, LinkWriter, ViewerAccess};

/// Messages of a viewer that wait for guacd.
const INPUT_QUEUE: usize = 16;
/// How an answer to `required` begins.
const ANSWER: &[u8] = b"4.argv,";

/// Places wanted on the primary that wait for its task.
const SEAT_QUEUE: usize = 4;

/// The leg that a session depends on, its owner's ends, and the way back to it.
pub(super) fn primary_leg(
    ready: Ready,
    address: &str,
    config: &GuacdConfig,
) -> (Leg, (Reader, Sender), Seats) {
    let (newcomers, wanted) = mpsc::channel(SEAT_QUEUE);
    let (question, threshold) = (Question::default(), Threshold::default());
    let primary =
        Primary { question: question.clone(), threshold: threshold.clone(), newcomers: wanted };
    let (leg, reader, writer) = any_leg(ready, ViewerAccess::Own, Some(primary), address, config);
    let (to_guacd, ending) = (leg.desk.to_guacd.clone(), leg.ending.clone());
    let seats =
        Seats { question, threshold, newcomers, to_guacd, ending, address: address.to_owned() };
    (leg, (reader, writer), seats)
}

/// The leg of a viewer that joined, and its ends.
pub(super) fn viewer_leg(
    ready: Ready,
    access: ViewerAccess,
    address: &str,
    config: &GuacdConfig,
) -> (Leg, Reader, Sender) {
    any_leg(ready, access, None, address, config)
}

fn any_leg(
    ready: Ready,
    access: ViewerAccess,
    primary: Option<Primary>,
    address: &str,
    config: &GuacdConfig,
) -> (Leg, Reader, Sender) {
    // One batch waits while the last one is on its way to the viewer.
    let (viewer, frames) = mpsc::channel(1);
    let (to_guacd, from_viewer) = mpsc::channel(INPUT_QUEUE);
    let ending = Arc::new(OnceLock::new());
    let asked =
        primary.as_ref().map(|primary| (primary.question.clone(), primary.threshold.clone()));
    let desk = Desk {
        viewer: Some(viewer),
        to_guacd: to_guacd.clone(),
        primary,
        silence_limit: config.silence_limit,
        address: address.to_owned(),
    };
    let leg = Leg {
        stream: ready.stream,
        intake: Intake::new(ready.received),
        desk,
        from_viewer,
        keep_alive: config.keep_alive,
        ending: ending.clone(),
    };
    let writer = Sender { to_guacd, access, address: address.to_owned(), asked };
    (leg, Reader { frames, ending }, writer)
}

/// From guacd to one viewer.
pub(super) struct Reader {
    pub(super) frames: mpsc::Receiver<Bytes>,
    pub(super) ending: Arc<OnceLock<Ending>>,
}

impl Reader {
    /// Takes nothing any more: the leg need not wait.
    pub(super) fn leave(&mut self) {
        self.frames.close();
        while self.frames.try_recv().is_ok() {}
    }
}

#[async_trait]
impl LinkReader for Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, SessionError> {
        match (self.frames.recv().await, self.ending.get()) {
            (Some(instructions), _) => Ok(Some(instructions)),
            (None, Some(Ending::Failed(error))) if error.cause == Cause::Lost => Err(error.clone()),
            (None, _) => Ok(None),
        }
    }
}

/// From one viewer to guacd.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) to_guacd: mpsc::Sender<Bytes>,
    pub(super) access: ViewerAccess,
    pub(super) address: String,
    /// What guacd asks and when it may hear more, on the primary.
    pub(super) asked: Option<(Question, Threshold)>,
}

#[async_trait]
impl LinkWriter for Sender {
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError> {
        let mut allowed = allowed(instructions, self.access)
            .map_err(|_| SessionError::new(Cause::Lost, "The viewer sent garbage."))?;
        if let Some((question, threshold)) = &self.asked {
            allowed = threshold.admit(allowed);
            if memmem::find(&allowed, ANSWER).is_some() {
                question.answered();
            }
        }
        if self.to_guacd.is_closed() {
            return Err(words::broken(&self.address));
        }
        if allowed.is_empty() {
            return Ok(());
        }
        match timeout(WRITE_LIMIT, self.to_guacd.send(allowed)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(words::broken(&self.address)),
        }
    }
}
