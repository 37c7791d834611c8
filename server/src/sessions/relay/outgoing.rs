use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fanlight_core::StepState;
use fanlight_engine::link::{EngineSession, LinkReader, LinkWriter, Viewer};
use fanlight_engine::wire::{Writer, instruction};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, interval};
use uuid::Uuid;
use yawc::Frame;

use super::Sink;
use super::farewell::{Farewell, plain};
use crate::sessions::{Attachment, LadderWatch, StepView};

/// From the engine to the viewer, and what the gateway itself has to tell.
pub(super) struct Outgoing<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) attachment: &'a Attachment,
    pub(super) replies: mpsc::Receiver<Bytes>,
    pub(super) ladder: &'a mut LadderWatch,
    pub(super) beat: Duration,
}

/// What the gateway itself has to tell.
enum Own {
    Reply(Option<Bytes>),
    Steps,
    Beat,
}

impl Outgoing<'_> {
    pub(super) async fn run(mut self, writer: oneshot::Sender<Box<dyn LinkWriter>>) -> Farewell {
        match self.relay(writer).await {
            Ok(()) => Farewell::SessionEnded,
            Err(farewell) => farewell,
        }
    }

    async fn relay(
        &mut self,
        writer: oneshot::Sender<Box<dyn LinkWriter>>,
    ) -> Result<(), Farewell> {
        let mut beat = interval(self.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let id = Uuid::new_v4().to_string();
        self.sink.send(instruction("", &[&id]).freeze()).await?;
        let engine = self.wait_for_engine(&mut beat).await?;
        let (viewport, access) = (self.attachment.viewport(), self.attachment.access());
        let link = engine.view(Viewer { viewport, access }).await;
        let link = link.map_err(|_| Farewell::SessionEnded)?;
        let _ = writer.send(link.writer);
        self.pump(link.reader, &mut beat).await
    }

    async fn wait_for_engine(
        &mut self,
        beat: &mut Interval,
    ) -> Result<Arc<dyn EngineSession>, Farewell> {
        let attachment = self.attachment;
        let engine = attachment.engine();
        tokio::pin!(engine);
        loop {
            let own = tokio::select! {
                biased;
                own = next_own(&mut self.replies, self.ladder, beat) => own,
                found = &mut engine => return found.map_err(|_| Farewell::SessionEnded),
            };
            self.tell(own).await?;
        }
    }

    async fn pump(
        &mut self,
        mut reader: Box<dyn LinkReader>,
        beat: &mut Interval,
    ) -> Result<(), Farewell> {
        loop {
            let own = tokio::select! {
                biased;
                own = next_own(&mut self.replies, self.ladder, beat) => own,
                next = reader.next() => match next {
                    Ok(Some(instructions)) => {
                        self.sink.send(instructions).await?;
                        continue;
                    }
                    Ok(None) => return Ok(()),
                    Err(error) => {
                        tracing::info!(%error, "the engine's link broke");
                        return Ok(());
                    }
                },
            };
            self.tell(own).await?;
        }
    }

    async fn tell(&mut self, own: Own) -> Result<(), Farewell> {
        match own {
            Own::Reply(Some(reply)) => self.sink.send(reply).await,
            Own::Reply(None) => Err(Farewell::ViewerGone),
            Own::Beat => self.sink.send_frame(Frame::ping(Bytes::new())).await,
            Own::Steps => match write_steps(&self.ladder.news()) {
                steps if steps.is_empty() => Ok(()),
                steps => self.sink.send(steps).await,
            },
        }
    }
}

/// Cancel safe, because all it waits for is.
async fn next_own(
    replies: &mut mpsc::Receiver<Bytes>,
    ladder: &mut LadderWatch,
    beat: &mut Interval,
) -> Own {
    tokio::select! {
        reply = replies.recv() => Own::Reply(reply),
        () = ladder.changed() => Own::Steps,
        _ = beat.tick() => Own::Beat,
    }
}

/// `step,<index>,<state>,<milliseconds>,<name>`: ours; other clients ignore it.
pub(super) fn write_steps(steps: &[(usize, StepView)]) -> Bytes {
    let mut out = BytesMut::new();
    for (index, step) in steps {
        let state = match step.state {
            StepState::Running => "running",
            StepState::Done => "done",
            StepState::Failed => "failed",
        };
        Writer::new(&mut out, "step")
            .int(i64::try_from(*index).unwrap_or(i64::MAX))
            .str(state)
            .int(i64::try_from(step.milliseconds).unwrap_or(i64::MAX))
            .str(&plain(&step.name));
    }
    out.freeze()
}
