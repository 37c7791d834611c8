#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::codes::*;
use super::*;

fn identity() -> Identity {
    Identity { terminal_type: "xterm-256color".into(), username: Some("jürgen".into()) }
}

fn fresh() -> Telnet {
    Telnet::new(identity(), 80, 24)
}

/// What the remote side prints, and what it is answered.
fn after(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let received = fresh().receive(bytes);
    (received.data, received.reply)
}

#[test]
fn options_that_help_are_agreed_to_and_others_refused() {
    let cases: [(u8, u8, u8); 10] = [
        (WILL, ECHO, DO),
        (WILL, SUPPRESS_GO_AHEAD, DO),
        (WILL, BINARY, DO),
        (WILL, TERMINAL_TYPE, DONT),
        (DO, SUPPRESS_GO_AHEAD, WILL),
        (DO, BINARY, WILL),
        (DO, TERMINAL_TYPE, WILL),
        (DO, NEW_ENVIRON, WILL),
        (DO, ECHO, WONT),
        (DO, 200, WONT),
    ];
    for (verb, option, answer) in cases {
        assert_eq!(after(&[IAC, verb, option]).1, [IAC, answer, option], "{verb} {option}");
    }
    for verb in [WONT, DONT] {
        assert_eq!(after(&[IAC, verb, ECHO]).1, b"", "what is off needs no answer");
    }
}

#[test]
fn what_is_agreed_is_not_said_again_and_can_be_taken_back() {
    let mut telnet = fresh();
    assert_eq!(telnet.receive(&[IAC, WILL, ECHO]).reply, [IAC, DO, ECHO]);
    assert!(telnet.echoes_itself());
    assert_eq!(telnet.receive(&[IAC, WILL, ECHO]).reply, b"");
    assert_eq!(telnet.receive(&[IAC, WONT, ECHO]).reply, [IAC, DONT, ECHO]);
    assert!(!telnet.echoes_itself());
}

#[test]
fn the_window_s_size_is_told_at_once_and_when_it_changes() {
    let mut telnet = fresh();
    assert_eq!(telnet.resize(100, 30), b"", "nobody asked");
    let told = telnet.receive(&[IAC, DO, WINDOW_SIZE]).reply;
    assert_eq!(told, [IAC, WILL, WINDOW_SIZE, IAC, SB, WINDOW_SIZE, 0, 100, 0, 30, IAC, SE]);
    let told = telnet.resize(255, 511);
    assert_eq!(told, [IAC, SB, WINDOW_SIZE, 0, IAC, IAC, 1, IAC, IAC, IAC, SE]);
}

#[test]
fn the_terminal_s_type_and_the_account_are_told_when_asked_for() {
    let mut telnet = fresh();
    let ask = [IAC, SB, TERMINAL_TYPE, SEND, IAC, SE];
    assert_eq!(telnet.receive(&ask).reply, b"", "not agreed yet");
    telnet.receive(&[IAC, DO, TERMINAL_TYPE, IAC, DO, NEW_ENVIRON]);
    let name = [&[IAC, SB, TERMINAL_TYPE, IS], &b"xterm-256color"[..], &[IAC, SE]].concat();
    assert_eq!(telnet.receive(&ask).reply, name);
    let user =
        [&[IAC, SB, NEW_ENVIRON, IS, VAR], &b"USER"[..], &[VALUE], "jürgen".as_bytes(), &[IAC, SE]];
    for asked in [&b""[..], b"\x00", b"\x00USER", b"\x00LANG\x03X\x00USER"] {
        let ask = [&[IAC, SB, NEW_ENVIRON, SEND], asked, &[IAC, SE]].concat();
        assert_eq!(telnet.receive(&ask).reply, user.concat(), "{asked:?}");
    }
    let others = [&[IAC, SB, NEW_ENVIRON, SEND], &b"\x00LANG"[..], &[IAC, SE]].concat();
    assert_eq!(telnet.receive(&others).reply, [IAC, SB, NEW_ENVIRON, IS, IAC, SE]);
}

