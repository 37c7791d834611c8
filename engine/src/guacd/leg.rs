use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fanlight_core::{BoxedStream, SessionError};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::intake::Intake;
use super::primary::{Newcomer, Primary};
use super::words;
use crate::wire::{Writer, parse_all};

/// How long guacd may leave a viewer's input unread before it counts as gone.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// How long a leg waits for guacd's goodbye.
const GOODBYE_LIMIT: Duration = Duration::from_millis(800);
const NOP: Bytes = Bytes::from_static(b"3.nop;");
const DISCONNECT: &[u8] = b"10.disconnect;";

/// How a leg ended.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// guacd said goodbye.
    InOrder,
    /// The viewer of a leg that is nothing without it went.
    ViewerLeft,
    /// The session was closed.
    Closed,
    /// guacd reported an error, broke off or sent garbage.
    Failed(SessionError),
}

/// One connection to guacd, from `ready` to its end, driven by one task.
///
/// What comes from guacd is handed to the viewer one batch at a time: while the viewer
/// takes none, none is read. What comes from the viewer is written meanwhile.
pub(super) struct Leg {
    pub(super) stream: BoxedStream,
    pub(super) intake: Intake,
    pub(super) desk: Desk,
    pub(super) from_viewer: mpsc::Receiver<Bytes>,
    pub(super) keep_alive: Duration,
    /// Told before the viewer's channel ends.
    pub(super) ending: Arc<OnceLock<Ending>>,
}

/// Where guacd's instructions are handed out.
pub(super) struct Desk {
    /// The viewer; `None` once it has gone.
    pub(super) viewer: Option<mpsc::Sender<Bytes>>,
    /// For answers in the place of a viewer that has gone.
    pub(super) to_guacd: mpsc::Sender<Bytes>,
    /// `None` for a leg that ends with its viewer.
    pub(super) primary: Option<Primary>,
    pub(super) silence_limit: Duration,
    /// guacd's address, for people.
    pub(super) address: String,
}

impl Leg {
    /// Runs to the end and says how it came.
    pub(super) async fn run(mut self, cancel: CancellationToken) -> Ending {
        let (mut reader, mut writer) = tokio::io::split(self.stream);
        let ending = tokio::select! {
            biased;
            () = cancel.cancelled() => Ending::Closed,
            ending = self.desk.serve(&mut self.intake, &mut reader) => ending,
            error = forward(&mut self.from_viewer, &mut writer, self.keep_alive) => {
                tracing::debug!(%error, "guacd takes no input");
                Ending::Failed(words::broken(&self.desk.address))
            }
        };
        // Nobody else sets it: this task is the only one that holds the leg.
        let _ = self.ending.set(ending.clone());
        drop(self.desk);
        if matches!(ending, Ending::Closed | Ending::ViewerLeft) {
            // guacd frees the session when it hears this, or when the socket closes.
            let _ = timeout(GOODBYE_LIMIT, part(&mut reader, &mut writer, self.intake)).await;
        }
        ending
    }
}

impl Desk {
    async fn serve(&mut self, intake: &mut Intake, reader: &mut ReadHalf<BoxedStream>) -> Ending {
        loop {
            let batch = match intake.next() {
                Ok(batch) => batch,
                Err(error) => return Ending::Failed(words::garbage(&self.address, error)),
            };
            if let (Some(primary), Some(question)) = (&self.primary, &batch.question) {
                primary.question.ask(question);
            }
            if let Some(primary) = self.primary.as_ref().filter(|_| intake.has_shown()) {
                primary.threshold.open();
            }
            let more = !batch.instructions.is_empty();
            if more && self.hand_out(batch.instructions).await.is_err() {
                return Ending::ViewerLeft;
            }
            match batch.last_word {
                // guacd's plug-ins may fail before they know whom to tell why.
                Some(Ok(())) if !intake.has_shown() => {
                    return Ending::Failed(words::nothing_shown());
                }
                Some(Ok(())) => return Ending::InOrder,
                Some(Err(error)) => return Ending::Failed(error),
                None if more => continue,
                None => {}
            }
            let filled = tokio::select! {
                () = left(self.viewer.as_ref()), if self.primary.is_none() => {
                    return Ending::ViewerLeft;
                }
                newcomer = arrives(self.primary.as_mut()) => {
                    self.seat(newcomer);
                    continue;
                }
                filled = timeout(self.silence_limit, intake.fill(reader)) => filled,
            };
            match filled {
                Ok(Ok(1..)) => {}
                Ok(Ok(0) | Err(_)) => return Ending::Failed(words::broken(&self.address)),
                Err(_) => return Ending::Failed(words::silent(&self.address)),
            }
        }
    }

