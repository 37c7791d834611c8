//! One more viewer of a session, which only looks: what it is shown goes into a file.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fanlight_core::{SessionError, Viewport};
use fanlight_engine::link::{EngineSession, Link, Viewer, ViewerAccess};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::frames::{Frames, write_sync};
use super::pace::{Pace, Spacing};
use super::paper::Paper;
use super::segments::Segments;
use super::tap::Tap;

/// Longest time for the engine to take a viewer in.
const JOIN_LIMIT: Duration = Duration::from_secs(10);
/// How long a session whose stream ended may take to say that it has ended, too.
const END_LIMIT: Duration = Duration::from_secs(2);

/// Why a recording ends before its session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("It cannot be written: {0}.")]
    Write(#[from] io::Error),
    #[error("The engine does not show it: {0}")]
    Join(SessionError),
    #[error("The engine does not answer.")]
    Silent,
}

/// The time of a recording: it begins with the wall clock's, and never jumps.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    began: Instant,
    started_at: i64,
}

impl Clock {
    /// Begins now; `started_at` is that in milliseconds since 1970-01-01 UTC.
    pub(super) fn start(started_at: i64) -> Self {
        Self { began: Instant::now(), started_at }
    }

    /// Milliseconds since the beginning, and since 1970-01-01 UTC.
    fn now(self) -> (u64, i64) {
        let time_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        (time_ms, self.started_at.saturating_add_unsigned(time_ms))
    }
}

/// What is recorded, and how often.
pub(super) struct Scene {
    pub(super) engine: Arc<dyn EngineSession>,
    pub(super) viewport: Viewport,
    /// Time between frames, for an engine that waits for its viewers. guacd does not: one
    /// that reads slowly holds up all the others.
    pub(super) spacing: Spacing,
    pub(super) tap: Arc<Tap>,
    pub(super) clock: Clock,
    /// Cancelled when the recording is to end although its session does not.
    pub(super) stop: CancellationToken,
}

impl Scene {
    /// Joins the session. What the engine shows first is the whole picture.
    async fn join(&self) -> Result<Link, Failure> {
        let viewer = Viewer { viewport: self.viewport, access: ViewerAccess::View };
        tokio::select! {
            () = self.stop.cancelled() => Err(Failure::Silent),
            joined = timeout(JOIN_LIMIT, self.engine.view(viewer)) => {
                joined.map_err(|_| Failure::Silent)?.map_err(Failure::Join)
            }
        }
    }

    async fn has_ended(&self) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => true,
            ended = timeout(END_LIMIT, self.engine.ended()) => ended.is_ok(),
        }
    }
}

/// Makes one recording.
pub(super) struct Recorder {
    scene: Scene,
    paper: Paper,
    frames: Frames,
    segments: Segments,
    pace: Pace,
    /// No frame is asked for before.
    rest: Instant,
}

enum Next {
    Shown(Bytes),
    StreamEnded,
    Pointed,
    Rested,
    Stopped,
}

impl Recorder {
    pub(super) fn new(scene: Scene, paper: Paper) -> Self {
        let now = Instant::now();
        let (frames, segments) = (Frames::default(), Segments::new(now));
        let pace = Pace::new(scene.spacing);
        Self { scene, paper, frames, segments, pace, rest: now }
    }

    /// Records until the session ends, and ends the file.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let last = match self.record().await {
            Ok(()) => self.write_last().await.map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        let (duration_ms, _) = self.scene.clock.now();
        let duration_ms = if last.is_ok() { duration_ms } else { 0 };
        let finished = self.paper.finish(duration_ms).await;
        last.and(finished.map_err(Failure::from))
    }

    async fn record(&mut self) -> Result<(), Failure> {
        let mut link = match self.scene.join().await {
            Ok(link) => link,
            // It was over before it showed anything.
            Err(Failure::Join(_) | Failure::Silent) if self.scene.has_ended().await => {
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        loop {
            let now = Instant::now();
            if self.segments.due().is_some_and(|due| due <= now) {
                self.write().await?;
            }
            if self.segments.want_key(now) {
                link = self.turn_page(link).await?;
            }
            match self.next(&mut link).await {
                Next::Shown(bytes) => {
                    if !self.take(bytes, &mut link).await && self.scene.has_ended().await {
                        return Ok(());
                    }
                }
                Next::Stopped => return Ok(()),
                Next::StreamEnded if self.scene.has_ended().await => return Ok(()),
                Next::StreamEnded => link = self.join_anew().await?,
                Next::Pointed => self.point(),
                Next::Rested => {}
            }
        }
    }

    async fn next(&self, link: &mut Link) -> Next {
        let rests = self.rest > Instant::now();
        let due = self.segments.due().unwrap_or(self.rest);
        tokio::select! {
            biased;
            () = self.scene.stop.cancelled() => Next::Stopped,
            next = link.reader.next(), if !rests => match next {
                Ok(Some(bytes)) => Next::Shown(bytes),
                Ok(None) | Err(_) => Next::StreamEnded,
            },
            () = self.scene.tap.news(), if !rests && self.segments.has_key() => Next::Pointed,
            () = sleep_until(self.rest), if rests => Next::Rested,
            () = sleep_until(due), if self.segments.due().is_some() => Next::Rested,
        }
    }

    /// Records what is shown and answers the engine; `false` where that is gone.
    async fn take(&mut self, bytes: Bytes, link: &mut Link) -> bool {
        let (time_ms, stamp) = self.scene.clock.now();
        let Ok(taken) = self.frames.take(bytes, stamp) else { return false };
        let now = Instant::now();
        if taken.is_frame() {
            self.segments.add(&taken.frames, time_ms, now);
            self.rest = now + self.pace.frame(now, self.scene.tap.somebody_acted());
        }
        let answer = taken.acknowledgements.freeze();
        answer.is_empty() || link.writer.send(answer).await.is_ok()
    }

    fn point(&mut self) {
        let (time_ms, stamp) = self.scene.clock.now();
        let mut frame = self.scene.tap.drain(stamp);
        if !frame.is_empty() {
            write_sync(&mut frame, stamp);
            let now = Instant::now();
            self.segments.add(&frame, time_ms, now);
            self.rest = now + self.pace.frame(now, true);
        }
    }

    /// Begins a segment, if the engine takes one more viewer in.
    async fn turn_page(&mut self, old: Link) -> Result<Link, Failure> {
        match self.join_anew().await {
            Err(Failure::Write(error)) => Err(Failure::Write(error)),
            Err(failure) => {
                tracing::debug!(%failure, "a key frame is put off");
                self.segments.put_off(Instant::now());
                Ok(old)
            }
            Ok(new) => Ok(new),
        }
    }

    async fn join_anew(&mut self) -> Result<Link, Failure> {
        let link = self.scene.join().await?;
        self.write().await?;
        self.segments.begin(self.frames.restart(), Instant::now());
        Ok(link)
    }

    async fn write(&mut self) -> io::Result<()> {
        match self.segments.cut() {
            Some(chunk) => self.paper.write(chunk).await,
            None => Ok(()),
        }
    }

    /// The last moment is one more frame: players know by it how long the recording is. Where
    /// a segment has no picture yet, it would be one without.
    async fn write_last(&mut self) -> io::Result<()> {
        if !self.segments.has_key() {
            return Ok(());
        }
        let (time_ms, stamp) = self.scene.clock.now();
        let mut last = self.scene.tap.drain(stamp);
        write_sync(&mut last, stamp);
        self.write().await?;
        self.segments.add(&last, time_ms, Instant::now());
        self.write().await
    }
}
