const BEGIN: &str = "\x1b[200~";
const END: &str = "\x1b[201~";

/// The bytes that pasting `text` types. Line ends become returns, as the key sends them.
/// Other control characters are left out: text from a web page must not be able to run
/// key commands, or to end the brackets and go on as if typed.
pub(super) fn typed(text: &str, bracketed: bool) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() + BEGIN.len() + END.len());
    if bracketed {
        out.push_str(BEGIN);
    }
    let mut last = '\0';
    for c in text.chars() {
        match c {
            '\n' if last == '\r' => {}
            '\n' | '\r' => out.push('\r'),
            '\t' => out.push('\t'),
            c if c.is_control() => {}
            c => out.push(c),
        }
        last = c;
    }
    if bracketed {
        out.push_str(END);
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_returns_and_controls_vanish() {
        assert_eq!(typed("a\r\nb\nc\rd\te", false), b"a\rb\rc\rd\te");
        assert_eq!(typed("x\x1b[201~rm\x03\u{9b}1m\x7f", true), b"\x1b[200~x[201~rm1m\x1b[201~");
    }
}
