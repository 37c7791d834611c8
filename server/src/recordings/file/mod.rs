//! A recording on disk: a head that says what it shows, then chunks of the plain Guacamole
//! stream, each compressed for itself, then an index of the key frames.
//!
//! A chunk is whole on disk or is the last one, so a file that breaks off anywhere plays to
//! there; without its index it is read chunk by chunk. All of this blocks: call it where
//! blocking is allowed.

mod chunk;
mod index;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::io;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use index::Index;
pub(crate) use reader::{PlainReader, RecordingFile};
pub(crate) use writer::{Chunk, RecordingWriter};

/// The first bytes of every recording.
const MAGIC: &[u8; 8] = b"FANLREC1";
/// The last bytes of one that was finished.
const END_MAGIC: &[u8; 8] = b"FANLEND1";
/// Offset of the index, and `END_MAGIC`.
const TRAILER: u64 = 16;
/// Longest head, bytes.
const LONGEST_HEAD: u32 = 64 * 1024;

/// What a recording shows: enough to list it without the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) session_id: Uuid,
    pub(crate) session_type: String,
    pub(crate) label: String,
    pub(crate) hostname: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) creator_id: String,
    pub(crate) creator_name: String,
    /// Milliseconds since 1970-01-01 UTC; the times of chunks count from here.
    pub(crate) started_at: i64,
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
