//! What a viewer may say: whole, well-formed instructions that its access allows.

use bytes::{Bytes, BytesMut};
use fanlight_engine::link::ViewerAccess;
use fanlight_engine::wire::{WireError, Writer, instruction, parse_all};

/// The opcode of messages between the tunnel's ends; it never reaches an engine.
const INTERNAL: &str = "";

/// Says that somebody is there, without doing anything in the session: ours.
const STAY: &str = "stay";

/// A viewer's message, taken apart.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    /// For the engine; may be empty.
    pub(super) forward: Bytes,
    /// Answers to pings; may be empty.
    pub(super) reply: BytesMut,
    /// Whether it shows that somebody is at the keyboard.
    pub(super) acts: bool,
    /// Whether the viewer says goodbye.
    pub(super) leaves: bool,
}

/// Takes a message apart; input that `access` does not allow is dropped.
///
/// # Errors
/// For anything but whole, well-formed instructions within the limits.
pub(super) fn sift(message: Bytes, access: ViewerAccess) -> Result<Sifted, WireError> {
    let mut sifted = Sifted::default();
    let mut kept = BytesMut::new();
    let mut all_pass = true;
    for found in parse_all(&message) {
        let found = found?;
        match found.opcode {
            INTERNAL if found.args.first() == Some(&"ping") => {
                sifted.reply.extend_from_slice(&instruction(INTERNAL, &found.args));
            }
            "disconnect" => sifted.leaves = true,
            STAY => sifted.acts |= access != ViewerAccess::View,
            opcode if passes(opcode, access) => {
                sifted.acts |= !matches!(opcode, "ack" | "sync" | "size");
                let writer = Writer::new(&mut kept, opcode);
                found.args.iter().fold(writer, |writer, text| writer.str(text));
                continue;
            }
            _ => {}
        }
        all_pass = false;
    }
    sifted.forward = if all_pass { message } else { kept.freeze() };
    Ok(sifted)
}

/// The opcodes that viewers send ("Guacamole protocol reference"); nothing else passes.
fn passes(opcode: &str, access: ViewerAccess) -> bool {
    match opcode {
        "ack" | "sync" => true,
        "argv" | "audio" | "blob" | "clipboard" | "end" | "file" | "get" | "key" | "mouse"
        | "pipe" | "put" | "touch" => access != ViewerAccess::View,
        "size" => access == ViewerAccess::Own,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sift_text(text: &'static str, access: ViewerAccess) -> Result<Sifted, WireError> {
        sift(Bytes::from_static(text.as_bytes()), access)
    }

    #[test]
    fn bar_46_input_of_a_view_only_viewer_is_dropped() {
        let all = "4.sync,1.7;3.key,2.65,1.1;5.mouse,1.1,1.1,1.0;9.clipboard,1.0,10.text/plain;";
        let viewed = sift_text(all, ViewerAccess::View).unwrap();
        assert_eq!(&viewed.forward[..], b"4.sync,1.7;");
        let owned = sift_text(all, ViewerAccess::Own).unwrap();
        assert_eq!(&owned.forward[..], all.as_bytes());
        let sized = sift_text("4.size,1.1,1.1;", ViewerAccess::Interact).unwrap();
        assert!(sized.forward.is_empty());
    }

    #[test]
    fn bar_45_what_is_no_whole_instruction_is_an_error() {
        for bad in [
            "",
            "x",
            "3.key,2.65,1.1",
            "3.key,3.65,1.1;",
            "3.key,1.65;",
            "99999999999.k;",
            "-1.a;",
            "3.key;garbage",
            "3.key,",
            ";",
            "03.ke",
            "6.select,3.ssh",
        ] {
            let outcome = sift_text(bad, ViewerAccess::Own);
            assert!(bad.is_empty() || outcome.is_err(), "{bad:?}: {outcome:?}");
        }
    }

    #[test]
    fn bar_45_only_known_opcodes_reach_the_engine() {
        for unknown in ["6.select,3.ssh;", "7.connect,1.a;", "3.img,1.0;", "4.nest,1.0;", "3.nop;"]
        {
            assert!(sift_text(unknown, ViewerAccess::Own).unwrap().forward.is_empty());
        }
    }

    #[test]
    fn only_who_may_act_keeps_a_session_awake() {
        for (text, acts) in [
            ("3.key,2.65,1.1;", true),
            ("5.mouse,1.1,1.1,1.0;", true),
            ("4.stay;", true),
            ("4.sync,1.7;3.ack,1.0,2.OK,1.0;4.size,1.1,1.1;", false),
        ] {
            assert_eq!(sift_text(text, ViewerAccess::Own).unwrap().acts, acts, "{text}");
            assert!(!sift_text(text, ViewerAccess::View).unwrap().acts, "{text}");
        }
        assert!(sift_text("4.stay;", ViewerAccess::Own).unwrap().forward.is_empty());
    }

    #[test]
    fn pings_are_answered_in_kind() {
        let sifted = sift_text("0.,4.ping,13.1700000000000;", ViewerAccess::View).unwrap();
        assert_eq!(&sifted.reply[..], b"0.,4.ping,13.1700000000000;");
        assert!(sifted.forward.is_empty());
        assert!(sift_text("10.disconnect;", ViewerAccess::View).unwrap().leaves);
    }
}
