use std::io;

use bytes::{Bytes, BytesMut};
use fanlight_core::SessionError;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::words;
use crate::wire::{Framer, Limits, WireError, parse_all};

/// Room for a read of a session that does next to nothing.
const SMALL: usize = 1024;
/// Room for a read of a session that sends all it can.
const LARGE: usize = 64 * 1024;
/// How fast the room grows while reads fill it.
const GROWTH: usize = 8;

/// What guacd sends: whole instructions, out of the buffer that they were read into.
///
/// The room for each read follows what the last one brought: an idle session holds
/// little, a busy one is read in large pieces.
pub(super) struct Intake {
    buffer: BytesMut,
    framer: Framer,
    room: usize,
    has_shown: bool,
}

/// Instructions that came together.
pub(super) struct Batch {
    /// For the viewer; empty if there is nothing more.
    pub(super) instructions: Bytes,
    /// The last `required` among them: guacd asks for credentials.
    pub(super) question: Option<Bytes>,
    /// guacd's last word, if it came behind them: why the session is over.
    pub(super) last_word: Option<Result<(), SessionError>>,
}

impl Intake {
    /// An intake that has `received` already.
    pub(super) fn new(received: BytesMut) -> Self {
        Self {
            buffer: received,
            framer: Framer::new(Limits::default()),
            room: SMALL,
            has_shown: false,
        }
    }

    /// Whether guacd has completed a frame: the target was reached then.
    pub(super) fn has_shown(&self) -> bool {
        self.has_shown
    }

    /// The instructions that are there. Call it again until it gives none; then fill.
    pub(super) fn next(&mut self) -> Result<Batch, WireError> {
        let (mut whole, mut last_word, mut question) = (0, None, None);
        loop {
            match self.framer.next_end(&self.buffer[whole..]) {
                Ok(Some(length)) => {
                    let instruction = &self.buffer[whole..whole + length];
                    last_word = read_last_word(instruction);
                    if last_word.is_some() {
                        break;
                    }
                    if instruction.starts_with(b"8.required") {
                        question = Some(whole..whole + length);
                    }
                    self.has_shown |= instruction.starts_with(b"4.sync");
                    whole += length;
                }
                Err(error) if whole == 0 => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        let instructions = self.buffer.split_to(whole).freeze();
        let question = question.map(|range| instructions.slice(range));
        Ok(Batch { instructions, question, last_word })
    }

    /// Reads what comes next; 0 at the end. Cancel safe.
    pub(super) async fn fill(
        &mut self,
        reader: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<usize> {
        if self.buffer.is_empty() {
            // The old room, however large, goes with the viewer's last instructions.
            self.buffer = BytesMut::with_capacity(self.room);
        } else {
            self.buffer.reserve(self.room);
        }
        let length = reader.read_buf(&mut self.buffer).await?;
        let more = length >= self.room;
        self.room = if more { (self.room * GROWTH).min(LARGE) } else { SMALL };
        Ok(length)
    }
}

/// Whether an instruction says that the session is over, and why.
fn read_last_word(instruction: &[u8]) -> Option<Result<(), SessionError>> {
    if instruction.starts_with(b"10.disconnect") {
        return Some(Ok(()));
    }
    if !instruction.starts_with(b"5.error") {
        return None;
    }
    let error = parse_all(instruction).next()?.ok()?;
    Some(Err(words::translated(&error)))
}
