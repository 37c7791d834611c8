use bytes::BytesMut;
use fanlight_core::{FileRights, Files, SessionError};

use super::stage::{Board, Offer};
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
    /// `None` for a viewer that may not use files, and does not hear of them.
    files: Option<KnownFiles>,
}

/// What a viewer knows of the files beside the screen.
#[derive(Default)]
struct KnownFiles {
    number: u64,
    object: Option<i64>,
}

impl Notices {
    /// A viewer that joins: it is told the title, but neither what was copied before it
    /// came nor old bells.
    pub(super) fn joining(board: &Board, may_use_files: bool) -> Self {
        let files = may_use_files.then(KnownFiles::default);
        Self { title: 0, clipboard: board.clipboard.0, bells: board.bells, files }
    }

    /// Whether there is nothing new on the board.
    pub(super) fn knows(&self, board: &Board) -> bool {
        let files = self.files.as_ref();
        (self.title, self.clipboard, self.bells) == (board.title.0, board.clipboard.0, board.bells)
            && files.is_none_or(|known| known.number == board.files.number)
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
        if let Some(known) = &mut self.files {
            known.write(&board.files, out);
        }
    }
}

impl KnownFiles {
    fn write(&mut self, offer: &Offer, out: &mut BytesMut) {
        if self.number == offer.number {
            return;
        }
        self.number = offer.number;
        if let Some(object) = self.object.take() {
            Writer::new(out, "undefine").int(object);
        }
        match &offer.files {
            Files::Offered(files) => {
                self.object = i64::try_from(offer.number).ok();
                let writer = Writer::new(out, "filesystem").int(offer.number.cast_signed());
                drop(writer.str(files.name()).str(rights(files.rights())));
            }
            // Ours, as above.
            Files::Missing(why) if !why.is_empty() => drop(Writer::new(out, "notice").str(why)),
            Files::Missing(_) => {}
        }
    }
}

/// Ours again: guacd leaves viewers to try.
const fn rights(rights: FileRights) -> &'static str {
    match (rights.download, rights.upload) {
        (true, true) => "download upload",
        (true, false) => "download",
        (false, true) => "upload",
        (false, false) => "",
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
