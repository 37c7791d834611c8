use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{Cause, Input, SessionError, Viewport};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::parse::first_instruction;
use super::stage::Stage;
use super::streams::{Answer, Purpose, Streams};
use super::viewer::ViewerState;
use crate::link::{LinkWriter, Viewer, ViewerAccess};
use crate::wire::Writer;

/// How long an input waits for a client that does not read.
const PATIENCE: Duration = Duration::from_secs(1);
/// Answers that a viewer may leave unread, in bytes; further ones are dropped.
const MAX_ANSWERS: usize = 64 * 1024;
/// Keys that are remembered as held down, to be released when the viewer goes.
const MAX_HELD: usize = 16;
/// Width and height of a window, in pixels.
const SIDE: std::ops::RangeInclusive<u32> = 64..=8192;
/// Resolution of a window, in dots per inch.
const DPI: std::ops::RangeInclusive<u32> = 24..=600;

/// The half that a viewer's socket writes to: what the viewer may do reaches the client.
pub(super) struct Inbox {
    stage: Arc<Stage>,
    state: Arc<ViewerState>,
    input: mpsc::Sender<Input>,
    may_size: bool,
    may_act: bool,
    dpi: u32,
    streams: Streams,
    held: Vec<u32>,
    /// The client has not read for a while: its viewers are not kept waiting for it.
    stalled: bool,
}

/// One instruction's text arguments; a missing one reads as empty.
struct Args<'a>(Vec<&'a str>);

impl<'a> Args<'a> {
    fn text(&self, index: usize) -> &'a str {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn number<T: std::str::FromStr>(&self, index: usize) -> Option<T> {
        self.text(index).parse().ok()
    }
}

impl Inbox {
    pub(super) fn new(
        stage: Arc<Stage>,
        state: Arc<ViewerState>,
        input: mpsc::Sender<Input>,
        viewer: &Viewer,
    ) -> Self {
        let may_act = viewer.access != ViewerAccess::View && !stage.rules.read_only;
        let may_size = viewer.access == ViewerAccess::Own;
        let (dpi, streams, held) = (viewer.viewport.dpi, Streams::default(), Vec::new());
        Self { stage, state, input, may_size, may_act, dpi, streams, held, stalled: false }
    }

    async fn obey(&mut self, opcode: &str, args: &Args<'_>) {
        match opcode {
            "sync" => self.acknowledge(args),
            "disconnect" => self.leave(),
            "size" if self.may_size => self.resize(args).await,
            "key" | "mouse" if self.may_act => self.act(opcode, args).await,
            "clipboard" => self.begin(args, 1, Purpose::Clipboard, !self.stage.rules.disable_paste),
            "argv" => self.begin(args, 1, Purpose::Argument(args.text(2).into()), true),
            "blob" => self.take_blob(args),
            "end" => self.end_stream(args).await,
            "file" | "pipe" | "audio" | "video" | "img" => self.answer(args, Answer::Unsupported),
            _ => {}
        }
    }

    fn acknowledge(&self, args: &Args<'_>) {
        if let Some(stamp) = args.number(0) {
            self.state.pace.lock().acknowledged(stamp);
            self.state.wake.notify_one();
        }
    }

    fn leave(&self) {
        self.state.left.store(true, Ordering::Release);
        self.state.wake.notify_one();
    }

    async fn resize(&mut self, args: &Args<'_>) {
        let (Some(width), Some(height)) = (args.number(0), args.number(1)) else { return };
        self.dpi = clamp(args.number(2).unwrap_or(self.dpi), DPI);
        let (width, height) = (clamp(width, SIDE), clamp(height, SIDE));
        self.offer(Input::Resize(Viewport { width, height, dpi: self.dpi })).await;
    }

    async fn act(&mut self, opcode: &str, args: &Args<'_>) {
        let input = if opcode == "key" { key(args) } else { mouse(args) };
        let Some(input) = input else { return };
        if let Input::Key { keysym, pressed } = input {
            self.held.retain(|held| *held != keysym);
            if pressed && self.held.len() < MAX_HELD {
                self.held.push(keysym);
            }
        }
        self.offer(input).await;
    }

    fn begin(&mut self, args: &Args<'_>, mimetype: usize, purpose: Purpose, allowed: bool) {
        let Some(index) = args.number(0) else { return };
        let answer = if self.may_act && allowed {
            self.streams.begin(index, purpose, args.text(mimetype))
        } else {
            Answer::Forbidden
        };
        self.answer(args, answer);
    }

    fn take_blob(&mut self, args: &Args<'_>) {
        let Some(index) = args.number(0) else { return };
        let answer = self.streams.take(index, args.text(1));
        self.answer(args, answer);
    }

    async fn end_stream(&mut self, args: &Args<'_>) {
        let Some((purpose, text)) = args.number(0).and_then(|index| self.streams.end(index)) else {
            return;
        };
        self.offer(match purpose {
            Purpose::Clipboard => Input::Clipboard(text),
            Purpose::Argument(name) => Input::Argument { name, value: text },
        })
        .await;
    }

    fn answer(&self, args: &Args<'_>, answer: Answer) {
        let Some(index) = args.number(0) else { return };
        let mut answers = self.state.answers.lock();
        if answers.len() < MAX_ANSWERS {
            Writer::new(&mut answers, "ack").int(index).str(answer.words()).int(answer.status());
            self.state.wake.notify_one();
        }
    }

    /// Hands an input to the client. One that does not read is given a moment once; then
    /// inputs are lost rather than the viewer's acknowledgements held up behind them. A
    /// mouse position is never waited for: the next one replaces it.
    async fn offer(&mut self, input: Input) {
        match self.input.try_send(input) {
            Ok(()) => self.stalled = false,
            Err(TrySendError::Full(input)) if !self.stalled => {
                let waits = !matches!(input, Input::Mouse { .. });
                self.stalled = waits && self.input.send_timeout(input, PATIENCE).await.is_err();
            }
            Err(_) => {}
        }
    }
}

impl Drop for Inbox {
    /// A viewer that goes with a key held down must not leave it held for the others.
    fn drop(&mut self) {
        for keysym in self.held.drain(..) {
            // A client that is gone or does not read has no use for it either.
            let _ = self.input.try_send(Input::Key { keysym, pressed: false });
        }
    }
}

fn key(args: &Args<'_>) -> Option<Input> {
    let pressed = match args.text(1) {
        "1" => true,
        "0" => false,
        _ => return None,
    };
    Some(Input::Key { keysym: args.number(0)?, pressed })
}

fn mouse(args: &Args<'_>) -> Option<Input> {
    Some(Input::Mouse { x: args.number(0)?, y: args.number(1)?, buttons: args.number(2)? })
}

fn clamp(value: u32, range: std::ops::RangeInclusive<u32>) -> u32 {
    value.clamp(*range.start(), *range.end())
}

#[async_trait]
impl LinkWriter for Inbox {
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError> {
        let garbage = || SessionError::new(Cause::Lost, "The viewer sent garbage.");
        let mut rest = std::str::from_utf8(&instructions).map_err(|_| garbage())?;
        while !rest.is_empty() {
            if self.stage.end().is_some() {
                // The reader tells the viewer why; nothing reaches a closed session.
                return Ok(());
            }
            let (mut elements, after) = first_instruction(rest).ok_or_else(garbage)?;
            let opcode = elements.remove(0);
            self.obey(opcode, &Args(elements)).await;
            rest = after;
        }
        Ok(())
    }
}
