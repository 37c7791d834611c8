//! The codec against an independent reading of the specification, in any pieces.
#![allow(clippy::unwrap_used, missing_docs)]

use bytes::BytesMut;
use fanlight_engine::wire::{Decoder, Limits, WireError, instruction, parse_all};
use proptest::collection::vec;
use proptest::prelude::*;

const LIMITS: Limits = Limits { element: 4096, instruction: 16 * 1024 };

/// "Guacamole protocol", section "Design", read with nothing but characters: a length in
/// code points, a full stop, that many characters, then a comma or a semicolon.
fn read_by_the_book(text: &str) -> Option<Vec<Vec<String>>> {
    let mut characters = text.chars().peekable();
    let (mut instructions, mut elements) = (Vec::new(), Vec::new());
    while characters.peek().is_some() {
        let mut digits = String::new();
        while let Some(digit) = characters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        (characters.next()? == '.').then_some(())?;
        let length = digits.parse().ok()?;
        let element: String = characters.by_ref().take(length).collect();
        (element.chars().count() == length).then_some(())?;
        elements.push(element);
        match characters.next()? {
            ',' => {}
            ';' => instructions.push(std::mem::take(&mut elements)),
            _ => return None,
        }
    }
    elements.is_empty().then_some(instructions)
}

fn encode(instructions: &[Vec<String>]) -> BytesMut {
    let mut out = BytesMut::new();
    for elements in instructions {
        let arguments: Vec<_> = elements[1..].iter().map(String::as_str).collect();
        out.extend_from_slice(&instruction(&elements[0], &arguments));
    }
    out
}

fn decode(buffer: &[u8]) -> Result<Vec<Vec<String>>, WireError> {
    parse_all(buffer, LIMITS)
        .map(|found| {
            let found = found?;
            let opcode = std::iter::once(found.opcode());
            Ok(opcode.chain(found.args()).map(str::to_owned).collect())
        })
        .collect()
}

/// Decodes a stream that arrives in pieces cut at `cuts`.
fn decode_pieces(stream: &[u8], cuts: &[usize]) -> Result<Vec<Vec<String>>, WireError> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    let mut decoder = Decoder::new(LIMITS);
    let mut found = Vec::new();
    for piece in cuts.windows(2) {
        decoder.feed(&stream[piece[0]..piece[1]]);
        found.extend(decode(&decoder.take()?)?);
        assert!(decoder.buffer().len() <= LIMITS.instruction, "holds more than one instruction");
    }
    if decoder.is_empty() { Ok(found) } else { Err(WireError::Incomplete) }
}

fn instructions() -> impl Strategy<Value = Vec<Vec<String>>> {
    let text =
        prop_oneof![any::<String>(), "[a-z0-9]{0,40}", "(🦀|é|漢|\u{10FFFF}|;|,|\\.|[0-9]){0,30}"];
    vec(vec(text, 1..6), 0..6)
}

/// Bytes that look like the protocol often enough to reach every branch.
fn near_misses() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just(b"4.size".to_vec()),
        Just(b",".to_vec()),
        Just(b";".to_vec()),
        Just(b"0.".to_vec()),
        Just("2.é漢".into()),
        Just(b"99999999999.".to_vec()),
        Just(b"3.\xff\xfe\xfd".to_vec()),
        vec(any::<u8>(), 0..6),
    ];
    vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn bar_38a_lengths_count_code_points(instructions in instructions()) {
        let encoded = encode(&instructions);
        let text = std::str::from_utf8(&encoded).unwrap();
        prop_assert_eq!(read_by_the_book(text), Some(instructions.clone()));
        prop_assert_eq!(decode(&encoded), Ok(instructions));
    }

    #[test]
    fn bar_38b_any_split_gives_the_same_instructions(
        instructions in instructions(),
        cuts in vec(any::<usize>(), 0..40),
    ) {
        let encoded = encode(&instructions);
        prop_assert_eq!(decode_pieces(&encoded, &cuts), Ok(instructions));
    }

    #[test]
    fn bar_38b_any_bytes_in_any_split_give_one_verdict(
        bytes in near_misses(),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let whole = decode(&bytes).ok();
        prop_assert_eq!(decode_pieces(&bytes, &cuts).ok(), whole.clone());
        let book = std::str::from_utf8(&bytes).ok().and_then(read_by_the_book);
        prop_assert_eq!(whole, book);
    }
}

#[test]
fn bar_38a_an_emoji_is_one_and_a_zero_width_joiner_too() {
    assert_eq!(
        &instruction("x", &["🦀", "👩\u{200D}💻"])[..],
        "1.x,1.🦀,3.👩\u{200D}💻;".as_bytes()
    );
    assert_eq!(decode("1.x,2.🦀;".as_bytes()), Err(WireError::Incomplete));
}

#[test]
fn bar_38b_lengths_are_bounded_before_anything_is_kept() {
    let too_long = Err(WireError::ElementTooLong(LIMITS.element));
    assert_eq!(decode(b"4097."), too_long);
    assert_eq!(decode(&[b'9'; 9000]), too_long);
    assert_eq!(decode_pieces(&[b'0'; 9000], &[1, 2, 3]), too_long);
    assert_eq!(decode("1400.".to_owned().as_bytes()), Err(WireError::Incomplete));
    let three_bytes_each = format!("4000.{};", "漢".repeat(4000));
    assert_eq!(decode(three_bytes_each.as_bytes()), too_long);
}

#[test]
fn bar_38b_instructions_are_bounded() {
    let element = format!("4096.{},", "x".repeat(4096));
    let endless = element.repeat(5);
    let error = Err(WireError::InstructionTooLong(LIMITS.instruction));
    assert_eq!(decode(endless.as_bytes()), error);
    assert_eq!(decode_pieces(endless.as_bytes(), &[100, 5000, 9999]), error);
}

#[test]
fn the_rest_behind_a_first_instruction_is_left() {
    let mut decoder = Decoder::new(LIMITS);
    decoder.feed(b"5.ready,1.a;4.sync,");
    assert_eq!(decoder.take_one().unwrap().unwrap(), "5.ready,1.a;");
    assert_eq!(decoder.take_one().unwrap(), None);
    decoder.feed(b"1.1;3.nop;2.");
    assert_eq!(decoder.take().unwrap(), "4.sync,1.1;3.nop;");
    assert!(!decoder.is_empty());
}
