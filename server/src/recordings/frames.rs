//! What of a viewer's instructions belongs into a recording: the picture, frame by frame,
//! with times of the recorder's own. Clipboards, files, questions and answers do not.

use std::collections::BTreeSet;

use bytes::{Buf as _, Bytes, BytesMut};
use fanlight_engine::wire::{Instruction, WireError, Writer, parse_all};

/// A frame that grows beyond this is recorded in parts.
const LONGEST_FRAME: usize = 16 * 1024 * 1024;

/// Picks the frames out of one link's instructions.
#[derive(Default)]
pub(super) struct Frames {
    /// The beginning of a frame.
    unfinished: BytesMut,
    drawn: bool,
    /// Open streams of pictures.
    images: BTreeSet<i32>,
    /// Layers and buffers that were drawn to.
    layers: BTreeSet<i32>,
}

/// What some instructions brought.
#[derive(Default)]
pub(super) struct Taken {
    /// Whole frames, each with its `sync`.
    pub(super) frames: BytesMut,
    /// What the engine has to be answered.
    pub(super) acknowledgements: BytesMut,
}

impl Taken {
    pub(super) fn is_frame(&self) -> bool {
        !self.frames.is_empty()
    }
}

/// What an instruction is to a recording.
enum Part {
    Drawing,
    /// The end of a frame.
    Sync,
    Nothing,
}

impl Frames {
    /// Takes whole instructions; frames that they end are shown at `stamp`, milliseconds
    /// since 1970-01-01 UTC.
    ///
    /// # Errors
    /// For what are no instructions.
    pub(super) fn take(&mut self, mut bytes: Bytes, stamp: i64) -> Result<Taken, WireError> {
        let mut taken = Taken::default();
        while !bytes.is_empty() {
            let mut all = parse_all(&bytes);
            let Some(found) = all.next() else { break };
            let found = found?;
            let length = bytes.len() - all.remaining();
            match self.part(&found) {
                Part::Drawing => {
                    self.drawn = true;
                    self.unfinished.extend_from_slice(&bytes[..length]);
                }
                Part::Sync => {
                    Writer::new(&mut taken.acknowledgements, "sync").str(found.text(0));
                    self.end_frame(stamp, &mut taken);
                }
                Part::Nothing => {}
            }
            drop(found);
            bytes.advance(length);
        }
        if self.unfinished.len() > LONGEST_FRAME {
            self.end_frame(stamp, &mut taken);
        }
        Ok(taken)
    }

    fn end_frame(&mut self, stamp: i64, taken: &mut Taken) {
        if std::mem::take(&mut self.drawn) {
            write_sync(&mut self.unfinished, stamp);
            taken.frames.unsplit(self.unfinished.split());
        }
    }

    /// Begins with a link that draws everything anew; returns what clears away the layers
    /// of the last one.
    pub(super) fn restart(&mut self) -> BytesMut {
        let mut out = BytesMut::new();
        for layer in std::mem::take(&mut self.layers) {
            if layer != 0 {
                Writer::new(&mut out, "dispose").int(layer.into());
            }
        }
        *self = Self::default();
        out
    }

    fn part(&mut self, found: &Instruction<'_>) -> Part {
        // Where the layer stands that an instruction draws to ("Guacamole protocol
        // reference", drawing instructions).
        let layer = match found.opcode {
            "sync" => return Part::Sync,
            "img" => {
                self.images.extend(found.number::<i32>(0));
                2
            }
            "blob" | "end" => return self.part_of_stream(found),
            "copy" | "transfer" => 6,
            "cfill" | "cstroke" | "lfill" | "lstroke" => 1,
            "arc" | "clip" | "close" | "curve" | "distort" | "dispose" | "identity" | "line"
            | "move" | "pop" | "push" | "rect" | "reset" | "set" | "shade" | "size" | "start"
            | "transform" => 0,
            "cursor" => return Part::Drawing,
            _ => return Part::Nothing,
        };
        self.layers.extend(found.number::<i32>(layer));
        Part::Drawing
    }

    fn part_of_stream(&mut self, found: &Instruction<'_>) -> Part {
        let Some(stream) = found.number::<i32>(0) else { return Part::Nothing };
        let known = match found.opcode {
            "end" => self.images.remove(&stream),
            _ => self.images.contains(&stream),
        };
        if known { Part::Drawing } else { Part::Nothing }
    }
}

/// Ends a frame that is shown at `stamp`.
pub(super) fn write_sync(out: &mut BytesMut, stamp: i64) {
    Writer::new(out, "sync").int(stamp);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn take(frames: &mut Frames, text: &'static str) -> (String, String) {
        let taken = frames.take(Bytes::from_static(text.as_bytes()), 7).unwrap();
        let text = |bytes: BytesMut| String::from_utf8(bytes.to_vec()).unwrap();
        (text(taken.frames), text(taken.acknowledgements))
    }

    #[test]
    fn only_the_picture_is_recorded() {
        let mut frames = Frames::default();
        let (recorded, acks) = take(
            &mut frames,
            "4.size,1.0,2.64,2.64;9.clipboard,1.1,10.text/plain;4.blob,1.1,8.c2VjcmV0;3.end,1.1;\
             3.img,1.0,2.12,1.0,9.image/png,1.0,1.0;4.blob,1.0,4.AAAA;3.end,1.0;\
             8.required,8.password;4.name,3.abc;4.sync,3.123,1.1;",
        );
        assert_eq!(
            recorded,
            "4.size,1.0,2.64,2.64;3.img,1.0,2.12,1.0,9.image/png,1.0,1.0;4.blob,1.0,4.AAAA;\
             3.end,1.0;4.sync,1.7;"
        );
        assert_eq!(acks, "4.sync,3.123;");
    }

    #[test]
    fn a_sign_of_life_is_answered_and_not_recorded() {
        let mut frames = Frames::default();
        let expected = (String::new(), "4.sync,1.5;".to_owned());
        assert_eq!(take(&mut frames, "3.nop;4.sync,1.5,1.1;"), expected);
    }

    #[test]
    fn an_unfinished_frame_goes_with_its_link_and_so_do_its_layers() {
        let mut frames = Frames::default();
        take(&mut frames, "4.size,1.1,1.9,1.9;4.size,2.-3,1.9,1.9;4.size,1.0,1.9,1.9;4.sync,1.1;");
        take(&mut frames, "4.size,1.0,1.5,1.5;");
        assert_eq!(&frames.restart()[..], b"7.dispose,2.-3;7.dispose,1.1;");
        assert_eq!(take(&mut frames, "4.sync,1.2;").0, "");
    }
}
