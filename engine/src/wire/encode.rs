use bytes::{BufMut, BytesMut};

/// Appends one instruction to a buffer, element by element; closed when dropped.
///
/// ```
/// # use bytes::BytesMut;
/// # use fanlight_engine::wire::Writer;
/// let mut out = BytesMut::new();
/// Writer::new(&mut out, "size").int(0).int(1024).int(768);
/// assert_eq!(&out[..], b"4.size,1.0,4.1024,3.768;");
/// ```
pub struct Writer<'a>(&'a mut BytesMut);

impl<'a> Writer<'a> {
    /// Begins an instruction.
    pub fn new(out: &'a mut BytesMut, opcode: &str) -> Self {
        put_element(out, opcode);
        Self(out)
    }

    /// Adds a text element; its length is counted in Unicode code points.
    pub fn str(self, text: &str) -> Self {
        self.0.put_u8(b',');
        put_element(self.0, text);
        self
    }

    /// Adds an integer element.
    pub fn int(self, value: i64) -> Self {
        let mut digits = itoa::Buffer::new();
        let text = digits.format(value);
        self.0.put_u8(b',');
        put_ascii(self.0, text.as_bytes());
        self
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.0.put_u8(b';');
    }
}

/// One instruction of text elements.
pub fn instruction(opcode: &str, arguments: &[&str]) -> BytesMut {
    let mut out = BytesMut::new();
    arguments.iter().fold(Writer::new(&mut out, opcode), |writer, text| writer.str(text));
    out
}

fn put_element(out: &mut BytesMut, text: &str) {
    let length = if text.is_ascii() { text.len() } else { text.chars().count() };
    put_length(out, length);
    out.put_slice(text.as_bytes());
}

fn put_ascii(out: &mut BytesMut, text: &[u8]) {
    put_length(out, text.len());
    out.put_slice(text);
}

fn put_length(out: &mut BytesMut, length: usize) {
    let mut digits = itoa::Buffer::new();
    out.put_slice(digits.format(length).as_bytes());
    out.put_u8(b'.');
}
