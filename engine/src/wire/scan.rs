use super::{Limits, WireError};

/// An element's length as it stands in the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    /// Unicode code points of the text.
    pub(super) characters: usize,
    /// Bytes that the digits and the full stop take.
    pub(super) bytes: usize,
}

/// Reads the length at the beginning of `bytes`, or `None` if it is not there whole.
/// Looks at no more digits than the limit has.
pub(super) fn read_length(bytes: &[u8], limits: Limits) -> Result<Option<Length>, WireError> {
    let mut characters = 0_usize;
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                let leading_zero = index > 0 && characters == 0;
                if leading_zero {
                    return Err(WireError::Length);
                }
                characters = characters.saturating_mul(10).saturating_add((byte - b'0').into());
                if characters > limits.element {
                    return Err(WireError::ElementTooLong);
                }
            }
            b'.' if index > 0 => return Ok(Some(Length { characters, bytes: index + 1 })),
            _ => return Err(WireError::Length),
        }
    }
    Ok(None)
}

/// Walks over `characters` code points at the beginning of `bytes`, or over those that
/// are there; counts `characters` down and returns the bytes walked over.
///
/// A text is nearly always ASCII; then one look at the whole of it is enough.
pub(super) fn walk_text(bytes: &[u8], characters: &mut usize) -> Result<usize, WireError> {
    let mut walked = 0;
    while *characters > 0 {
        let ahead = &bytes[walked..];
        // A code point has one byte at least: so many bytes never go beyond the text.
        let certain = &ahead[..ahead.len().min(*characters)];
        if certain.is_empty() {
            break;
        }
        let (length, count) = match whole_characters(certain)? {
            (0, _) => match first_character(ahead)? {
                Some(length) => (length, 1),
                None => break,
            },
            found => found,
        };
        walked += length;
        *characters -= count;
    }
    Ok(walked)
}

/// The whole code points at the beginning: their bytes and their number.
fn whole_characters(bytes: &[u8]) -> Result<(usize, usize), WireError> {
    if bytes.is_ascii() {
        return Ok((bytes.len(), bytes.len()));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_some() => return Err(WireError::Utf8),
        Err(error) => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| WireError::Utf8)?
        }
    };
    Ok((text.len(), text.chars().count()))
}

/// The bytes of the first code point, or `None` if it is not there whole.
fn first_character(bytes: &[u8]) -> Result<Option<usize>, WireError> {
    let width = match bytes.first() {
        Some(0xC2..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF4) => 4,
        Some(0..=0x7F) => 1,
        _ => return Err(WireError::Utf8),
    };
    let there = &bytes[..bytes.len().min(width)];
    match std::str::from_utf8(there) {
        Ok(_) => Ok(Some(width)),
        Err(error) if error.error_len().is_none() => Ok(None),
        Err(_) => Err(WireError::Utf8),
    }
}
