use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::SessionError;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::join::Entrance;
use super::viewer::{Reader, Sender};
use crate::link::{Link, LinkReader, LinkWriter, Viewer};
use crate::wire::parse_all;

type Joined = Result<(Reader, Sender), SessionError>;

/// The link of the owner who opened the session.
///
/// guacd (seen in 1.3.0) starts to talk to the target before it counts the owner among the
/// viewers, and what it draws until then is lost: the owner would never learn the picture's
/// size and see nothing. Such an owner joins once more, and is sent everything.
pub(super) fn first_link(ends: (Reader, Sender), entrance: Arc<Entrance>, viewer: Viewer) -> Link {
    let (reader, writer) = ends;
    let writer = Arc::new(Mutex::new(writer));
    Link {
        writer: Box::new(FirstWriter(Arc::clone(&writer))),
        reader: Box::new(FirstReader {
            reader,
            writer,
            again: Some((entrance, viewer)),
            joining: None,
        }),
    }
}

struct FirstReader {
    reader: Reader,
    writer: Arc<Mutex<Sender>>,
    /// How to join; gone when it is clear that this is not needed.
    again: Option<(Arc<Entrance>, Viewer)>,
    /// Kept here, so that `next` can be cancelled.
    joining: Option<BoxFuture<'static, Joined>>,
}

#[async_trait]
impl LinkReader for FirstReader {
    async fn next(&mut self) -> Result<Option<Bytes>, SessionError> {
        loop {
            if let Some(joining) = &mut self.joining {
                let joined = joining.await;
                self.joining = None;
                let (reader, writer) = joined?;
                self.reader = reader;
                *self.writer.lock() = writer;
            }
            let Some(instructions) = self.reader.next().await? else { return Ok(None) };
            match begins(&instructions).filter(|_| self.again.is_some()) {
                None => return Ok(Some(instructions)),
                Some(Beginning::Whole) => {
                    self.again = None;
                    return Ok(Some(instructions));
                }
                Some(Beginning::Lost) => self.join_again(),
            }
        }
    }
}

impl FirstReader {
    fn join_again(&mut self) {
        if let Some((entrance, viewer)) = self.again.take() {
            tracing::info!(connection = entrance.id, "guacd lost the picture's beginning");
            self.reader.leave();
            self.joining = Some(async move { entrance.join(&viewer).await }.boxed());
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Beginning {
    Whole,
    Lost,
}

/// Whether the default layer is given a size before something is drawn there or a frame ends;
/// `None` while neither happens.
fn begins(instructions: &[u8]) -> Option<Beginning> {
    parse_all(instructions).flatten().find_map(|instruction| {
        let (layer, beginning) = match instruction.opcode {
            "size" => (0, Beginning::Whole),
            "cfill" => (1, Beginning::Lost),
            "img" => (2, Beginning::Lost),
            "copy" => (6, Beginning::Lost),
            "sync" => return Some(Beginning::Lost),
            _ => return None,
        };
        (instruction.text(layer) == "0").then_some(beginning)
    })
}

struct FirstWriter(Arc<Mutex<Sender>>);

#[async_trait]
impl LinkWriter for FirstWriter {
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError> {
        let mut writer = self.0.lock().clone();
        writer.send(instructions).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_begins_with_its_size() {
        let lost = "4.size,2.-1,2.11,2.16;3.img,1.3,2.12,2.-1,9.image/png,1.0,1.0;\
                    3.img,1.3,2.14,1.0,9.image/png,1.0,1.0;4.size,1.0,3.640,3.480;";
        assert_eq!(begins(lost.as_bytes()), Some(Beginning::Lost));
        let whole = "3.img,1.3,2.12,2.-1,9.image/png,1.0,1.0;4.size,1.0,3.640,3.480;\
                     4.copy,1.0,1.0,1.0,1.9,1.9,2.14,1.0,1.0,1.0;";
        assert_eq!(begins(whole.as_bytes()), Some(Beginning::Whole));
        assert_eq!(begins(b"5.audio,1.1,8.audio/L8;4.sync,1.7;"), Some(Beginning::Lost));
        assert_eq!(begins(b"5.audio,1.1,8.audio/L8;8.required,8.password;"), None);
    }
}
