use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::wire::{Writer, parse_all};

/// What guacd bears before its first frame: answers to its questions, files, and signs of life.
const EARLY: [&str; 9] = ["ack", "argv", "blob", "end", "file", "get", "nop", "put", "sync"];

/// Keeps input and further viewers away from a guacd that has not shown anything yet: in 1.3.0
/// either ends a VNC session that is still connecting, and a movement of the mouse keeps one of
/// RDP from ever hearing the credentials that it asked for.
#[derive(Clone, Default)]
pub(super) struct Threshold(Arc<State>);

#[derive(Default)]
struct State {
    shown: watch::Sender<bool>,
    /// The viewer's last `size`, which is told later.
    size: Mutex<Option<Bytes>>,
}

impl Threshold {
    /// guacd has completed a frame.
    pub(super) fn open(&self) {
        self.0.shown.send_if_modified(|shown| !std::mem::replace(shown, true));
    }

    /// Waits for that frame.
    pub(super) async fn opened(&self) {
        // The sender is this one's own.
        let _ = self.0.shown.subscribe().wait_for(|shown| *shown).await;
    }

    /// The instructions that may go on, after a size that had to wait.
    pub(super) fn admit(&self, instructions: Bytes) -> Bytes {
        if !*self.0.shown.borrow() {
            return self.early(&instructions);
        }
        match self.0.size.lock().take() {
            Some(size) => [size, instructions].concat().into(),
            None => instructions,
        }
    }

    fn early(&self, instructions: &[u8]) -> Bytes {
        let mut kept = BytesMut::new();
        for found in parse_all(instructions).flatten() {
            let write = |out: &mut BytesMut| {
                let writer = Writer::new(out, found.opcode);
                drop(found.args.iter().fold(writer, |writer, text| writer.str(text)));
            };
            match found.opcode {
                "size" => {
                    let mut size = BytesMut::new();
                    write(&mut size);
                    *self.0.size.lock() = Some(size.freeze());
                }
                opcode if EARLY.contains(&opcode) => write(&mut kept),
                _ => {}
            }
        }
        kept.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_waits_for_a_picture_and_the_last_size_is_kept() {
        let threshold = Threshold::default();
        let early = "5.mouse,1.1,1.1,1.0;4.size,1.9,1.9;4.argv,1.1,1.a,1.b;4.size,1.8,1.8;3.key;";
        let admitted = threshold.admit(Bytes::from_static(early.as_bytes()));
        assert_eq!(&admitted[..], b"4.argv,1.1,1.a,1.b;");
        threshold.open();
        let key = Bytes::from_static(b"3.key,2.65,1.1;");
        assert_eq!(&threshold.admit(key.clone())[..], b"4.size,1.8,1.8;3.key,2.65,1.1;");
        assert_eq!(threshold.admit(key.clone()), key);
    }
}
