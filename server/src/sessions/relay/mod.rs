//! A viewer's WebSocket: whole instructions in both directions, each message leaving
//! before the next one is asked for, and nobody waited for without a limit.

mod farewell;
mod incoming;
mod outgoing;
mod recording;
mod sift;
mod veil;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fanlight_core::{Cause, SessionError};
use fanlight_engine::link::{LinkWriter, ViewerAccess};
use fanlight_engine::wire::{Limits, whole_instructions};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use yawc::{Frame, HttpWebSocket};

use super::{Attachment, Bearer, LadderWatch, Via};
use farewell::{Farewell, say_farewell};
use outgoing::write_steps;
use recording::RecordingNews;

/// Messages to viewers are longer only where a single instruction is, bytes.
const LONGEST_MESSAGE: usize = 32 * 1024;
/// Replies to pings that wait for their turn; a viewer that sends more is not read.
const REPLIES: usize = 16;

/// Where the way to the engine is put when it is open, and the next one when what the
/// viewer may do has changed.
type WriterSlot = Arc<Mutex<Option<Box<dyn LinkWriter>>>>;

/// How long a viewer may take, and what it may have.
#[derive(Debug, Clone, Copy)]
pub struct RelayLimits {
    /// For one message to leave.
    pub send: Duration,
    /// Between two signs of life.
    pub idle: Duration,
    /// Whether those who may only look are given what is copied.
    pub view_only_clipboard: bool,
}

/// Relays between a viewer and its session until one of them ends, then tells the viewer
/// why.
pub async fn relay(
    socket: HttpWebSocket,
    attachment: Attachment,
    bearer: Option<Bearer>,
    limits: RelayLimits,
) {
    let (sink, mut stream) = socket.split();
    let mut sink = Sink { inner: sink, deadline: limits.send };
    let (reply, replies) = mpsc::channel(REPLIES);
    let writers = WriterSlot::default();
    let mut ladder = match attachment.access() {
        ViewerAccess::Own => attachment.live().ladder().watch(),
        ViewerAccess::Interact | ViewerAccess::View => LadderWatch::default(),
    };
    let incoming = incoming::Incoming {
        attachment: &attachment,
        idle: limits.idle,
        reply,
        writers: Arc::clone(&writers),
        writer: None,
        sifter: sift::Sifter::default(),
    };
    let sees_all = attachment.person().entrance.via == Via::Watch;
    let outgoing = outgoing::Outgoing {
        sink: &mut sink,
        attachment: &attachment,
        replies,
        news: outgoing::News {
            ladder: &mut ladder,
            people: attachment.live().presence.watch(sees_all),
            warnings: attachment.live().warnings.watch(),
            recording: RecordingNews::default(),
        },
        beat: limits.idle / 3,
        may_copy: limits.view_only_clipboard,
    };
    let farewell = tokio::select! {
        biased;
        () = revoked(bearer.as_ref()) => Farewell::Failed(no_longer_signed_in()),
        () = attachment.cut() => Farewell::SessionEnded,
        why = attachment.person().dismissed() => Farewell::Failed(why),
        farewell = incoming.run(&mut stream) => farewell,
        farewell = outgoing.run(&writers) => farewell,
    };
    if let Some(reason) = farewell.reason(&attachment).await {
        let steps = write_steps(&ladder.news());
        say_farewell(reason.as_ref(), steps, &mut sink, &mut stream).await;
    }
}

async fn revoked(bearer: Option<&Bearer>) {
    match bearer {
        Some(bearer) => bearer.revoked().await,
        None => std::future::pending().await,
    }
}

fn no_longer_signed_in() -> SessionError {
    SessionError::new(Cause::Denied, "You are no longer signed in.")
}

/// The sending half, with a deadline on every message.
struct Sink {
    inner: SplitSink<HttpWebSocket, Frame>,
    deadline: Duration,
}

impl Sink {
    /// Sends whole instructions without copying them, as several messages where one would
    /// be long: a socket keeps a buffer as large as its largest message.
    async fn send(&mut self, mut instructions: Bytes) -> Result<(), Farewell> {
        while instructions.len() > LONGEST_MESSAGE {
            let front = &instructions[..LONGEST_MESSAGE];
            let whole = whole_instructions(front, Limits::default()).unwrap_or(0);
            if whole == 0 {
                break;
            }
            self.send_text(instructions.split_to(whole)).await?;
        }
        self.send_text(instructions).await
    }

    async fn send_text(&mut self, instructions: Bytes) -> Result<(), Farewell> {
        std::str::from_utf8(&instructions).map_err(|_| {
            let garbage = "The engine sent what is no text.";
            Farewell::Failed(SessionError::new(Cause::Lost, garbage))
        })?;
        self.send_frame(Frame::text(instructions)).await
    }

    async fn send_frame(&mut self, frame: Frame) -> Result<(), Farewell> {
        match tokio::time::timeout(self.deadline, self.inner.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Farewell::ViewerGone),
            Err(_) => {
                tracing::info!("a viewer that takes no data is dropped");
                Err(Farewell::ViewerGone)
            }
        }
    }
}
