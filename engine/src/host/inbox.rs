use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{Cause, Input, SessionError, ViewerId, Viewport};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::files::FileDesk;
use super::stage::Stage;
use super::streams::{Answer, Purpose, Streams};
use super::viewer::ViewerState;
use crate::link::{LinkWriter, Viewer, ViewerAccess};
use crate::terminal::live::SCREEN_TEXT;
use crate::wire::{Instruction, Writer, parse_all};

/// How long an input waits for a client that does not read.
const PATIENCE: Duration = Duration::from_secs(1);
/// Keys that are remembered as held down, to be released when the viewer goes.
const MAX_HELD: usize = 16;
/// Width and height of a window, in pixels.
const SIDE: std::ops::RangeInclusive<u32> = 64..=8192;
/// Resolution of a window, in dots per inch.
const DPI: std::ops::RangeInclusive<u32> = 24..=600;

/// The half that a viewer's socket writes to: what the viewer may do reaches the client.
pub(super) struct Inbox {
    id: ViewerId,
    stage: Arc<Stage>,
    state: Arc<ViewerState>,
    input: mpsc::Sender<Input>,
    may_size: bool,
    may_act: bool,
    dpi: u32,
    streams: Streams,
    files: FileDesk,
    held: Vec<u32>,
    /// The client has not read for a while: its viewers are not kept waiting for it.
    stalled: bool,
}

impl Inbox {
    pub(super) fn new(
        id: ViewerId,
        stage: Arc<Stage>,
        state: Arc<ViewerState>,
        input: mpsc::Sender<Input>,
        viewer: &Viewer,
    ) -> Self {
        let may_act = stage.rules.lets_act(viewer.access);
        let may_size = viewer.access == ViewerAccess::Own;
        let (dpi, streams, held) = (viewer.viewport.dpi, Streams::default(), Vec::new());
        let files = FileDesk::new(stage.clone(), state.clone(), may_act);
        Self {
            id,
            stage,
            state,
            input,
            may_size,
            may_act,
            dpi,
            streams,
            files,
            held,
            stalled: false,
        }
    }

    async fn obey(&mut self, instruction: &Instruction<'_>) {
        if self.files.take(instruction).await {
            return;
        }
        match instruction.opcode {
            "sync" => self.acknowledge(instruction),
            "disconnect" => self.leave(),
            "size" if self.may_size => self.resize(instruction).await,
            "key" | "mouse" if self.may_act => self.act(instruction).await,
            "clipboard" => {
                let allowed = self.may_act && !self.stage.rules.disable_paste;
                self.begin(instruction, Purpose::Clipboard, allowed);
            }
            "argv" => {
                let name = instruction.text(2);
                // The text is what a viewer sees anyhow: who only looks may have it read out.
                let allowed = self.may_act || name == SCREEN_TEXT;
                self.begin(instruction, Purpose::Argument(name.into()), allowed);
            }
            "blob" => self.take_blob(instruction),
            "end" => self.end_stream(instruction).await,
            "pipe" | "audio" | "video" | "img" => self.answer(instruction, Answer::Unsupported),
            _ => {}
        }
    }

    fn acknowledge(&self, instruction: &Instruction<'_>) {
        if let Some(stamp) = instruction.number(0) {
            self.state.pace.lock().acknowledged(stamp);
            self.state.wake.notify_one();
        }
    }

    fn leave(&self) {
        self.state.left.store(true, Ordering::Release);
        self.state.wake.notify_one();
    }

    async fn resize(&mut self, instruction: &Instruction<'_>) {
        let (Some(width), Some(height)) = (instruction.number(0), instruction.number(1)) else {
            return;
        };
        self.dpi = clamp(instruction.number(2).unwrap_or(self.dpi), DPI);
        let (width, height) = (clamp(width, SIDE), clamp(height, SIDE));
        self.offer(Input::Resize(Viewport { width, height, dpi: self.dpi })).await;
    }

    async fn act(&mut self, instruction: &Instruction<'_>) {
        let input = if instruction.opcode == "key" {
            key(instruction)
        } else {
            mouse(self.id, instruction)
        };
        let Some(input) = input else { return };
        if let Input::Key { keysym, pressed } = input {
            self.held.retain(|held| *held != keysym);
            if pressed && self.held.len() < MAX_HELD {
                self.held.push(keysym);
            }
        }
        self.offer(input).await;
    }

    fn begin(&mut self, instruction: &Instruction<'_>, purpose: Purpose, allowed: bool) {
        let Some(index) = instruction.number(0) else { return };
        let answer = if allowed {
            self.streams.begin(index, purpose, instruction.text(1))
        } else {
            Answer::Forbidden
        };
        self.answer(instruction, answer);
    }

    fn take_blob(&mut self, instruction: &Instruction<'_>) {
        let Some(index) = instruction.number(0) else { return };
        let answer = self.streams.take(index, instruction.text(1));
        self.answer(instruction, answer);
    }

    async fn end_stream(&mut self, instruction: &Instruction<'_>) {
        let Some((purpose, text)) = instruction.number(0).and_then(|index| self.streams.end(index))
        else {
            return;
        };
        self.offer(match purpose {
            Purpose::Clipboard => Input::Clipboard(text),
            Purpose::Argument(name) => Input::Argument { viewer: self.id, name, value: text },
        })
        .await;
    }

    fn answer(&self, instruction: &Instruction<'_>, answer: Answer) {
        let Some(index) = instruction.number(0) else { return };
        self.state.answer(|out| {
            Writer::new(out, "ack").int(index).str(answer.words()).int(answer.status());
        });
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

fn key(instruction: &Instruction<'_>) -> Option<Input> {
    let pressed = match instruction.text(1) {
        "1" => true,
        "0" => false,
        _ => return None,
    };
    Some(Input::Key { keysym: instruction.number(0)?, pressed })
}

fn mouse(viewer: ViewerId, instruction: &Instruction<'_>) -> Option<Input> {
    Some(Input::Mouse {
        viewer,
        x: instruction.number(0)?,
        y: instruction.number(1)?,
        buttons: instruction.number(2)?,
    })
}

fn clamp(value: u32, range: std::ops::RangeInclusive<u32>) -> u32 {
    value.clamp(*range.start(), *range.end())
}

#[async_trait]
impl LinkWriter for Inbox {
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError> {
        for instruction in parse_all(&instructions) {
            if self.stage.end().is_some() {
                // The reader tells the viewer why; nothing reaches a closed session.
                return Ok(());
            }
            let instruction = instruction
                .map_err(|_| SessionError::new(Cause::Lost, "The viewer sent garbage."))?;
            self.obey(&instruction).await;
        }
        Ok(())
    }
}
