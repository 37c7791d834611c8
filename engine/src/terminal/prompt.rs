//! Asks for one line inside the terminal, as `login` does: for credentials that a
//! session lacks.

use std::time::Duration;

use fanlight_core::{Cause, Host, Input, Secret, SessionError};
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

use super::Terminal;

/// Longest answer, in bytes.
const MAX_ANSWER: usize = 1024;

/// What to ask.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Shown before the answer: `Password: `. May come from a stranger: control
    /// characters are left out.
    pub text: &'a str,
    /// Whether the answer shows while it is typed.
    pub echo: bool,
    /// How long to wait for the whole answer.
    pub limit: Duration,
}

/// Shows the question and waits for a line. Backspace and Ctrl-U correct it.
///
/// # Errors
/// `Closed` on Ctrl-C, on Ctrl-D in an empty line and when no viewer can answer any more;
/// `TimedOut` after the limit.
pub async fn ask(
    terminal: &Terminal,
    host: &dyn Host,
    input: &mut mpsc::Receiver<Input>,
    question: Question<'_>,
) -> Result<Secret, SessionError> {
    print(terminal, host, question.text);
    match tokio::time::timeout(question.limit, read_line(terminal, host, input, question.echo))
        .await
    {
        Ok(answer) => answer,
        Err(_) => Err(SessionError::new(
            Cause::TimedOut,
            "Nobody answered the login prompt in time. Connect again to retry.",
        )),
    }
}

/// Prints text of a stranger: line breaks stay, other control characters go.
pub fn print(terminal: &Terminal, host: &dyn Host, text: &str) {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\r\n"),
            '\t' => shown.push(' '),
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    feed(terminal, host, shown.as_bytes());
}

async fn read_line(
    terminal: &Terminal,
    host: &dyn Host,
    input: &mut mpsc::Receiver<Input>,
    echo: bool,
) -> Result<Secret, SessionError> {
    let mut line = Line::new(echo);
    while let Some(event) = input.recv().await {
        // The terminal's own keyboard serves here too: layouts, paste, scrollback.
        let typed = terminal.input(&event).report(host);
        let state = line.take(&typed);
        feed(terminal, host, &std::mem::take(&mut line.echoed));
        match state {
            Typed::More => {}
            Typed::Done => return Ok(Secret::new(std::mem::take(&mut *line.text))),
            Typed::Cancelled => break,
        }
    }
    Err(SessionError::new(Cause::Closed, "The login was cancelled."))
}

fn feed(terminal: &Terminal, host: &dyn Host, bytes: &[u8]) {
    if !bytes.is_empty() {
        // Nobody is there yet to be sent a terminal's answers.
        terminal.feed(bytes).report(host);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Typed {
    More,
    Done,
    Cancelled,
}

/// The line discipline of a login prompt.
struct Line {
    text: Zeroizing<String>,
    echo: bool,
    /// What to show for what was typed.
    echoed: Vec<u8>,
}

impl Line {
    fn new(echo: bool) -> Self {
        // Never grows beyond this: a grown string would leave an unzeroed copy behind.
        let text = Zeroizing::new(String::with_capacity(MAX_ANSWER));
        Self { text, echo, echoed: Vec::new() }
    }

    /// Takes what one key or paste stands for. What follows a line break is dropped.
    fn take(&mut self, typed: &[u8]) -> Typed {
        // A key that edits or moves has no meaning here, nor has Alt.
        if typed.first() == Some(&0x1B) {
            return Typed::More;
        }
        for c in String::from_utf8_lossy(typed).chars() {
            match c {
                '\r' | '\n' => {
                    self.echoed.extend_from_slice(b"\r\n");
                    return Typed::Done;
                }
                '\u{3}' => return self.cancel(),
                '\u{4}' if self.text.is_empty() => return self.cancel(),
                '\u{8}' | '\u{7F}' => self.erase(),
                '\u{15}' => (0..self.text.chars().count()).for_each(|_| self.erase()),
                c if c.is_control() => {}
                c => self.push(c),
            }
        }
        Typed::More
    }

    fn push(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= MAX_ANSWER {
            self.text.push(c);
            if self.echo {
                let mut utf8 = [0; 4];
                self.echoed.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
            }
        }
    }

    fn erase(&mut self) {
        let Some(c) = self.text.pop() else { return };
        let width = if self.echo { c.width().unwrap_or(0) } else { 0 };
        (0..width).for_each(|_| self.echoed.extend_from_slice(b"\x08 \x08"));
    }

    fn cancel(&mut self) -> Typed {
        self.echoed.extend_from_slice(b"\r\n");
        Typed::Cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(echo: bool, keys: &[&[u8]]) -> (String, String, Typed) {
        let mut line = Line::new(echo);
        let last = keys.iter().map(|key| line.take(key)).last().unwrap_or(Typed::More);
        (line.text.to_string(), String::from_utf8_lossy(&line.echoed).into(), last)
    }

    #[test]
    fn corrections_and_echo() {
        let (text, echoed, state) =
            typed(true, &[b"ab", b"\x7f", "\u{4E2D}".as_bytes(), b"\x08c\r"]);
        assert_eq!((text.as_str(), state), ("ac", Typed::Done));
        assert_eq!(echoed, "ab\x08 \x08\u{4E2D}\x08 \x08\x08 \x08c\r\n");
        assert_eq!(typed(true, &[b"wrong\x15right\r"]).0, "right");
    }

    #[test]
    fn bar_80_a_hidden_answer_is_never_echoed() {
        let (text, echoed, _) = typed(false, &[b"canary\x7fy\r"]);
        assert_eq!((text.as_str(), echoed.as_str()), ("canary", "\r\n"));
    }

    #[test]
    fn cancelling() {
        assert_eq!(typed(true, &[b"abc\x03"]).2, Typed::Cancelled);
        assert_eq!(typed(true, &[b"\x04"]).2, Typed::Cancelled);
        assert_eq!(typed(true, &[b"a\x04"]).2, Typed::More);
    }

    #[test]
    fn bar_32_an_answer_is_bounded_and_cursor_keys_mean_nothing() {
        assert_eq!(typed(true, &[&[b'x'; 5000]]).0.len(), MAX_ANSWER);
        assert_eq!(typed(true, &[b"\x1b[A", b"a\r"]).0, "a");
    }
}
