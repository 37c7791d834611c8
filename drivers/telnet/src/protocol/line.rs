//! What typed bytes become on the line.

use super::codes::IAC;

/// A return alone is CR NUL where the remote side echoes, and so reads key by key, else the
/// end of a line, CR LF (RFC 854, "NVT Keyboard", RFC 1123 section 3.3.1).
pub(super) fn encode(typed: &[u8], is_binary: bool, by_key: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(typed.len() + 1);
    let mut rest = typed.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        bytes.push(byte);
        match byte {
            IAC => bytes.push(IAC),
            b'\r' if is_binary => {}
            b'\r' => match rest.peek() {
                Some(b'\n') => {
                    rest.next();
                    bytes.push(b'\n');
                }
                _ => bytes.push(if by_key { 0 } else { b'\n' }),
            },
            _ => {}
        }
    }
    bytes
}
