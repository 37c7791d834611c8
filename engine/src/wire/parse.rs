use super::scan::{read_length, walk_text};
use super::{Limits, MAX_ELEMENTS, WireError};

/// One instruction, borrowed from the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// What to do; empty for messages between a tunnel's own ends.
    pub opcode: &'a str,
    /// What to do it with.
    pub args: Vec<&'a str>,
}

impl<'a> Instruction<'a> {
    /// The argument at `index`; empty if there is none.
    pub fn text(&self, index: usize) -> &'a str {
        self.args.get(index).copied().unwrap_or_default()
    }

    /// The argument at `index` as a number, if it is one.
    pub fn number<T: std::str::FromStr>(&self, index: usize) -> Option<T> {
        self.text(index).parse().ok()
    }
}

/// Reads instructions one after another until the end of `bytes`, or the first fault.
/// Within the default [`Limits`].
pub fn parse_all(bytes: &[u8]) -> Instructions<'_> {
    parse_within(bytes, Limits::default())
}

/// As [`parse_all`], within other limits.
pub fn parse_within(bytes: &[u8], limits: Limits) -> Instructions<'_> {
    Instructions { rest: bytes, limits }
}

/// The instructions of some bytes. Bytes that end within an instruction are a fault.
#[derive(Debug, Clone)]
pub struct Instructions<'a> {
    rest: &'a [u8],
    limits: Limits,
}

impl Instructions<'_> {
    /// How many bytes were not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = Result<Instruction<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let found = parse_one(self.rest, self.limits);
        self.rest = match found {
            Ok((_, length)) => &self.rest[length..],
            Err(_) => &[],
        };
        Some(found.map(|(instruction, _)| instruction))
    }
}

/// The instruction at the front of `bytes`, and its length in bytes.
fn parse_one(bytes: &[u8], limits: Limits) -> Result<(Instruction<'_>, usize), WireError> {
    // Beyond the limit nothing is looked at.
    let visible = &bytes[..bytes.len().min(limits.instruction)];
    let incomplete = if visible.len() < bytes.len() {
        WireError::InstructionTooLong
    } else {
        WireError::Incomplete
    };
    let mut elements = Vec::with_capacity(8);
    let mut at = 0;
    loop {
        if elements.len() == MAX_ELEMENTS {
            return Err(WireError::TooManyElements);
        }
        let (text, end) = parse_element(visible, at, limits)?.ok_or(incomplete)?;
        elements.push(text);
        at = end + 1;
        match visible.get(end) {
            Some(b',') => {}
            Some(b';') => break,
            Some(_) => return Err(WireError::Delimiter),
            None => return Err(incomplete),
        }
    }
    let opcode = elements.remove(0);
    Ok((Instruction { opcode, args: elements }, at))
}

/// The text of the element that begins at `at`, and where it ends.
fn parse_element(
    bytes: &[u8],
    at: usize,
    limits: Limits,
) -> Result<Option<(&str, usize)>, WireError> {
    let Some(length) = read_length(&bytes[at..], limits)? else { return Ok(None) };
    let (start, mut missing) = (at + length.bytes, length.characters);
    let end = start + walk_text(&bytes[start..], &mut missing)?;
    if missing > 0 {
        return Ok(None);
    }
    let text = std::str::from_utf8(&bytes[start..end]).map_err(|_| WireError::Utf8)?;
    Ok(Some((text, end)))
}
