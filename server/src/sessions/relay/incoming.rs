use std::time::Duration;

use bytes::Bytes;
use fanlight_core::{Cause, SessionError};
use fanlight_engine::link::LinkWriter;
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use yawc::{HttpWebSocket, OpCode};

use super::WriterSlot;
use super::farewell::Farewell;
use super::sift::Sifter;
use crate::sessions::Attachment;
use crate::store::to_millis;

/// Pings that a viewer may send in a second. Each makes the socket keep an answer until it
/// can leave; browsers send none.
const PINGS: u32 = 50;

/// From the viewer to the engine.
pub(super) struct Incoming<'a> {
    pub(super) attachment: &'a Attachment,
    pub(super) idle: Duration,
    pub(super) reply: mpsc::Sender<Bytes>,
    pub(super) writers: WriterSlot,
    /// The way to the engine, which is open only after a while.
    pub(super) writer: Option<Box<dyn LinkWriter>>,
    pub(super) sifter: Sifter,
}

impl Incoming<'_> {
    pub(super) async fn run(mut self, stream: &mut SplitStream<HttpWebSocket>) -> Farewell {
        let mut pings = Pings { since: Instant::now(), count: 0 };
        loop {
            let Ok(Some(frame)) = tokio::time::timeout(self.idle, stream.next()).await else {
                return Farewell::ViewerGone;
            };
            match frame.opcode() {
                OpCode::Text => {}
                OpCode::Pong => continue,
                OpCode::Ping if pings.are_few() => continue,
                OpCode::Ping => return not_guacamole("a flood of pings"),
                OpCode::Close => return Farewell::ViewerGone,
                OpCode::Binary | OpCode::Continuation => return not_guacamole("binary"),
            }
            if let Err(farewell) = self.take(frame.into_payload()).await {
                return farewell;
            }
        }
    }

    async fn take(&mut self, text: Bytes) -> Result<(), Farewell> {
        let live = self.attachment.live();
        live.traffic.note_received(text.len());
        let sifted = self.sifter.sift(text, self.attachment.access()).map_err(not_guacamole)?;
        if sifted.acts {
            live.last_input.send_replace(Instant::now());
        }
        if sifted.leaves {
            return Err(Farewell::ViewerLeft);
        }
        if !sifted.reply.is_empty() {
            let sent = self.reply.send(sifted.reply.freeze()).await;
            sent.map_err(|_| Farewell::SessionEnded)?;
        }
        if sifted.forward.is_empty() {
            return Ok(());
        }
        if let Some(taping) = self.attachment.live().taping() {
            let stamp = to_millis(OffsetDateTime::now_utc());
            taping.tap.look(&sifted.forward, stamp);
        }
        if let Some(newest) = self.writers.lock().take() {
            self.writer = Some(newest);
        }
        match &mut self.writer {
            Some(writer) => writer.send(sifted.forward).await.map_err(|_| Farewell::SessionEnded),
            // There is no screen yet that the viewer could mean.
            None => Ok(()),
        }
    }
}

/// Pings of one second.
struct Pings {
    since: Instant,
    count: u32,
}

impl Pings {
    /// Counts one.
    fn are_few(&mut self) -> bool {
        if self.since.elapsed() > Duration::from_secs(1) {
            *self = Self { since: Instant::now(), count: 0 };
        }
        self.count += 1;
        self.count <= PINGS
    }
}

fn not_guacamole(why: impl std::fmt::Display) -> Farewell {
    tracing::info!(%why, "a viewer sent what is no instruction");
    Farewell::Failed(SessionError::new(
        Cause::Invalid,
        "The browser sent something that is no Guacamole instruction.",
    ))
}
