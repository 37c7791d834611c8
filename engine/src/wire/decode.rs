use bytes::{Buf, BytesMut};

use super::{Framer, Instruction, Limits, WireError, parse_within};

/// Reads instructions one by one from bytes that come in pieces.
///
/// ```
/// # use fanlight_engine::wire::{Decoder, Limits};
/// let mut decoder = Decoder::new(Limits::default());
/// decoder.feed(b"5.ready,4.$1");
/// assert_eq!(decoder.next_instruction(), Ok(None));
/// decoder.feed(b"23;3.nop;");
/// let ready = decoder.next_instruction().unwrap().unwrap();
/// assert_eq!((ready.opcode, ready.args.as_slice()), ("ready", &["$123"][..]));
/// assert_eq!(&decoder.into_rest()[..], b"3.nop;");
/// ```
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    framer: Framer,
    limits: Limits,
    /// Length of the instruction that was given last; it is still in front.
    given: usize,
}

impl Decoder {
    /// A decoder for a new stream.
    pub fn new(limits: Limits) -> Self {
        Self { buffer: BytesMut::new(), framer: Framer::new(limits), limits, given: 0 }
    }

    /// Appends what came in.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next instruction, or `None` if it is not there whole: then feed more.
    ///
    /// # Errors
    /// When the stream is broken or goes beyond the limits. The error stays.
    pub fn next_instruction(&mut self) -> Result<Option<Instruction<'_>>, WireError> {
        self.buffer.advance(std::mem::take(&mut self.given));
        let Some(length) = self.framer.next_end(&self.buffer)? else { return Ok(None) };
        self.given = length;
        parse_within(&self.buffer[..length], self.limits).next().transpose()
    }

    /// What was fed and not given.
    pub fn into_rest(mut self) -> BytesMut {
        self.buffer.advance(self.given);
        self.buffer
    }
}
