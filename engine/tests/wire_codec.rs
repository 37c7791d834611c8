//! The codec against an independent reading of the specification, in any pieces.
#![allow(clippy::unwrap_used, missing_docs)]

use bytes::BytesMut;
use fanlight_engine::wire::{
    Decoder, Framer, Limits, MAX_ELEMENTS, WireError, instruction, parse_within, whole_instructions,
};
use proptest::collection::vec;
use proptest::prelude::*;

const LIMITS: Limits = Limits { element: 4096, instruction: 16 * 1024 };

type Elements = Vec<String>;

/// "Guacamole protocol", section "Design", read with nothing but characters: a length in
/// code points, a full stop, that many characters, then a comma or a semicolon.
fn read_by_the_book(text: &str) -> Option<Vec<Elements>> {
    let mut characters = text.chars().peekable();
    let (mut instructions, mut elements) = (Vec::new(), Vec::new());
    while characters.peek().is_some() {
        let mut digits = String::new();
        while let Some(digit) = characters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        (characters.next()? == '.').then_some(())?;
        let length = digits.parse::<usize>().ok()?;
        (length.to_string() == digits).then_some(())?;
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

fn encode(instructions: &[Elements]) -> BytesMut {
    let mut out = BytesMut::new();
    for elements in instructions {
        let arguments: Vec<_> = elements[1..].iter().map(String::as_str).collect();
        out.extend_from_slice(&instruction(&elements[0], &arguments));
    }
    out
}

fn owned(opcode: &str, args: &[&str]) -> Elements {
    std::iter::once(&opcode).chain(args).map(|text| (*text).to_owned()).collect()
}

fn parse(bytes: &[u8]) -> Result<Vec<Elements>, WireError> {
    parse_within(bytes, LIMITS)
        .map(|found| found.map(|found| owned(found.opcode, &found.args)))
        .collect()
}

fn pieces<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|piece| &stream[piece[0]..piece[1]]).collect()
}

/// Instructions before the fault, and the fault; `Incomplete` if some bytes are left.
type Verdict = (Vec<Elements>, Option<WireError>);

fn decode(pieces: &[&[u8]]) -> Verdict {
    let mut decoder = Decoder::new(LIMITS);
    let mut found = Vec::new();
    for piece in pieces {
        decoder.feed(piece);
        loop {
            match decoder.next_instruction() {
                Ok(Some(next)) => found.push(owned(next.opcode, &next.args)),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, (!decoder.into_rest().is_empty()).then_some(WireError::Incomplete))
}

fn frame(pieces: &[&[u8]]) -> Verdict {
    let mut framer = Framer::new(LIMITS);
    let (mut buffer, mut found) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match framer.take(&mut buffer) {
                Ok(whole) if whole.is_empty() => break,
                Ok(whole) => {
                    found.extend(parse(std::str::from_utf8(&whole).unwrap().as_bytes()).unwrap())
                }
                Err(error) => return (found, Some(error)),
            }
        }
        assert!(buffer.len() < LIMITS.instruction, "holds more than one instruction");
    }
    (found, (!buffer.is_empty()).then_some(WireError::Incomplete))
}

fn instructions() -> impl Strategy<Value = Vec<Elements>> {
    let text =
        prop_oneof![any::<String>(), "[a-z0-9]{0,40}", "(🦀|é|漢|\u{10FFFF}|;|,|\\.|[0-9]){0,30}"];
    vec(vec(text, 1..6), 0..6)
}

/// Bytes that look like the protocol often enough to reach every branch.
fn near_misses() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        8 => Just(b"4.size".to_vec()),
        8 => Just(b",".to_vec()),
        8 => Just(b";".to_vec()),
        4 => Just(b"0.".to_vec()),
        4 => Just("2.é漢".into()),
        2 => Just("3.🦀".into()),
        1 => Just(b"00.".to_vec()),
        1 => Just(b"99999999999.".to_vec()),
        1 => Just(b"3.\xff\xfe\xfd".to_vec()),
        1 => Just(b"1.\xf0\x9f".to_vec()),
        2 => vec(any::<u8>(), 0..6),
    ];
    vec(token, 0..16).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn bar_38a_lengths_count_code_points(instructions in instructions()) {
        let encoded = encode(&instructions);
        let text = std::str::from_utf8(&encoded).unwrap();
        prop_assert_eq!(read_by_the_book(text), Some(instructions.clone()));
        prop_assert_eq!(parse(&encoded), Ok(instructions));
        prop_assert_eq!(whole_instructions(&encoded, LIMITS), Ok(encoded.len()));
    }

    #[test]
    fn bar_38b_any_split_gives_the_same_instructions(
        instructions in instructions(),
        cuts in vec(any::<usize>(), 0..40),
    ) {
        let encoded = encode(&instructions);
        prop_assert_eq!(decode(&pieces(&encoded, &cuts)), (instructions.clone(), None));
        prop_assert_eq!(frame(&pieces(&encoded, &cuts)), (instructions, None));
    }

    #[test]
    fn bar_38b_any_bytes_in_any_split_give_one_verdict(
        bytes in near_misses(),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let whole = decode(&[&bytes]);
        prop_assert_eq!(&decode(&pieces(&bytes, &cuts)), &whole);
        prop_assert_eq!(&frame(&pieces(&bytes, &cuts)), &whole);
        let parsed = parse(&bytes).ok();
        prop_assert_eq!(&parsed, &whole.1.is_none().then_some(whole.0));
        let book = std::str::from_utf8(&bytes).ok().and_then(read_by_the_book);
        prop_assert_eq!(parsed, book);
    }
}

