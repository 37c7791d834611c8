use super::{Limits, WireError};

/// Finds the ends of instructions in a buffer that grows, reading every byte once.
///
/// The caller owns the buffer: it appends what arrives, calls [`advance`](Self::advance)
/// and takes the whole instructions off the front. An element of a known length is
/// jumped over as long as it is ASCII, so a large `blob` costs one scan at memory speed.
#[derive(Debug, Clone)]
pub struct Framer {
    limits: Limits,
    /// Bytes of the buffer that were read.
    position: usize,
    /// Where the instruction under way begins.
    start: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// In the digits of a length: the value so far and how many digits it has.
    Length { value: usize, digits: usize },
    /// In an element's text: code points left, and where the text began.
    Text { left: usize, began: usize },
    /// Behind an element.
    Separator,
}

const LENGTH: State = State::Length { value: 0, digits: 0 };

impl Framer {
    /// A framer at the beginning of a stream.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, position: 0, start: 0, state: LENGTH }
    }

    /// Reads what the buffer has beyond the last call and returns how many bytes at its
    /// front are whole instructions. The caller must remove exactly those before the
    /// next call, and otherwise only append.
    ///
    /// # Errors
    /// What is malformed or over the limits; the stream cannot be read on then.
    pub fn advance(&mut self, buffer: &[u8]) -> Result<usize, WireError> {
        while self.position < buffer.len() {
            let before = self.position;
            self.step(buffer)?;
            if self.position == before {
                break;
            }
        }
        if buffer.len() - self.start > self.limits.instruction {
            return Err(WireError::InstructionTooLong(self.limits.instruction));
        }
        let whole = std::mem::take(&mut self.start);
        self.position -= whole;
        if let State::Text { began, .. } = &mut self.state {
            *began -= whole;
        }
        Ok(whole)
    }

    /// Where the first instruction of a buffer ends; `None` if it is not whole.
    pub(super) fn first_end(mut self, buffer: &[u8]) -> Result<Option<usize>, WireError> {
        while self.start == 0 {
            let before = self.position;
            if before < buffer.len() {
                self.step(buffer)?;
            }
            if self.position == before {
                let too_long = buffer.len() > self.limits.instruction;
                let error = WireError::InstructionTooLong(self.limits.instruction);
                return if too_long { Err(error) } else { Ok(None) };
            }
        }
        Ok(Some(self.start))
    }

    fn step(&mut self, buffer: &[u8]) -> Result<(), WireError> {
        match self.state {
            State::Length { value, digits } => self.length(buffer[self.position], value, digits),
            State::Text { left, began } => self.text(buffer, left, began),
            State::Separator => self.separator(buffer[self.position]),
        }
    }

    fn length(&mut self, byte: u8, value: usize, digits: usize) -> Result<(), WireError> {
        self.position += 1;
        self.state = match byte {
            b'0'..=b'9' if digits < MOST_DIGITS => {
                State::Length { value: value * 10 + usize::from(byte - b'0'), digits: digits + 1 }
            }
            b'.' if digits > 0 && value <= self.limits.element => {
                State::Text { left: value, began: self.position }
            }
            b'.' if digits > 0 => return Err(WireError::ElementTooLong(self.limits.element)),
            b'0'..=b'9' => return Err(WireError::ElementTooLong(self.limits.element)),
            _ => return Err(WireError::BadLength),
        };
        if matches!(self.state, State::Text { left: 0, .. }) {
            self.state = State::Separator;
        }
        Ok(())
    }

    /// Passes over as much of an element's text as has arrived.
    fn text(&mut self, buffer: &[u8], left: usize, began: usize) -> Result<(), WireError> {
        let (bytes, points) = pass_over(&buffer[self.position..], left)?;
        self.position += bytes;
        if self.position - began > self.limits.element {
            return Err(WireError::ElementTooLong(self.limits.element));
        }
        self.state = match left - points {
            0 => State::Separator,
            left => State::Text { left, began },
        };
        Ok(())
    }

    fn separator(&mut self, byte: u8) -> Result<(), WireError> {
        self.position += 1;
        self.state = LENGTH;
        match byte {
            b',' if self.position - self.start <= self.limits.instruction => Ok(()),
            b';' if self.position - self.start <= self.limits.instruction => {
                self.start = self.position;
                Ok(())
            }
            b',' | b';' => Err(WireError::InstructionTooLong(self.limits.instruction)),
            _ => Err(WireError::BadSeparator),
        }
    }
}

/// Digits of the longest length that is read at all.
const MOST_DIGITS: usize = 9;

/// Length of the pieces that are tested for being ASCII at once.
const PIECE: usize = 1024;

/// The bytes and code points at the front of `text` that are whole, at most `most` code
/// points.
fn pass_over(text: &[u8], most: usize) -> Result<(usize, usize), WireError> {
    let (mut bytes, mut points) = (0, 0);
    while points < most && bytes < text.len() {
        let piece = &text[bytes..text.len().min(bytes + PIECE.min(most - points))];
        if piece.is_ascii() {
            bytes += piece.len();
            points += piece.len();
            continue;
        }
        let Some(width) = whole_character(&text[bytes..])? else { break };
        bytes += width;
        points += 1;
    }
    Ok((bytes, points))
}

/// Bytes of the first character; `None` if it has not arrived whole.
fn whole_character(text: &[u8]) -> Result<Option<usize>, WireError> {
    let width = match text[0] {
        0x00..=0x7F => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Err(WireError::NotUtf8),
    };
    match text.get(..width) {
        Some(character) if std::str::from_utf8(character).is_ok() => Ok(Some(width)),
        Some(_) => Err(WireError::NotUtf8),
        None => Ok(None),
    }
}
