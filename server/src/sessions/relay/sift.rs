//! What a viewer may say: whole, well-formed instructions that its access allows.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use fanlight_engine::link::ViewerAccess;
use fanlight_engine::terminal::live::SCREEN_TEXT;
use fanlight_engine::wire::{Instruction, WireError, Writer, instruction, parse_all};

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

/// Streams of one viewer that may be open without having been ended.
const MOST_TEXTS: usize = 8;

/// Sifts what one viewer says.
#[derive(Debug, Default)]
pub(super) struct Sifter {
    /// Streams in which who only looks asks for the text of the screen to be read out.
    texts: BTreeSet<String>,
}

impl Sifter {
    /// Takes a message apart; input that `access` does not allow is dropped.
    ///
    /// # Errors
    /// For anything but whole, well-formed instructions within the limits.
    pub(super) fn sift(
        &mut self,
        message: Bytes,
        access: ViewerAccess,
    ) -> Result<Sifted, WireError> {
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
                _ if self.passes(&found, access) => {
                    let may_act = access != ViewerAccess::View;
                    sifted.acts |= may_act && !matches!(found.opcode, "ack" | "sync" | "size");
                    let writer = Writer::new(&mut kept, found.opcode);
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
    fn passes(&mut self, found: &Instruction<'_>, access: ViewerAccess) -> bool {
        match found.opcode {
            "ack" | "sync" => true,
            "argv" | "blob" | "end" if access == ViewerAccess::View => self.is_for_text(found),
            "argv" | "audio" | "blob" | "clipboard" | "end" | "file" | "get" | "key" | "mouse"
            | "pipe" | "put" | "touch" => access != ViewerAccess::View,
            "size" => access == ViewerAccess::Own,
            _ => false,
        }
    }

    fn is_for_text(&mut self, found: &Instruction<'_>) -> bool {
        let stream = found.text(0);
        match found.opcode {
            "argv" if found.text(2) == SCREEN_TEXT && self.texts.len() < MOST_TEXTS => {
                self.texts.insert(stream.to_owned());
                true
            }
            "blob" => self.texts.contains(stream),
            "end" => self.texts.remove(stream),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sift_text(text: &'static str, access: ViewerAccess) -> Result<Sifted, WireError> {
        Sifter::default().sift(Bytes::from_static(text.as_bytes()), access)
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
    fn bar_46_who_only_looks_may_ask_for_the_text_and_for_nothing_else() {
        let asks = "4.argv,1.3,10.text/plain,11.screen-text;4.blob,1.3,4.b24=;3.end,1.3;";
        let other = "4.argv,1.4,10.text/plain,8.password;4.blob,1.4,4.b24=;3.end,1.4;\
            4.blob,1.3,4.b24=;";
        let text = format!("{asks}{other}");
        let sifted = Sifter::default().sift(Bytes::from(text), ViewerAccess::View).unwrap();
        assert_eq!(&sifted.forward[..], asks.as_bytes());
        assert!(!sifted.acts);
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
