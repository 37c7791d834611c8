use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fanlight_core::{Permits, StepState};
use fanlight_engine::link::{EngineSession, LinkReader, Viewer, ViewerAccess};
use fanlight_engine::wire::{Writer, instruction};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};
use uuid::Uuid;
use yawc::Frame;

use super::farewell::{Farewell, plain};
use super::recording::RecordingNews;
use super::veil::Veil;
use super::{Sink, WriterSlot};
use crate::sessions::presence::{PersonView, PresenceWatch};
use crate::sessions::warnings::{EndsBy, WarningsWatch};
use crate::sessions::{Attachment, LadderWatch, StepView};

/// From the engine to the viewer, and what the gateway itself has to tell.
pub(super) struct Outgoing<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) attachment: &'a Attachment,
    pub(super) replies: mpsc::Receiver<Bytes>,
    pub(super) news: News<'a>,
    pub(super) beat: Duration,
    /// Whether those who may only look are given what is copied.
    pub(super) may_copy: bool,
}

/// What the gateway itself tells as it changes.
pub(super) struct News<'a> {
    pub(super) ladder: &'a mut LadderWatch,
    pub(super) people: PresenceWatch,
    pub(super) warnings: WarningsWatch,
    pub(super) recording: RecordingNews,
}

/// What the gateway itself has to tell.
enum Own {
    Reply(Option<Bytes>),
    Steps,
    People,
    Warnings,
    Recording,
    Beat,
}

/// Why nothing more comes through a link.
enum Dry {
    /// The engine ended it.
    Ended,
    /// The viewer may do something else from now on: it needs another one.
    Outdated,
}

impl Outgoing<'_> {
    pub(super) async fn run(mut self, writers: &WriterSlot) -> Farewell {
        match self.relay(writers).await {
            Ok(()) => Farewell::SessionEnded,
            Err(farewell) => farewell,
        }
    }

    async fn relay(&mut self, writers: &WriterSlot) -> Result<(), Farewell> {
        let mut beat = interval(self.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let id = Uuid::new_v4().to_string();
        self.sink.send(instruction("", &[&id]).freeze()).await?;
        self.sink.send(write_permits(self.attachment.permits())).await?;
        let engine = self.wait_for_engine(&mut beat).await?;
        self.news.recording = RecordingNews::of(self.attachment.live());
        let viewport = self.attachment.viewport();
        loop {
            let access = self.attachment.access();
            let link = engine.view(Viewer { viewport, access }).await;
            let link = link.map_err(|_| Farewell::SessionEnded)?;
            *writers.lock() = Some(link.writer);
            match self.pump(link.reader, access, &mut beat).await? {
                Dry::Ended => return Ok(()),
                Dry::Outdated => {}
            }
        }
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
                own = next_own(&mut self.replies, &mut self.news, beat) => own,
                found = &mut engine => return found.map_err(|_| Farewell::SessionEnded),
            };
            self.tell(own).await?;
        }
    }

    async fn pump(
        &mut self,
        mut reader: Box<dyn LinkReader>,
        access: ViewerAccess,
        beat: &mut Interval,
    ) -> Result<Dry, Farewell> {
        let mut veil = (access == ViewerAccess::View).then(|| Veil::new(self.may_copy));
        let attachment = self.attachment;
        loop {
            let own = tokio::select! {
                biased;
                () = attachment.person().access_other_than(access) => return Ok(Dry::Outdated),
                own = next_own(&mut self.replies, &mut self.news, beat) => own,
                next = reader.next() => match next {
                    Ok(Some(instructions)) => {
                        let shown = match &mut veil {
                            Some(veil) => veil.cover(instructions),
                            None => instructions,
                        };
                        if !shown.is_empty() {
                            attachment.live().traffic.note_sent(shown.len());
                            self.sink.send(shown).await?;
                        }
                        continue;
                    }
                    Ok(None) => return Ok(Dry::Ended),
                    Err(error) => {
                        tracing::info!(%error, "the engine's link broke");
                        return Ok(Dry::Ended);
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
            Own::Recording => self.sink.send(self.news.recording.write()).await,
            Own::Steps => match write_steps(&self.news.ladder.news()) {
                steps if steps.is_empty() => Ok(()),
                steps => self.sink.send(steps).await,
            },
            Own::Warnings => match self.news.warnings.news() {
                Some(warning) => self.sink.send(write_warning(warning)).await,
                None => Ok(()),
            },
            Own::People => match self.news.people.news() {
                Some(people) => {
                    let told = write_people(self.attachment.person().id, people);
                    self.sink.send(told).await
                }
                None => Ok(()),
            },
        }
    }
}

/// Cancel safe, because all it waits for is.
async fn next_own(
    replies: &mut mpsc::Receiver<Bytes>,
    news: &mut News<'_>,
    beat: &mut Interval,
) -> Own {
    tokio::select! {
        reply = replies.recv() => Own::Reply(reply),
        () = news.ladder.changed() => Own::Steps,
        () = news.people.changed() => Own::People,
        () = news.warnings.changed() => Own::Warnings,
        () = news.recording.changed() => Own::Recording,
        _ = beat.tick() => Own::Beat,
    }
}

/// `permits,<word>...`: what this session leaves its viewers to do; ours, as `step` is.
fn write_permits(permits: Permits) -> Bytes {
    let Permits { resize, copy, paste, input, download, upload } = permits;
    let all = [
        ("resize", resize),
        ("copy", copy),
        ("paste", paste),
        ("input", input),
        ("download", download),
        ("upload", upload),
    ];
    let left: Vec<&str> = all.iter().filter(|(_, may)| *may).map(|(word, _)| *word).collect();
    instruction("permits", &left).freeze()
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

/// `people,<viewer>,<JSON>`: who is there, and which of them the viewer is; ours, too.
fn write_people(viewer: Uuid, people: &[PersonView]) -> Bytes {
    let mut out = BytesMut::new();
    let text = serde_json::to_string(people).unwrap_or_default();
    Writer::new(&mut out, "people").str(&viewer.to_string()).str(&plain(&text));
    out.freeze()
}

/// `ends,<by>,<seconds>`: what will end the session and when, or `ends,,0` where nothing
/// will any more; ours, too.
fn write_warning(warning: Option<(EndsBy, Duration)>) -> Bytes {
    let mut out = BytesMut::new();
    let (by, left) = warning.map_or(("", Duration::ZERO), |(by, left)| (by.name(), left));
    let seconds = i64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(i64::MAX);
    Writer::new(&mut out, "ends").str(by).int(seconds);
    out.freeze()
}
