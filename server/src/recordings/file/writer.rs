use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use bytes::Bytes;
use fanlight_engine::wire::{Limits, whole_instructions};

use super::chunk::{self, Kind};
use super::index::Index;
use super::reader::NO_LINKS;
use super::{END_MAGIC, Head, MAGIC};
use crate::store::Extent;

/// Plain bytes of a chunk at most: so much is read and unpacked for its first byte.
const LONGEST_CHUNK: usize = 128 * 1024;

/// A stretch of the stream: whole instructions.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// Whether it begins with a key frame.
    pub(crate) key: bool,
    /// When its first frame was shown: milliseconds since the recording's start.
    pub(crate) time_ms: u64,
    pub(crate) plain: Bytes,
}

/// Writes a recording. What [`append`](Self::append) has returned for stays, whatever happens
/// to this process.
pub(crate) struct RecordingWriter {
    file: File,
    /// Up to here the file is good.
    length: u64,
    index: Index,
}

impl RecordingWriter {
    /// Begins a file that must not exist yet; only this account may read it.
    pub(crate) fn create(path: &Path, head: &Head) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let text = serde_json::to_vec(head)?;
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes());
        out.extend_from_slice(&text);
        if let Err(error) = file.write_all_at(&out, 0) {
            // The file is ours and of no use; the error says more than a failure to remove it.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(Self { file, length: out.len() as u64, index: Index::default() })
    }

    /// Goes on with a file that broke off, which is good up to `length`.
    pub(super) fn resume(path: &Path, length: u64, index: Index) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).custom_flags(NO_LINKS).open(path)?;
        file.set_len(length)?;
        Ok(Self { file, length, index })
    }

    /// Writes a stretch of the stream. After a failure the file ends before it.
    pub(crate) fn append(&mut self, chunk: &Chunk) -> io::Result<()> {
        let mut kind = if chunk.key { Kind::Key } else { Kind::More };
        let mut rest = chunk.plain.clone();
        while !rest.is_empty() {
            let length = piece(&rest);
            let plain = rest.split_to(length);
            let packed = chunk::pack(kind, chunk.time_ms, &plain)?;
            self.write(&packed)?;
            self.index.add(kind, chunk.time_ms, plain.len() as u64, self.length);
            self.length += packed.len() as u64;
            kind = Kind::More;
        }
        Ok(())
    }

    /// How much there is.
    pub(crate) fn extent(&self) -> Extent {
        let Index { duration_ms, plain, .. } = self.index;
        Extent { duration_ms, plain, stored: self.length }
    }

    /// Writes the index. Without it, for want of room, the recording plays all the same.
    pub(crate) fn finish(mut self, duration_ms: u64) -> io::Result<Extent> {
        self.index.duration_ms = self.index.duration_ms.max(duration_ms);
        let mut out = self.index.pack()?;
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(END_MAGIC);
        self.write(&out)?;
        self.length += out.len() as u64;
        self.file.sync_all()?;
        Ok(self.extent())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.length).inspect_err(|_| {
            // A part of a chunk does no harm either: readers stop there.
            let _ = self.file.set_len(self.length);
        })
    }
}

/// Whole instructions at the front, not longer than a chunk unless a single one is.
fn piece(rest: &[u8]) -> usize {
    if rest.len() <= LONGEST_CHUNK {
        return rest.len();
    }
    match whole_instructions(&rest[..LONGEST_CHUNK], Limits::default()) {
        Ok(0) | Err(_) => rest.len(),
        Ok(length) => length,
    }
}
