use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use fanlight_core::{Cause, Painter, SessionError, ViewerId};
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::files::{Transfer, Transfers};
use super::notices::{Notices, write_farewell};
use super::pace::{Pace, Turn};
use super::stage::Stage;
use crate::display::WireCanvas;
use crate::link::LinkReader;
use crate::wire::Writer;

/// A viewer hears something at least this often, so that a dead one is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long a viewer may take over its last frame before the farewell follows anyway.
const FAREWELL_LIMIT: Duration = Duration::from_secs(2);
/// Answers that a viewer may leave unread, in bytes; further ones are dropped.
const MAX_ANSWERS: usize = 64 * 1024;

/// What the two halves of a viewer share.
#[derive(Default)]
pub(super) struct ViewerState {
    pub(super) pace: Mutex<Pace>,
    /// Answers to the viewer's streams, ready to be sent.
    pub(super) answers: Mutex<BytesMut>,
    pub(super) transfers: Arc<Transfers>,
    /// Set when the viewer said goodbye.
    pub(super) left: AtomicBool,
    /// Rung when one of these changes.
    pub(super) wake: Notify,
}

/// The half that a viewer's socket pulls from.
pub(super) struct ViewerReader {
    viewer: ViewerId,
    stage: Arc<Stage>,
    state: Arc<ViewerState>,
    notices: Notices,
    transfers: SelectAll<Transfer>,
    painter: Option<Box<dyn Painter>>,
    screen_number: u64,
    painted: u64,
    /// When the painter wants to paint again although nothing changed.
    paint_again: Option<Instant>,
    last_words: Instant,
    end_seen: Option<Instant>,
    finished: bool,
}

impl ViewerState {
    /// Answers the viewer, unless it leaves answers unread.
    pub(super) fn answer(&self, write: impl FnOnce(&mut BytesMut)) {
        let mut answers = self.answers.lock();
        if answers.len() < MAX_ANSWERS {
            write(&mut answers);
            self.wake.notify_one();
        }
    }
}

/// What to do next.
enum Next {
    Send(BytesMut),
    /// Wait for news, until then at most.
    Wait(Instant),
    /// Wait for news or a change of the picture, until then at most.
    WaitForChange(Instant),
}

impl ViewerReader {
    pub(super) fn new(
        viewer: ViewerId,
        stage: Arc<Stage>,
        state: Arc<ViewerState>,
        may_use_files: bool,
    ) -> Self {
        let notices = Notices::joining(&stage.board(), may_use_files);
        Self {
            viewer,
            stage,
            state,
            notices,
            transfers: SelectAll::new(),
            painter: None,
            screen_number: 0,
            painted: 0,
            paint_again: None,
            last_words: Instant::now(),
            end_seen: None,
            finished: false,
        }
    }

