/// Why bytes are not instructions, or not ones that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// An element does not begin with its length: decimal digits without leading zeros,
    /// and a full stop.
    #[error("an element does not begin with its length")]
    Length,
    /// An element is followed by neither a comma nor a semicolon: its length is wrong.
    #[error("an element's length is wrong")]
    Delimiter,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// An element is longer than the limit.
    #[error("an element is too long")]
    ElementTooLong,
    /// An instruction is longer than the limit.
    #[error("an instruction is too long")]
    InstructionTooLong,
    /// An instruction has more than [`MAX_ELEMENTS`](super::MAX_ELEMENTS) elements.
    #[error("an instruction has too many elements")]
    TooManyElements,
    /// The bytes end within an instruction.
    #[error("the last instruction is not complete")]
    Incomplete,
}

/// How much one sender may make the other side hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest text of an element, in Unicode code points.
    pub element: usize,
    /// Longest instruction, in bytes, everything counted.
    pub instruction: usize,
}

impl Default for Limits {
    /// Elements as long as guacd accepts them, and room for several in an instruction.
    fn default() -> Self {
        Self { element: 8 * 1024, instruction: 64 * 1024 }
    }
}
