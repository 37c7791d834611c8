use std::io::{self, Read, Write as _};

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::damaged;

/// Bytes in front of each chunk.
pub(super) const HEAD: usize = 28;
const MAGIC: [u8; 3] = *b"FLC";
/// More than the writer puts into one; a damaged file must not ask for more memory.
const LONGEST: u32 = 64 * 1024 * 1024;

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// More of the stream.
    More,
    /// More of the stream, beginning with a key frame.
    Key,
    /// The index.
    Index,
}

/// What stands in front of each chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkHead {
    pub(super) kind: Kind,
    /// When its first frame was shown: milliseconds since the recording's start.
    pub(super) time_ms: u64,
    /// Plain length, bytes.
    pub(super) plain: u32,
    /// Length in the file, bytes.
    pub(super) packed: u32,
    crc: u32,
}

impl ChunkHead {
    pub(super) fn read(bytes: &[u8; HEAD]) -> io::Result<Self> {
        let number = |at: usize| {
            let mut four = [0; 4];
            four.copy_from_slice(&bytes[at..at + 4]);
            u32::from_le_bytes(four)
        };
        let kind = match (&bytes[..3], bytes[3]) {
            (magic, 0) if magic == MAGIC => Kind::More,
            (magic, 1) if magic == MAGIC => Kind::Key,
            (magic, 2) if magic == MAGIC => Kind::Index,
            _ => return Err(damaged("what follows is no chunk")),
        };
        let head = Self {
            kind,
            time_ms: u64::from(number(4)) | u64::from(number(8)) << 32,
            plain: number(12),
            packed: number(16),
            crc: number(20),
        };
        let crc = crc(&bytes[..HEAD - 4]);
        if crc != number(24) || head.plain > LONGEST || head.packed > LONGEST {
            return Err(damaged("a chunk's head is damaged"));
        }
        Ok(head)
    }

    fn write(self) -> [u8; HEAD] {
        let mut out = [0; HEAD];
        out[..3].copy_from_slice(&MAGIC);
        out[3] = match self.kind {
            Kind::More => 0,
            Kind::Key => 1,
            Kind::Index => 2,
        };
        out[4..12].copy_from_slice(&self.time_ms.to_le_bytes());
        out[12..16].copy_from_slice(&self.plain.to_le_bytes());
        out[16..20].copy_from_slice(&self.packed.to_le_bytes());
        out[20..24].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc(&out[..HEAD - 4]);
        out[24..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Length in the file with its head, bytes.
    pub(super) fn length(self) -> u64 {
        HEAD as u64 + u64::from(self.packed)
    }

    /// The plain bytes of a whole chunk.
    pub(super) fn unpack(self, packed: &[u8]) -> io::Result<Vec<u8>> {
        if crc(packed) != self.crc {
            return Err(damaged("a chunk is damaged"));
        }
        let plain = self.unpack_what_there_is(packed);
        if plain.len() == self.plain as usize {
            Ok(plain)
        } else {
            Err(damaged("a chunk is short"))
        }
    }

    /// The plain bytes of the beginning of a chunk.
    pub(super) fn unpack_what_there_is(self, packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(self.plain as usize);
        // What was read before the bytes end or are wrong stays in `plain`.
        let _ = DeflateDecoder::new(packed).take(u64::from(self.plain)).read_to_end(&mut plain);
        plain
    }
}

/// A whole chunk as it is written.
pub(super) fn pack(kind: Kind, time_ms: u64, plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = DeflateEncoder::new(vec![0; HEAD], Compression::fast());
    out.write_all(plain)?;
    let mut out = out.finish()?;
    let too_long = |_| damaged("a chunk is too long");
    let head = ChunkHead {
        kind,
        time_ms,
        plain: u32::try_from(plain.len()).map_err(too_long)?,
        packed: u32::try_from(out.len() - HEAD).map_err(too_long)?,
        crc: crc(&out[HEAD..]),
    };
    out[..HEAD].copy_from_slice(&head.write());
    Ok(out)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
