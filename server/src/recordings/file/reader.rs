use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use fanlight_engine::wire::{Limits, whole_instructions};
use rustix::fs::OFlags;

use super::chunk::{self, ChunkHead, Kind};
use super::index::Index;
use super::writer::{Chunk, RecordingWriter};
use super::{END_MAGIC, Head, LONGEST_HEAD, MAGIC, TRAILER, damaged};
use crate::store::Extent;

/// Bytes in front of each chunk.
const HEAD: u64 = chunk::HEAD as u64;
/// A link in the place of a recording is not followed, and a pipe is not waited for.
pub(super) const NO_LINKS: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();

/// A recording that is read. It may still be growing: then it is read as it was when it was
/// opened.
pub(crate) struct RecordingFile {
    file: File,
    pub(crate) head: Head,
    pub(crate) index: Index,
    /// The whole chunks begin and end here.
    begin: u64,
    end: u64,
    tail: Option<Chunk>,
    /// Whether it was finished in order.
    pub(crate) finished: bool,
    length: u64,
}

impl RecordingFile {
    /// Reads the head and the index, or finds out what the index would say.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).custom_flags(NO_LINKS).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(damaged("this is no file"));
        }
        let length = about.len();
        let (head, begin) = read_head(&file)?;
        let (index, end, tail, finished) = match read_index(&file, length) {
            Ok((index, end)) => (index, end, None, true),
            Err(_) => {
                let (index, end, tail) = scan(&file, begin, length)?;
                (index, end, tail, false)
            }
        };
        Ok(Self { file, head, index, begin, end, tail, finished, length })
    }

    /// How much there is.
    pub(crate) fn extent(&self) -> Extent {
        let Index { duration_ms, plain, .. } = self.index;
        let tail = self.tail.as_ref().map_or(0, |tail| tail.plain.len() as u64);
        Extent { duration_ms, plain: plain + tail, stored: self.length }
    }

    /// Reads the plain stream from byte `from` to before byte `until`.
    pub(crate) fn plain(self, from: u64, until: u64) -> PlainReader {
        let segment = self.index.segment_at(from);
        let (at, plain) = segment.map_or((self.begin, 0), |found| (found.stored, found.plain));
        PlainReader {
            skip: from.saturating_sub(plain),
            left: until.min(self.extent().plain).saturating_sub(from),
            at,
            read: 0,
            file: self,
        }
    }

    /// Finishes a file that broke off: what can be read of it stays.
    pub(crate) fn repair(mut self, path: &Path) -> io::Result<Extent> {
        if self.finished {
            return Ok(self.extent());
        }
        let tail = self.tail.take();
        let mut writer = RecordingWriter::resume(path, self.end, self.index)?;
        if let Some(tail) = tail {
            writer.append(&tail)?;
        }
        writer.finish(0)
    }
}

/// Hands out the plain stream piece by piece.
pub(crate) struct PlainReader {
    file: RecordingFile,
    /// The next chunk.
    at: u64,
    /// Plain bytes to leave out.
    skip: u64,
    /// Plain bytes to hand out.
    left: u64,
    read: u64,
}

impl PlainReader {
    /// How many bytes will be handed out.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// How many bytes of the file were read so far.
    #[cfg(test)]
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next piece, or `None` at the end.
    pub(crate) fn next_piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.left > 0 {
            if self.at >= self.file.end {
                let tail = self.file.tail.take();
                return Ok(tail.map(|tail| self.cut(tail.plain.to_vec())));
            }
            let head = self.next_head()?;
            self.at += head.length();
            if self.skip >= u64::from(head.plain) {
                self.skip -= u64::from(head.plain);
                continue;
            }
            let plain =
                head.unpack(&self.read_at(self.at - u64::from(head.packed), head.packed)?)?;
            return Ok(Some(self.cut(plain)));
        }
        Ok(None)
    }

    fn next_head(&mut self) -> io::Result<ChunkHead> {
        self.read += HEAD;
        head_at(&self.file.file, self.at)
    }

    fn read_at(&mut self, at: u64, length: u32) -> io::Result<Vec<u8>> {
        self.read += u64::from(length);
        packed_at(&self.file.file, at, length)
    }

    fn cut(&mut self, mut plain: Vec<u8>) -> Vec<u8> {
        if self.skip > 0 {
            plain.drain(..usize::try_from(self.skip).unwrap_or(usize::MAX).min(plain.len()));
            self.skip = 0;
        }
        plain.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= plain.len() as u64;
        plain
    }
}

fn read_head(file: &File) -> io::Result<(Head, u64)> {
    let mut start = [0; 12];
    file.read_exact_at(&mut start, 0)?;
    let (magic, length) = start.split_at(8);
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
    if magic != MAGIC || length > LONGEST_HEAD {
        return Err(damaged("this is no recording"));
    }
    let mut text = vec![0; length as usize];
    file.read_exact_at(&mut text, 12)?;
    Ok((serde_json::from_slice(&text)?, 12 + u64::from(length)))
}

fn read_index(file: &File, length: u64) -> io::Result<(Index, u64)> {
    let trailer = length.checked_sub(TRAILER).ok_or_else(|| damaged("there is no index"))?;
    let mut end = [0; 16];
    file.read_exact_at(&mut end, trailer)?;
    let (offset, magic) = end.split_at(8);
    if magic != END_MAGIC {
        return Err(damaged("there is no index"));
    }
    let mut at = [0; 8];
    at.copy_from_slice(offset);
    let at = u64::from_le_bytes(at);
    let head = head_at(file, at)?;
    if at + head.length() != trailer {
        return Err(damaged("there is no index"));
    }
    Ok((Index::unpack(head, &packed_at(file, at + HEAD, head.packed)?)?, at))
}

/// What the index would say, where the whole chunks end, and what is readable behind.
fn scan(file: &File, begin: u64, length: u64) -> io::Result<(Index, u64, Option<Chunk>)> {
    let (mut index, mut at) = (Index::default(), begin);
    while at + HEAD <= length {
        let Ok(head) = head_at(file, at) else { break };
        if head.kind == Kind::Index {
            break;
        }
        if at + head.length() > length {
            let there = u32::try_from(length - at - HEAD).unwrap_or(head.packed);
            let mut plain = head.unpack_what_there_is(&packed_at(file, at + HEAD, there)?);
            let whole = whole_instructions(&plain, Limits::default()).unwrap_or(0);
            plain.truncate(whole);
            index.duration_ms = index.duration_ms.max(head.time_ms);
            let (key, time_ms) = (head.kind == Kind::Key, head.time_ms);
            let tail = Chunk { key, time_ms, plain: plain.into() };
            return Ok((index, at, (whole > 0).then_some(tail)));
        }
        index.add(head.kind, head.time_ms, u64::from(head.plain), at);
        at += head.length();
    }
    Ok((index, at, None))
}

fn head_at(file: &File, at: u64) -> io::Result<ChunkHead> {
    let mut head = [0; chunk::HEAD];
    file.read_exact_at(&mut head, at)?;
    ChunkHead::read(&head)
}

fn packed_at(file: &File, at: u64, length: u32) -> io::Result<Vec<u8>> {
    let mut packed = vec![0; length as usize];
    file.read_exact_at(&mut packed, at)?;
    Ok(packed)
}
