use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use fanlight_core::{Cause, SessionError};
use fanlight_engine::link::{LinkWriter, ViewerAccess};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use tokio::sync::{mpsc, oneshot};

use super::farewell::Farewell;
use super::sift::sift;
/// From the viewer to the engine.
pub(super) struct Incoming {
    pub(super) access: ViewerAccess,
    pub(super) idle: Duration,
    pub(super) reply: mpsc::Sender<Bytes>,
    pub(super) writer: Waiting,
}

/// The way to the engine, which is open only after a while.
pub(super) enum Waiting {
    For(oneshot::Receiver<Box<dyn LinkWriter>>),
    Ready(Box<dyn LinkWriter>),
}

impl Incoming {
    pub(super) async fn run(mut self, stream: &mut SplitStream<WebSocket>) -> Farewell {
        loop {
            let message = match tokio::time::timeout(self.idle, stream.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(error))) => return broken(&error),
                Ok(None) | Err(_) => return Farewell::ViewerGone,
            };
            let text = match message {
                Message::Text(text) => Bytes::from(text),
                Message::Ping(_) | Message::Pong(_) => continue,
                Message::Close(_) => return Farewell::ViewerGone,
                Message::Binary(_) => return not_guacamole("binary"),
            };
            if let Err(farewell) = self.take(text).await {
                return farewell;
            }
        }
    }

    async fn take(&mut self, text: Bytes) -> Result<(), Farewell> {
        let sifted = sift(text, self.access).map_err(not_guacamole)?;
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
        match self.ready_writer() {
            Some(writer) => writer.send(sifted.forward).await.map_err(|_| Farewell::SessionEnded),
            // There is no screen yet that the viewer could mean.
            None => Ok(()),
        }
    }

    fn ready_writer(&mut self) -> Option<&mut Box<dyn LinkWriter>> {
        if let Waiting::For(receiver) = &mut self.writer {
            self.writer = Waiting::Ready(receiver.try_recv().ok()?);
        }
        match &mut self.writer {
            Waiting::Ready(writer) => Some(writer),
            Waiting::For(_) => None,
        }
    }
}

/// A socket that broke is gone; one that breaks the rules of WebSockets is told so.
fn broken(error: &axum::Error) -> Farewell {
    tracing::debug!(%error, "a viewer's socket failed");
    Farewell::ViewerGone
}

fn not_guacamole(why: impl std::fmt::Display) -> Farewell {
    tracing::info!(%why, "a viewer sent what is no instruction");
    Farewell::Failed(SessionError::new(
        Cause::Invalid,
        "The browser sent something that is no Guacamole instruction.",
    ))
}