#[test]
fn bar_80_the_account_is_not_offered_where_it_is_unknown() {
    let nobody = Identity { username: None, ..identity() };
    let reply = Telnet::new(nobody, 80, 24).receive(&[IAC, DO, NEW_ENVIRON]).reply;
    assert_eq!(reply, [IAC, WONT, NEW_ENVIRON]);
}

#[test]
fn data_is_told_from_commands_and_padding() {
    assert_eq!(after(b"a\r\0b\r\nc\0d").0, b"a\rb\r\nc\0d");
    assert_eq!(after(&[b'a', IAC, IAC, IAC, 241, b'b', IAC, 249]).0, [b'a', IAC, b'b']);
    let binary = [&[IAC, WILL, BINARY], &b"a\r\0b"[..]].concat();
    assert_eq!(after(&binary).0, b"a\r\0b");
}

#[test]
fn typed_bytes_follow_the_rules_of_the_line() {
    let mut telnet = fresh();
    assert_eq!(telnet.encode(b"ls\r"), b"ls\r\n", "by line");
    assert_eq!(telnet.encode(b"a\r\nb"), b"a\r\nb");
    assert_eq!(telnet.encode(&[b'x', IAC]), [b'x', IAC, IAC]);
    telnet.receive(&[IAC, WILL, ECHO]);
    assert_eq!(telnet.encode(b"ls\r"), b"ls\r\0", "by key");
    telnet.receive(&[IAC, DO, BINARY]);
    assert_eq!(telnet.encode(b"ls\r"), b"ls\r");
}

#[test]
fn bar_38_an_endless_subnegotiation_is_not_kept() {
    let mut telnet = fresh();
    telnet.receive(&[IAC, SB, TERMINAL_TYPE]);
    for _ in 0..1000 {
        telnet.receive(&[b'x'; 4096]);
    }
    assert!(telnet.subnegotiation.capacity() <= 2 * LONGEST_SUBNEGOTIATION);
    let broken_off = telnet.receive(&[IAC, WILL, ECHO, b'y']);
    assert_eq!((&broken_off.data[..], &broken_off.reply[..]), (&b"y"[..], &[IAC, DO, ECHO][..]));
}

/// Bytes of which every third is one that the protocol is made of.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let telling = prop::sample::select(vec![
        IAC,
        IAC,
        SB,
        SE,
        WILL,
        WONT,
        DO,
        DONT,
        b'\r',
        0,
        ECHO,
        TERMINAL_TYPE,
        WINDOW_SIZE,
        NEW_ENVIRON,
        SEND,
    ]);
    prop::collection::vec(prop_oneof![2 => any::<u8>(), 3 => telling], 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn bar_38_no_bytes_are_a_panic_and_the_pieces_they_come_in_do_not_matter(
        bytes in wire(), size in 1usize..20,
    ) {
        let whole = fresh().receive(&bytes);
        let (mut telnet, mut pieces) = (fresh(), Received::default());
        for piece in bytes.chunks(size) {
            let received = telnet.receive(piece);
            pieces.data.extend(received.data);
            pieces.reply.extend(received.reply);
        }
        prop_assert_eq!(&whole, &pieces);
        prop_assert!(whole.data.len() <= bytes.len());
        prop_assert!(whole.reply.len() <= 20 * bytes.len());
    }

    #[test]
    fn what_one_side_types_the_other_receives(
        typed in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..20,
    ) {
        // A return may stand for a line's end; all other bytes are to arrive as they are.
        let typed: Vec<u8> = typed.into_iter().filter(|byte| !b"\r\n".contains(byte)).collect();
        let sent = fresh().encode(&typed);
        let mut telnet = fresh();
        let received: Vec<u8> =
            sent.chunks(size).flat_map(|piece| telnet.receive(piece).data).collect();
        prop_assert_eq!(received, typed);
    }
}
