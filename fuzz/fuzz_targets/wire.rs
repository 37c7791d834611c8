//! Whatever arrives, in whatever pieces: one verdict, bounded memory, valid UTF-8, and
//! what was read is written the same.
#![no_main]

use bytes::BytesMut;
use fanlight_engine::wire::{Decoder, Framer, Limits, Writer, parse_within};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { element: 64, instruction: 256 };

fuzz_target!(|input: &[u8]| {
    let Some((piece, stream)) = input.split_first() else { return };
    let piece = usize::from(*piece).max(1);
    let (written, faulty) = parsed(stream);
    assert_eq!(&stream[..written.len()], &written[..]);
    assert!(faulty || written.len() == stream.len());
    for piece in [piece, usize::MAX] {
        assert_eq!(decoded(stream, piece), written);
        assert_eq!(framed(stream, piece), written);
    }
});

/// The good instructions at the beginning, written anew, and whether something follows.
fn parsed(stream: &[u8]) -> (BytesMut, bool) {
    let mut written = BytesMut::new();
    for found in parse_within(stream, LIMITS) {
        let Ok(found) = found else { return (written, true) };
        let writer = Writer::new(&mut written, found.opcode);
        found.args.iter().fold(writer, |writer, text| writer.str(text));
    }
    (written, false)
}

fn decoded(stream: &[u8], piece: usize) -> BytesMut {
    let mut decoder = Decoder::new(LIMITS);
    let mut written = BytesMut::new();
    for bytes in stream.chunks(piece) {
        decoder.feed(bytes);
        loop {
            match decoder.next_instruction() {
                Ok(Some(found)) => {
                    let writer = Writer::new(&mut written, found.opcode);
                    found.args.iter().fold(writer, |writer, text| writer.str(text));
                }
                Ok(None) => break,
                Err(_) => return written,
            }
        }
    }
    written
}

fn framed(stream: &[u8], piece: usize) -> BytesMut {
    let mut framer = Framer::new(LIMITS);
    let (mut buffer, mut whole) = (BytesMut::new(), BytesMut::new());
    for bytes in stream.chunks(piece) {
        buffer.extend_from_slice(bytes);
        loop {
            match framer.take(&mut buffer) {
                Ok(instructions) if instructions.is_empty() => break,
                Ok(instructions) => {
                    assert!(std::str::from_utf8(&instructions).is_ok());
                    whole.extend_from_slice(&instructions);
                }
                Err(_) => return whole,
            }
        }
        assert!(buffer.len() < LIMITS.instruction);
    }
    whole
}
