use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{Cause, SessionError};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::handshake::Ready;
use super::intake::Intake;
use super::leg::{Desk, Ending, Leg, WRITE_LIMIT};
use super::pass::allowed;
use super::{GuacdConfig, words};
use crate::link::{Link, LinkReader, LinkWriter, ViewerAccess};

/// Messages of a viewer that wait for guacd.
const INPUT_QUEUE: usize = 16;

/// A leg and the link of its viewer.
pub(super) fn join(
    ready: Ready,
    access: ViewerAccess,
    stays: bool,
    address: &str,
    config: &GuacdConfig,
) -> (Leg, Link) {
    // One batch waits while the last one is on its way to the viewer.
    let (viewer, frames) = mpsc::channel(1);
    let (to_guacd, from_viewer) = mpsc::channel(INPUT_QUEUE);
    let ending = Arc::new(OnceLock::new());
    let desk = Desk {
        viewer: Some(viewer),
        to_guacd: to_guacd.clone(),
        stays,
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
    let reader = Box::new(Reader { frames, ending });
    let writer = Box::new(Sender { to_guacd, access, address: address.to_owned() });
    (leg, Link { reader, writer })
}

struct Reader {
    frames: mpsc::Receiver<Bytes>,
    ending: Arc<OnceLock<Ending>>,
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

struct Sender {
    to_guacd: mpsc::Sender<Bytes>,
    access: ViewerAccess,
    address: String,
}

#[async_trait]
impl LinkWriter for Sender {
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError> {
        let allowed = allowed(instructions, self.access)
            .map_err(|_| SessionError::new(Cause::Lost, "The viewer sent garbage."))?;
        if allowed.is_empty() {
            return Ok(());
        }
        match timeout(WRITE_LIMIT, self.to_guacd.send(allowed)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(words::broken(&self.address)),
        }
    }
}