    fn step(&mut self, now: Instant) -> Result<Next, SessionError> {
        let answers = std::mem::take(&mut *self.state.answers.lock());
        if !answers.is_empty() {
            return Ok(Next::Send(answers));
        }
        if let Some(end) = self.stage.end().cloned() {
            self.transfers.clear();
            return Ok(self.bid_farewell(&end, now));
        }
        let deadline = self.state.pace.lock().deadline();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Err(lost());
        }
        let keep_alive = self.last_words + KEEP_ALIVE;
        let until = deadline.unwrap_or(keep_alive);
        if self.up_to_date(now) {
            if deadline.is_none() && keep_alive <= now {
                return Ok(Next::Send(self.keep_alive(now)));
            }
            return Ok(Next::WaitForChange(self.until(until)));
        }
        let turn = self.state.pace.lock().turn(now);
        match turn {
            Turn::AfterAck => Ok(Next::Wait(until)),
            Turn::At(slot) => Ok(Next::Wait(slot.min(until))),
            Turn::Now => match self.frame(now) {
                Some(frame) => Ok(Next::Send(frame)),
                None => Ok(Next::WaitForChange(self.until(until))),
            },
        }
    }

    fn up_to_date(&self, now: Instant) -> bool {
        self.painted == self.stage.generation()
            && self.paint_again.is_none_or(|moment| moment > now)
            && self.notices.knows(&self.stage.board())
    }

    fn until(&self, limit: Instant) -> Instant {
        self.paint_again.map_or(limit, |moment| moment.min(limit))
    }

    /// One frame with everything that this viewer lacks, if that is anything. Notices
    /// are part of it, so that a program that floods titles or bells is paced as well.
    fn frame(&mut self, now: Instant) -> Option<BytesMut> {
        let mut frame = BytesMut::new();
        self.notices.write(&self.stage.board(), &mut frame);
        self.paint(&mut frame, now);
        let mut pace = self.state.pace.lock();
        if frame.is_empty() || self.painter.is_none() {
            pace.looked(now);
        } else {
            end_frame(&mut pace, &mut frame, now);
        }
        (!frame.is_empty()).then_some(frame)
    }

    fn paint(&mut self, frame: &mut BytesMut, now: Instant) {
        // Read before painting: a change that comes meanwhile is painted next time.
        self.painted = self.stage.generation();
        self.follow_screen();
        let mut canvas = WireCanvas::new();
        if self.painter.as_mut().is_some_and(|painter| painter.paint(&mut canvas)) {
            let drawn = canvas.take_frame();
            if frame.is_empty() {
                *frame = drawn;
            } else {
                frame.extend_from_slice(&drawn);
            }
        }
        let again = self.painter.as_ref().and_then(|painter| painter.again_in());
        self.paint_again = again.map(|wait| now + wait);
    }

    fn follow_screen(&mut self) {
        if let Some(shown) = self.stage.shown()
            && shown.number != self.screen_number
        {
            self.screen_number = shown.number;
            self.painter = Some(shown.screen.painter(self.viewer));
        }
    }

    /// A part of a transfer. Not paced: its own acknowledgements do that.
    fn hand_out(&mut self, part: Bytes, now: Instant) -> Result<Option<Bytes>, SessionError> {
        self.last_words = now;
        Ok(Some(part))
    }

    /// A `sync` has to be answered, so it finds dead viewers; but the first one tells a
    /// client that it is connected, so none is sent before there is a picture.
    fn keep_alive(&self, now: Instant) -> BytesMut {
        let mut out = BytesMut::new();
        if self.painter.is_some() {
            end_frame(&mut self.state.pace.lock(), &mut out, now);
        } else {
            Writer::new(&mut out, "nop");
        }
        out
    }

    /// The last picture, why the session ended, and the end.
    fn bid_farewell(&mut self, end: &Result<(), SessionError>, now: Instant) -> Next {
        let limit = *self.end_seen.get_or_insert(now) + FAREWELL_LIMIT;
        let turn = self.state.pace.lock().turn(now);
        let mut out = match turn {
            _ if self.up_to_date(now) => BytesMut::new(),
            Turn::AfterAck if now < limit => return Next::Wait(limit),
            Turn::At(slot) if now < limit => return Next::Wait(slot.min(limit)),
            _ => self.frame(now).unwrap_or_default(),
        };
        write_farewell(end, &mut out);
        self.finished = true;
        Next::Send(out)
    }
}

fn end_frame(pace: &mut Pace, frame: &mut BytesMut, now: Instant) {
    let wall_clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let stamp = pace.stamp(i64::try_from(wall_clock.as_millis()).unwrap_or(i64::MAX));
    Writer::new(frame, "sync").int(stamp).int(1);
    pace.sent(frame.len(), now);
}

fn lost() -> SessionError {
    SessionError::new(Cause::Lost, "The viewer stopped answering.")
}

#[async_trait]
impl LinkReader for ViewerReader {
    async fn next(&mut self) -> Result<Option<Bytes>, SessionError> {
        let (stage, state) = (self.stage.clone(), self.state.clone());
        loop {
            if self.finished || state.left.load(Ordering::Acquire) {
                return Ok(None);
            }
            // Listening starts before looking, or a change in between would be missed.
            let (news, changed) = (stage.news.notified(), stage.changed.notified());
            tokio::pin!(news, changed);
            news.as_mut().enable();
            let now = Instant::now();
            self.transfers.extend(state.transfers.fresh());
            changed.as_mut().enable();
            match self.step(now)? {
                Next::Send(out) => {
                    self.last_words = now;
                    return Ok(Some(out.freeze()));
                }
                Next::Wait(until) => tokio::select! {
                    Some(part) = self.transfers.next() => return self.hand_out(part, now),
                    () = news => {}
                    () = state.wake.notified() => {}
                    () = sleep_until(until) => {}
                },
                Next::WaitForChange(until) => tokio::select! {
                    Some(part) = self.transfers.next() => return self.hand_out(part, now),
                    () = news => {}
                    () = changed => {}
                    () = state.wake.notified() => {}
                    () = sleep_until(until) => {}
                },
            }
        }
    }
}
