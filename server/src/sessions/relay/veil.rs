//! What somebody who may only look is not given: files, and what is copied.

use std::collections::HashSet;

use bytes::{Bytes, BytesMut};
use fanlight_engine::wire::{Instruction, Writer, parse_all};

/// How the instructions begin that are held back, each behind `<length>.`.
const ALWAYS: &[&str] = &["10.filesystem,", "4.file,", "4.body,"];
const UNLESS_ALLOWED: &str = "9.clipboard,";

/// Covers part of what an engine says, stream by stream.
pub(super) struct Veil {
    may_copy: bool,
    /// Streams whose beginning was held back.
    covered: HashSet<String>,
}

impl Veil {
    pub(super) fn new(may_copy: bool) -> Self {
        Self { may_copy, covered: HashSet::new() }
    }

    /// The instructions without those that are held back. Most hold nothing of the kind:
    /// they are looked through, not taken apart.
    pub(super) fn cover(&mut self, instructions: Bytes) -> Bytes {
        if self.covered.is_empty() && !self.concerns(&instructions) {
            return instructions;
        }
        let mut shown = BytesMut::with_capacity(instructions.len());
        for found in parse_all(&instructions) {
            // Where the engine sends garbage, the link ends before it gets here.
            let Ok(found) = found else { break };
            if !self.holds_back(&found) {
                let writer = Writer::new(&mut shown, found.opcode);
                found.args.iter().fold(writer, |writer, text| writer.str(text));
            }
        }
        shown.freeze()
    }

    fn concerns(&self, instructions: &[u8]) -> bool {
        let has = |needle: &str| memchr::memmem::find(instructions, needle.as_bytes()).is_some();
        ALWAYS.iter().any(|needle| has(needle)) || (!self.may_copy && has(UNLESS_ALLOWED))
    }

    fn holds_back(&mut self, found: &Instruction<'_>) -> bool {
        let stream = |index: usize| found.args.get(index).map(|text| (*text).to_owned());
        match found.opcode {
            "filesystem" => true,
            "clipboard" if self.may_copy => false,
            "clipboard" | "file" => {
                self.covered.extend(stream(0));
                true
            }
            "body" => {
                self.covered.extend(stream(1));
                true
            }
            "blob" => found.args.first().is_some_and(|index| self.covered.contains(*index)),
            "end" => found.args.first().is_some_and(|index| self.covered.remove(*index)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &[&str] = &[
        "4.size,1.0,2.64,2.64;9.clipboard,1.3,10.text/plain;",
        "4.blob,1.3,4.YWJj;3.img,1.4,2.14,1.0,9.image/png,1.0,1.0;4.blob,1.4,4.AAAA;",
        "3.end,1.3;3.end,1.4;4.pipe,1.3,10.text/plain,4.text;4.blob,1.3,4.YWJj;",
        "10.filesystem,1.0,4.Home;4.file,1.5,10.text/plain,1.a;4.blob,1.5,4.YWJj;3.end,1.5;",
    ];

    fn shown(may_copy: bool) -> String {
        let mut veil = Veil::new(may_copy);
        let cover = |text: &&str| veil.cover(Bytes::copy_from_slice(text.as_bytes()));
        SAID.iter().map(cover).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    #[test]
    fn bar_46_who_only_looks_is_given_neither_files_nor_what_is_copied() {
        let rest = "4.size,1.0,2.64,2.64;\
            3.img,1.4,2.14,1.0,9.image/png,1.0,1.0;4.blob,1.4,4.AAAA;\
            3.end,1.4;4.pipe,1.3,10.text/plain,4.text;4.blob,1.3,4.YWJj;";
        assert_eq!(shown(false), rest, "streams of other kinds pass, whatever their number");
        let copied = shown(true);
        assert!(copied.contains("clipboard") && !copied.contains("file"), "{copied}");
    }
}
