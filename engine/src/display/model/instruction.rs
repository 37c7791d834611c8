use super::{ModelError, wrong};

/// One instruction: its opcode and arguments.
pub(super) struct Instruction<'a>(Vec<&'a str>);

impl<'a> Instruction<'a> {
    pub(super) fn opcode(&self) -> &'a str {
        self.0[0]
    }

    pub(super) fn text(&self, argument: usize) -> Result<&'a str, ModelError> {
        let text = self.0.get(argument + 1).copied();
        text.ok_or_else(|| wrong(format!("{} lacks argument {argument}", self.opcode())))
    }

    fn parse<T: std::str::FromStr>(&self, argument: usize) -> Result<T, ModelError> {
        let text = self.text(argument)?;
        let complaint = || wrong(format!("{}: argument {argument} is {text:?}", self.opcode()));
        text.parse().map_err(|_| complaint())
    }

    pub(super) fn number(&self, argument: usize) -> Result<i32, ModelError> {
        self.parse(argument)
    }

    pub(super) fn long(&self, argument: usize) -> Result<i64, ModelError> {
        self.parse(argument)
    }

    pub(super) fn length(&self, argument: usize) -> Result<u32, ModelError> {
        self.parse(argument)
    }

    pub(super) fn mask(&self, argument: usize) -> Result<u8, ModelError> {
        self.parse(argument)
    }
}

/// Splits a buffer of whole instructions. Lengths count code points.
pub(super) struct Instructions<'a>(Option<&'a [u8]>);

impl<'a> Instructions<'a> {
    pub(super) fn new(buffer: &'a [u8]) -> Self {
        Self(Some(buffer))
    }

    fn element(rest: &'a [u8]) -> Result<(&'a str, u8, &'a [u8]), ModelError> {
        let dot = rest.iter().position(|b| *b == b'.').ok_or_else(|| wrong("no length"))?;
        let digits = std::str::from_utf8(&rest[..dot]).map_err(|_| wrong("no length"))?;
        let length: usize = digits.parse().map_err(|_| wrong(format!("length {digits:?}")))?;
        let body = &rest[dot + 1..];
        let end = end_of(body, length).ok_or_else(|| wrong("an element is cut off"))?;
        let text = std::str::from_utf8(&body[..end]).map_err(|_| wrong("no UTF-8"))?;
        Ok((text, body[end], &body[end + 1..]))
    }

    fn instruction(mut rest: &'a [u8]) -> Result<(Instruction<'a>, &'a [u8]), ModelError> {
        let mut elements = Vec::new();
        loop {
            let (text, terminator, after) = Self::element(rest)?;
            elements.push(text);
            rest = after;
            match terminator {
                b',' => {}
                b';' => return Ok((Instruction(elements), rest)),
                other => return Err(wrong(format!("terminator {other:#x}"))),
            }
        }
    }
}

/// Bytes of the first `length` code points, where another byte follows.
fn end_of(body: &[u8], length: usize) -> Option<usize> {
    let starts = body.iter().enumerate().filter(|(_, byte)| (**byte as i8) >= -0x40);
    starts.map(|(at, _)| at).nth(length)
}

impl<'a> Iterator for Instructions<'a> {
    type Item = Result<Instruction<'a>, ModelError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.take().filter(|rest| !rest.is_empty())?;
        Some(Self::instruction(rest).map(|(instruction, rest)| {
            self.0 = Some(rest);
            instruction
        }))
    }
}
