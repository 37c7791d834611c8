#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use fanlight_engine::wire::{Writer, parse_all};
use tempfile::TempDir;

use super::*;

fn head() -> Head {
    Head {
        session_id: Uuid::nil(),
        session_type: "ssh".into(),
        label: "db-1".into(),
        hostname: Some("db-1".into()),
        username: None,
        creator_id: "ann".into(),
        creator_name: "Ann".into(),
        started_at: 1_800_000_000_000,
    }
}

/// A frame that shows `number`, of about `size` bytes that do not compress.
fn frame(number: u64, size: usize) -> Bytes {
    let mut out = BytesMut::new();
    let mut noise = number;
    while out.len() < size {
        let mut text = String::new();
        while text.len() < 2048.min(size / 4) {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text += &format!("{noise:016x}");
        }
        Writer::new(&mut out, "blob").int(0).str(&text);
    }
    Writer::new(&mut out, "sync").int(i64::try_from(number).unwrap());
    out.freeze()
}

struct Written {
    _folder: TempDir,
    path: PathBuf,
    plain: Vec<u8>,
    writer: RecordingWriter,
}

impl Written {
    /// One frame of `size` bytes in each of `seconds` seconds, with a key frame each
    /// `key_each`.
    fn new(seconds: u64, key_each: u64, size: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.flrec");
        let mut writer = RecordingWriter::create(&path, &head()).unwrap();
        let mut plain = Vec::new();
        for second in 0..seconds {
            let frame = frame(second * 1000, size);
            plain.extend_from_slice(&frame);
            let key = second % key_each == 0;
            writer.append(&Chunk { key, time_ms: second * 1000, plain: frame }).unwrap();
        }
        Self { _folder: folder, path, plain, writer }
    }
}

fn read(path: &Path, from: u64, until: u64) -> (Vec<u8>, u64) {
    let mut reader = RecordingFile::open(path).unwrap().plain(from, until);
    let expected = reader.left();
    let mut all = Vec::new();
    while let Some(piece) = reader.next_piece().unwrap() {
        all.extend_from_slice(&piece);
    }
    assert_eq!(all.len() as u64, expected);
    (all, reader.bytes_read())
}

#[test]
fn what_was_written_is_read_from_any_byte_to_any_other() {
    let Written { path, plain, writer, _folder } = Written::new(20, 5, 3000);
    let unfinished = RecordingFile::open(&path).unwrap();
    let extent = writer.finish(20_500).unwrap();
    let file = RecordingFile::open(&path).unwrap();
    assert!(file.finished && !unfinished.finished);
    assert_eq!(file.head, head());
    assert_eq!(file.index.segments, unfinished.index.segments);
    assert_eq!(file.index.activity, unfinished.index.activity);
    assert_eq!((extent.duration_ms, extent.plain), (20_500, plain.len() as u64));
    assert_eq!(extent.stored, std::fs::metadata(&path).unwrap().len());
    let length = plain.len();
    for (from, until) in [(0, length), (1, 2), (0, 0), (2999, 3001), (length - 1, length)] {
        let (found, _) = read(&path, from as u64, until as u64);
        assert_eq!(found, plain[from..until], "{from} to {until}");
    }
    assert!(read(&path, length as u64, length as u64 + 5).0.is_empty());
}

#[test]
fn bar_76_a_file_that_ends_anywhere_plays_to_its_last_whole_instruction() {
    let Written { path, plain, writer, _folder } = Written::new(6, 3, 700);
    writer.finish(6000).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let begin = u64::from(u32::from_le_bytes(whole[8..12].try_into().unwrap())) + 12;
    let mut lengths = std::collections::BTreeSet::new();
    for length in (begin..whole.len() as u64).rev() {
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        let (found, _) = read(&path, 0, u64::MAX);
        assert_eq!(found, plain[..found.len()], "cut to {length}");
        assert!(parse_all(&found).all(|one| one.is_ok()), "cut to {length}: whole instructions");
        lengths.insert(found.len());
    }
    assert!(lengths.contains(&plain.len()), "where the index alone is missing");
    assert!(lengths.len() > 12, "also within a chunk: {lengths:?}");
    assert_eq!(read(&path, 0, u64::MAX).0.len(), 0);
}

#[test]
fn bar_75_what_broke_off_is_finished_and_loses_no_whole_instruction() {
    let Written { path, plain, writer, _folder } = Written::new(6, 3, 700);
    drop(writer);
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 100).unwrap();
    let before = read(&path, 0, u64::MAX).0;
    assert!(before.len() > plain.len() - 700 && before.len() < plain.len());
    let extent = RecordingFile::open(&path).unwrap().repair(&path).unwrap();
    let file = RecordingFile::open(&path).unwrap();
    assert!(file.finished);
    assert_eq!(file.extent(), extent);
    assert_eq!(read(&path, 0, u64::MAX).0, before);
}

#[test]
fn damage_in_the_middle_is_told_and_never_shown() {
    let Written { path, plain, writer, _folder } = Written::new(6, 3, 700);
    writer.finish(6000).unwrap();
    let good = std::fs::read(&path).unwrap();
    for at in (200..good.len() - 600).step_by(37) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        std::fs::write(&path, &bad).unwrap();
        let Ok(file) = RecordingFile::open(&path) else { continue };
        let mut reader = file.plain(0, u64::MAX);
        let mut found = Vec::new();
        while let Ok(Some(piece)) = reader.next_piece() {
            found.extend_from_slice(&piece);
        }
        assert_eq!(found, plain[..found.len()], "byte {at}");
    }
}

#[test]
fn a_seek_reads_a_bounded_part_of_an_hour() {
    let Written { path, plain, writer, _folder } = Written::new(3600, 60, 16 * 1024);
    let extent = writer.finish(3_600_000).unwrap();
    let file = RecordingFile::open(&path).unwrap();
    assert_eq!(file.index.segments.len(), 60);
    let begun = std::time::Instant::now();
    for minute in [0, 1, 17, 42, 59] {
        let from = file.index.segments[minute].plain;
        let until = file.index.segments.get(minute + 1).map_or(extent.plain, |next| next.plain);
        let (found, bytes) = read(&path, from, until);
        assert_eq!(found, plain[from as usize..until as usize]);
        assert!(bytes < 1024 * 1024 + 64 * 1024, "a minute of 16 KiB/s: {bytes}");
        // From the middle of a segment only heads are read before it.
        let (_, bytes) = read(&path, until - 1000, until);
        assert!(bytes < 20 * 1024, "one chunk and 59 heads: {bytes}");
    }
    assert!(begun.elapsed().as_secs() < 10);
}

#[test]
fn bar_38_a_link_in_the_place_of_a_recording_is_not_followed() {
    let Written { path, writer, _folder, .. } = Written::new(2, 2, 100);
    writer.finish(0).unwrap();
    let link = path.with_file_name("link.flrec");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(RecordingFile::open(&path).is_ok());
    assert!(RecordingFile::open(&link).is_err());
    assert!(RecordingFile::open(path.parent().unwrap()).is_err());
}
