use bytes::{Bytes, BytesMut};

use super::scan::{read_length, walk_text};
use super::{Limits, MAX_ELEMENTS, WireError};

/// Finds where instructions end in a growing buffer, and looks at every byte once,
/// however small the pieces are that they arrive in.
///
/// ```
/// # use bytes::BytesMut;
/// # use fanlight_engine::wire::{Framer, Limits};
/// let mut framer = Framer::new(Limits::default());
/// let mut buffer = BytesMut::from("3.nop;4.sync,1.");
/// assert_eq!(framer.take(&mut buffer).as_deref(), Ok(&b"3.nop;"[..]));
/// buffer.extend_from_slice(b"7;");
/// assert_eq!(framer.take(&mut buffer).as_deref(), Ok(&b"4.sync,1.7;"[..]));
/// ```
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    /// Bytes of the current instruction that were looked at.
    seen: usize,
    /// Elements of the current instruction that have begun.
    elements: usize,
    /// Code points that the current element still lacks; `None` in front of its length.
    missing: Option<usize>,
    failed: Option<WireError>,
}

impl Framer {
    /// A framer for a new stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, seen: 0, elements: 0, missing: None, failed: None }
    }

    /// Removes all whole instructions from the front of `buffer`, which may then hold the
    /// beginning of another; empty if there are none. They are valid UTF-8.
    ///
    /// # Errors
    /// When the stream is broken. Whole instructions before the fault are given first,
    /// the error by the next call; it stays.
    pub fn take(&mut self, buffer: &mut BytesMut) -> Result<Bytes, WireError> {
        let length = self.whole(buffer)?;
        Ok(buffer.split_to(length).freeze())
    }

    /// The length of all whole instructions at the front of `buffer`. The caller must
    /// remove them before the next call.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn whole(&mut self, buffer: &[u8]) -> Result<usize, WireError> {
        let mut whole = 0;
        loop {
            match self.next_end(&buffer[whole..]) {
                Ok(Some(length)) => whole += length,
                Err(error) if whole == 0 => return Err(error),
                Ok(None) | Err(_) => return Ok(whole),
            }
        }
    }

    /// The length of the instruction at the front of `buffer`, or `None` if it is not
    /// there whole. After `Some` the caller must go on behind that instruction, after
    /// `None` with the same bytes and further ones.
    ///
    /// # Errors
    /// When the stream is broken; the error stays.
    pub fn next_end(&mut self, buffer: &[u8]) -> Result<Option<usize>, WireError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let begins = self.seen == 0 && self.missing.is_none();
        if let Some(length) = begins.then(|| short_instruction(buffer, self.limits)).flatten() {
            return Ok(Some(length));
        }
        self.advance(buffer).inspect_err(|error| self.failed = Some(*error))
    }

    fn advance(&mut self, buffer: &[u8]) -> Result<Option<usize>, WireError> {
        loop {
            let ahead = buffer.get(self.seen..).unwrap_or_default();
            let Some(missing) = self.missing else {
                let Some(length) = read_length(ahead, self.limits)? else {
                    return self.wait(buffer);
                };
                self.begin_element(length.characters)?;
                self.seen += length.bytes;
                self.check_size(length.characters)?;
                continue;
            };
            let mut left = missing;
            self.seen += walk_text(ahead, &mut left)?;
            self.missing = Some(left);
            self.check_size(left)?;
            if left > 0 {
                return self.wait(buffer);
            }
            match buffer.get(self.seen) {
                None => return self.wait(buffer),
                Some(b',') => (self.seen, self.missing) = (self.seen + 1, None),
                Some(b';') => return Ok(Some(self.finish())),
                Some(_) => return Err(WireError::Delimiter),
            }
        }
    }

    fn begin_element(&mut self, characters: usize) -> Result<(), WireError> {
        if self.elements == MAX_ELEMENTS {
            return Err(WireError::TooManyElements);
        }
        self.elements += 1;
        self.missing = Some(characters);
        Ok(())
    }

    /// All of `buffer` is one instruction that is not whole: at least one byte is to come.
    fn wait(&self, buffer: &[u8]) -> Result<Option<usize>, WireError> {
        if buffer.len() < self.limits.instruction {
            Ok(None)
        } else {
            Err(WireError::InstructionTooLong)
        }
    }

    /// What was seen, what the element lacks at least, and a delimiter have to fit.
    fn check_size(&self, missing: usize) -> Result<(), WireError> {
        if self.seen + missing < self.limits.instruction {
            Ok(())
        } else {
            Err(WireError::InstructionTooLong)
        }
    }

    fn finish(&mut self) -> usize {
        let length = self.seen + 1;
        *self = Self::new(self.limits);
        length
    }
}

/// The length of an instruction of short ASCII elements, as nearly all are. `None` where
/// a closer look is needed.
fn short_instruction(bytes: &[u8], limits: Limits) -> Option<usize> {
    let mut at = 0;
    for _ in 0..MAX_ELEMENTS {
        let (characters, text) = match bytes.get(at..at + 3)? {
            [ones @ b'0'..=b'9', b'.', _] => (ones - b'0', at + 2),
            [tens @ b'1'..=b'9', ones @ b'0'..=b'9', b'.'] => {
                ((tens - b'0') * 10 + (ones - b'0'), at + 3)
            }
            _ => return None,
        };
        let end = text + usize::from(characters);
        let (delimiter, text) = bytes.get(text..=end)?.split_last()?;
        if !text.is_ascii() || text.len() > limits.element {
            return None;
        }
        match delimiter {
            b',' => at = end + 1,
            b';' if end < limits.instruction => return Some(end + 1),
            _ => return None,
        }
    }
    None
}

/// How many bytes at the front of `bytes` are whole instructions.
///
/// # Errors
/// When the bytes begin with something that is no instruction.
pub fn whole_instructions(bytes: &[u8], limits: Limits) -> Result<usize, WireError> {
    Framer::new(limits).whole(bytes)
}