    /// Hands instructions to the viewer or, where it has gone and the leg stays, answers
    /// in its place. A viewer that takes nothing for too long counts as gone: a session
    /// whose end nobody reads would never end.
    async fn hand_out(&mut self, instructions: Bytes) -> Result<(), ()> {
        if let Some(viewer) = &self.viewer {
            let taken = timeout(self.silence_limit, viewer.send(instructions.clone())).await;
            if taken.is_ok_and(|sent| sent.is_ok()) {
                return Ok(());
            }
        }
        if self.primary.is_none() {
            return Err(());
        }
        self.viewer = None;
        self.acknowledge(&instructions).await;
        Ok(())
    }

    /// Gives the viewer's place away, if it is free and still wanted.
    fn seat(&mut self, newcomer: Newcomer) {
        let taken = self.viewer.as_ref().is_some_and(|viewer| !viewer.is_closed());
        if !taken && newcomer.seated.send(()).is_ok() {
            self.viewer = Some(newcomer.viewer);
        }
    }

    /// guacd waits for the acknowledgement of frames, and takes silence for absence.
    async fn acknowledge(&self, unseen: &[u8]) {
        let mut answers = BytesMut::new();
        for instruction in parse_all(unseen).flatten() {
            if instruction.opcode == "sync" {
                Writer::new(&mut answers, "sync").str(instruction.text(0));
            }
        }
        if !answers.is_empty() {
            // The other end is in the same task, and outlives this one.
            let _ = self.to_guacd.send(answers.freeze()).await;
        }
    }
}

/// Waits until the viewer has gone.
async fn left(viewer: Option<&mpsc::Sender<Bytes>>) {
    if let Some(viewer) = viewer {
        viewer.closed().await;
    }
}

/// Waits for somebody who wants the viewer's place.
async fn arrives(primary: Option<&mut Primary>) -> Newcomer {
    match primary {
        Some(primary) => match primary.newcomers.recv().await {
            Some(newcomer) => newcomer,
            // The session was dropped, which cancels the leg.
            None => pending().await,
        },
        None => pending().await,
    }
}

/// Writes what the viewer sends, and a `nop` where it sends nothing, until that fails.
async fn forward(
    from_viewer: &mut mpsc::Receiver<Bytes>,
    writer: &mut WriteHalf<BoxedStream>,
    keep_alive: Duration,
) -> std::io::Error {
    loop {
        // The desk holds a sender, so that the channel never ends.
        let next = timeout(keep_alive, from_viewer.recv()).await;
        let bytes = next.ok().flatten().unwrap_or(NOP);
        let written = timeout(WRITE_LIMIT, async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        });
        if let Err(error) = written.await.unwrap_or_else(|limit| Err(limit.into())) {
            return error;
        }
    }
}

/// Says goodbye and waits for guacd's, or for the end.
async fn part(
    reader: &mut ReadHalf<BoxedStream>,
    writer: &mut WriteHalf<BoxedStream>,
    mut intake: Intake,
) -> std::io::Result<()> {
    writer.write_all(DISCONNECT).await?;
    writer.flush().await?;
    while let Ok(batch) = intake.next() {
        let over = batch.last_word.is_some();
        if over || (batch.instructions.is_empty() && intake.fill(reader).await? == 0) {
            break;
        }
    }
    writer.shutdown().await
}
