/// Bytes after which a control string counts as never ending.
const LONGEST_STRING: usize = 1024 * 1024;
/// Bytes that are kept of a sequence that is not whole yet.
const LONGEST_TAIL: usize = 64;
const CANCEL: &[u8] = b"\x18";
const ENDERS: [u8; 3] = [0x07, 0x18, 0x1A];
const ESCAPE: u8 = 0x1B;

/// Watches what goes to the parser, which tells nothing of its state.
#[derive(Default)]
pub(super) struct Watch {
    since_end: usize,
    /// The beginning of a sequence that is not whole yet, or else the last byte.
    tail: Vec<u8>,
}

impl Watch {
    /// The pieces to parse instead of `output`: a control string that never ends is ended.
    /// The parser keeps an operating system command until its terminator comes, however
    /// long that takes; where a megabyte passes without a byte that ends one, a CANCEL is
    /// slipped in, which outside of a string means nothing.
    pub(super) fn pieces<'a>(&mut self, output: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.note(output);
        let last = output.iter().rposition(|byte| *byte == ESCAPE || ENDERS.contains(byte));
        self.since_end = match last {
            Some(position) => output.len() - position,
            None => self.since_end + output.len(),
        };
        let cancel = self.since_end > LONGEST_STRING;
        if cancel {
            self.since_end = 0;
            self.tail.clear();
        }
        [output].into_iter().chain(cancel.then_some(CANCEL))
    }

    fn note(&mut self, output: &[u8]) {
        let escape = memchr::memrchr(ESCAPE, output);
        let mut sequence = std::mem::take(&mut self.tail);
        if escape.is_some() {
            sequence.clear();
        }
        if escape.is_some() || sequence.first() == Some(&ESCAPE) {
            sequence.extend_from_slice(&output[escape.unwrap_or(0)..]);
            if !is_whole(&sequence) {
                sequence.truncate(LONGEST_TAIL);
                self.tail = sequence;
                return;
            }
        }
        self.tail.extend(output.last());
    }

    /// Whether the parser surely waits for nothing: neither for the rest of a sequence
    /// nor for that of a character. In doubt, no.
    pub(super) fn is_between_sequences(&self) -> bool {
        self.tail.last().is_none_or(u8::is_ascii) && is_whole(&self.tail)
    }
}

/// Whether a sequence that begins with an escape has come to its end.
fn is_whole(sequence: &[u8]) -> bool {
    match *sequence {
        [ESCAPE] => false,
        [ESCAPE, b'[', ref rest @ ..] => rest.iter().any(|byte| (0x40..=0x7E).contains(byte)),
        [ESCAPE, b']' | b'P' | b'X' | b'^' | b'_', ref rest @ ..] => {
            rest.iter().any(|byte| ENDERS.contains(byte))
        }
        [ESCAPE, ref rest @ ..] => rest.iter().any(|byte| (0x30..=0x7E).contains(byte)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(pieces: &[&str]) -> bool {
        let mut watch = Watch::default();
        for piece in pieces {
            watch.pieces(piece.as_bytes()).for_each(drop);
        }
        watch.is_between_sequences()
    }

    #[test]
    fn whole_sequences_are_told_from_cut_ones() {
        let long = "x".repeat(100);
        for whole in [
            &["hello"][..],
            &["\x1b[31mred\x1b[0m"],
            &["\x1b[3", "1m"],
            &["\x1b]0;title\x07$ "],
            &["\x1b]0;ti", "tle\x1b\\"],
            &["\x1b(", "B"],
            &["\x1b[0m", &long, &long],
            &["\x1b]0;", &long, &long, "\x07"],
            &[],
        ] {
            assert!(between(whole), "{whole:?}");
        }
        for cut in [
            &["hello\x1b"][..],
            &["\x1b[3"],
            &["\x1b[", "38;5"],
            &["\x1b]0;title"],
            &["\x1bP+q", &long],
            &["\x1b]0;", "more", " and more"],
            &["\x1b("],
            &["é"],
        ] {
            assert!(!between(cut), "{cut:?}");
        }
    }
}
