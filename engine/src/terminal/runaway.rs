/// Bytes after which a control string counts as never ending.
const LONGEST_STRING: usize = 1024 * 1024;
const CANCEL: &[u8] = b"\x18";
const ENDERS: [u8; 3] = [0x07, 0x18, 0x1A];
const ESCAPE: u8 = 0x1B;

/// Ends control strings that never end: the parser keeps an operating system command
/// until its terminator comes, however long that takes. Where a megabyte passes without
/// a byte that ends one, a CANCEL is slipped in; outside of a string it means nothing.
#[derive(Default)]
pub(super) struct Runaway {
    since_end: usize,
}

impl Runaway {
    /// The pieces to parse instead of `output`.
    pub(super) fn pieces<'a>(&mut self, output: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let last = output.iter().rposition(|byte| *byte == ESCAPE || ENDERS.contains(byte));
        self.since_end = match last {
            Some(position) => output.len() - position,
            None => self.since_end + output.len(),
        };
        let cancel = self.since_end > LONGEST_STRING;
        if cancel {
            self.since_end = 0;
        }
        [output].into_iter().chain(cancel.then_some(CANCEL))
    }
}