#[test]
fn bar_38a_an_emoji_is_one_and_a_joined_one_is_three() {
    let joined = "👩\u{200D}💻";
    let encoded = instruction("x", &["🦀", joined]);
    assert_eq!(&encoded[..], format!("1.x,1.🦀,3.{joined};").as_bytes());
    assert_eq!(parse("1.x,2.🦀;".as_bytes()), Err(WireError::Incomplete));
    assert_eq!(parse("1.x,4.🦀;".as_bytes()), Err(WireError::Incomplete));
}

/// The injection of CVE-2023-30575: a text that ends its element early, were its length
/// counted in bytes or in UTF-16 units.
#[test]
fn bar_38a_a_text_cannot_leave_its_element() {
    let text = "🦀🦀🦀🦀,14.recording-path,4./tmp;";
    let encoded = instruction("connect", &[text, "x"]);
    assert_eq!(parse(&encoded), Ok(vec![owned("connect", &[text, "x"])]));
}

#[test]
fn bar_38b_lengths_are_bounded_before_anything_is_kept() {
    for digits in ["4097.", "4097", &"9".repeat(9000)] {
        assert_eq!(parse(digits.as_bytes()), Err(WireError::ElementTooLong), "{digits}");
        assert_eq!(frame(&[digits.as_bytes()]), (vec![], Some(WireError::ElementTooLong)));
    }
    let zeros = [b'0'; 9000];
    assert_eq!(frame(&pieces(&zeros, &[1, 2, 3])), (vec![], Some(WireError::Length)));
}

#[test]
fn bar_38b_instructions_are_bounded() {
    let endless = format!("4096.{},", "x".repeat(4096)).repeat(5);
    let expected = (vec![], Some(WireError::InstructionTooLong));
    assert_eq!(frame(&pieces(endless.as_bytes(), &[100, 5000, 9999])), expected);
    assert_eq!(decode(&[endless.as_bytes()]), expected);
    assert_eq!(parse(endless.as_bytes()), Err(WireError::InstructionTooLong));
    let wide = format!("4096.{};", "🦀".repeat(4096));
    assert_eq!(frame(&pieces(wide.as_bytes(), &[9999, 12345])), expected);
    let many = "0.,".repeat(MAX_ELEMENTS + 1);
    assert_eq!(parse(many.as_bytes()), Err(WireError::TooManyElements));
    assert_eq!(frame(&[many.as_bytes()]), (vec![], Some(WireError::TooManyElements)));
}

/// Found by fuzzing: a length, and a character, beyond the limit were waited for.
#[test]
fn bar_38b_nothing_is_kept_that_cannot_become_an_instruction() {
    let limits = Limits { element: 64, instruction: 8 };
    let cut = &"6.aaa🦀".as_bytes()[..8];
    for hopeless in [&b"1.a,1.b,"[..], b"1.a,1.b,1", b"4.aaaa,1", b"6.aaaaaa", cut] {
        let framed = whole_instructions(hopeless, limits);
        assert_eq!(framed, Err(WireError::InstructionTooLong), "{hopeless:?}");
    }
}

#[test]
fn an_instruction_of_exactly_the_limit_passes() {
    let limits = Limits { element: 100, instruction: 12 };
    for (bytes, passes) in
        [("8.aaaaaaaa;", true), ("9.aaaaaaaaa;", true), ("10.aaaaaaaaaa;", false)]
    {
        let parsed = parse_within(bytes.as_bytes(), limits).all(|found| found.is_ok());
        let framed = whole_instructions(bytes.as_bytes(), limits);
        assert_eq!((parsed, framed == Ok(bytes.len())), (passes, passes), "{bytes}");
    }
}

/// A framer that looked at everything again for each piece would take minutes here.
#[test]
fn a_huge_instruction_in_tiny_pieces_is_read_once() {
    let limits = Limits { element: 32 << 20, instruction: 64 << 20 };
    let size = 4 << 20;
    let stream = format!("4.blob,1.0,{size}.{};", "x".repeat(size));
    let mut framer = Framer::new(limits);
    let mut buffer = BytesMut::with_capacity(stream.len());
    let begin = std::time::Instant::now();
    for piece in stream.as_bytes().chunks(8) {
        assert!(framer.take(&mut buffer).unwrap().is_empty());
        buffer.extend_from_slice(piece);
    }
    assert_eq!(framer.take(&mut buffer).unwrap(), stream);
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}

#[test]
fn what_follows_an_instruction_is_left_untouched() {
    let mut decoder = Decoder::new(LIMITS);
    decoder.feed(b"5.ready,1.a;4.sync,");
    assert_eq!(decoder.next_instruction().unwrap().unwrap().text(0), "a");
    assert_eq!(&decoder.into_rest()[..], b"4.sync,");
}
