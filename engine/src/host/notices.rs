use bytes::BytesMut;
use fanlight_core::SessionError;

use super::stage::Board;
use crate::wire::Writer;

/// Raw bytes of one `blob`, as guacd cuts them.
const BLOB: usize = 6048;
/// Stream for the remote clipboard: the canvas uses 0 for images. Opened and ended at
/// once, so one will do.
const CLIPBOARD_STREAM: i64 = 1;

/// What one viewer has been told besides the picture.
pub(super) struct Notices {
    title: u64,
    clipboard: u64,
    bells: u64,
}

impl Notices {
    /// A viewer that joins: it is told the title, but neither what was copied before it
    /// came nor old bells.
    pub(super) fn joining(board: &Board) -> Self {
        Self { title: 0, clipboard: board.clipboard.0, bells: board.bells }
    }

    /// Whether there is nothing new on the board.
    pub(super) fn knows(&self, board: &Board) -> bool {
        (self.title, self.clipboard, self.bells) == (board.title.0, board.clipboard.0, board.bells)
    }

    /// Writes what is new on the board.
    pub(super) fn write(&mut self, board: &Board, out: &mut BytesMut) {
        if self.title != board.title.0 {
            self.title = board.title.0;
            Writer::new(out, "name").str(&board.title.1);
        }
        if self.clipboard != board.clipboard.0 {
            self.clipboard = board.clipboard.0;
            write_clipboard(&board.clipboard.1, out);
        }
        if self.bells != board.bells {
            self.bells = board.bells;
            // No instruction of guacd's: foreign clients ignore opcodes they do not know.
            Writer::new(out, "bell");
        }
    }
}

fn write_clipboard(text: &str, out: &mut BytesMut) {
    Writer::new(out, "clipboard").int(CLIPBOARD_STREAM).str("text/plain");
    for chunk in text.as_bytes().chunks(BLOB) {
        let encoded = base64_simd::STANDARD.encode_to_string(chunk);
        Writer::new(out, "blob").int(CLIPBOARD_STREAM).str(&encoded);
    }
    Writer::new(out, "end").int(CLIPBOARD_STREAM);
}

/// The last words to a viewer.
pub(super) fn write_farewell(end: &Result<(), SessionError>, out: &mut BytesMut) {
    if let Err(error) = end {
        let status = i64::from(error.cause.guacamole_status());
        Writer::new(out, "error").str(&error.message).int(status);
    }
    Writer::new(out, "disconnect");
}
