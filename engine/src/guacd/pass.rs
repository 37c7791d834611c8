use bytes::{Bytes, BytesMut};

use crate::link::ViewerAccess;
use crate::wire::{WireError, parse_all};

/// The instructions that `access` allows, in order.
///
/// # Errors
/// For anything but whole, well-formed instructions.
pub(super) fn allowed(instructions: Bytes, access: ViewerAccess) -> Result<Bytes, WireError> {
    let mut kept = BytesMut::new();
    let mut rest = parse_all(&instructions);
    let mut all = true;
    loop {
        let begin = instructions.len() - rest.remaining();
        let Some(found) = rest.next() else { break };
        if passes(found?.opcode, access) {
            if !all {
                kept.extend_from_slice(&instructions[begin..instructions.len() - rest.remaining()]);
            }
        } else if all {
            all = false;
            kept.extend_from_slice(&instructions[..begin]);
        }
    }
    Ok(if all { instructions } else { kept.freeze() })
}

/// A viewer's goodbye is not the session's: `disconnect` goes no further, its link ends.
fn passes(opcode: &str, access: ViewerAccess) -> bool {
    match opcode {
        "" | "disconnect" => false,
        "ack" | "nop" | "sync" => true,
        // Answers to guacd's questions are the owner's as well.
        "argv" | "size" => access == ViewerAccess::Own,
        _ => access != ViewerAccess::View,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALL: &str = "4.sync,1.7;3.key,2.65,1.1;4.size,2.99,2.99;3.nop;10.disconnect;\
                       4.argv,1.1,10.text/plain,8.password;5.mouse,1.1,1.1,1.0;9.clipboard,1.0,10.text/plain;3.ack,1.1,2.OK,1.0;";

    fn after(access: ViewerAccess) -> String {
        let kept = allowed(Bytes::from_static(ALL.as_bytes()), access).unwrap();
        String::from_utf8(kept.to_vec()).unwrap()
    }

    #[test]
    fn bar_46_input_of_a_view_only_viewer_is_dropped() {
        assert_eq!(after(ViewerAccess::View), "4.sync,1.7;3.nop;3.ack,1.1,2.OK,1.0;");
    }

    #[test]
    fn only_the_owner_sizes_and_answers_and_nobody_disconnects() {
        assert_eq!(after(ViewerAccess::Own), ALL.replace("10.disconnect;", ""));
        let shared = after(ViewerAccess::Own)
            .replace("4.size,2.99,2.99;", "")
            .replace("4.argv,1.1,10.text/plain,8.password;", "");
        assert_eq!(after(ViewerAccess::Interact), shared);
    }

    #[test]
    fn bar_45_what_is_no_instruction_goes_no_further() {
        let truncated = Bytes::from_static(b"3.key,2.65,1.1;3.key,2.6");
        assert_eq!(allowed(truncated, ViewerAccess::Own), Err(WireError::Incomplete));
    }
}
