use bytes::BytesMut;
use fanlight_core::{BoxedStream, SessionError, Viewport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroize;

use super::arguments::{Listing, Values, Version};
use super::words;
use crate::wire::{Decoder, Limits, Writer, instruction};

/// What viewers in browsers can play and show.
const AUDIO: [&str; 2] = ["audio/L8", "audio/L16"];
const IMAGES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];
/// What the instructions of a handshake take besides their values, in bytes.
const OVERHEAD: usize = 512;
/// What an element takes besides its text: length, full stop and comma.
const PER_ELEMENT: usize = 8;

/// A guacd that has listed what it needs to know.
pub(super) struct Greeted {
    talk: Talk,
    pub(super) listing: Listing,
}

/// What guacd is told about a viewer.
pub(super) struct Hello<'a> {
    pub(super) viewport: Viewport,
    pub(super) timezone: Option<&'a str>,
}

/// A connection whose handshake is done.
pub(super) struct Ready {
    pub(super) stream: BoxedStream,
    /// What came right behind `ready`.
    pub(super) received: BytesMut,
    /// The session's id in guacd, by which others join.
    pub(super) id: String,
}

struct Talk {
    stream: BoxedStream,
    decoder: Decoder,
    address: String,
    selection: String,
}

/// Asks for a protocol, or for a session by its id.
pub(super) async fn greet(
    stream: BoxedStream,
    address: &str,
    selection: &str,
) -> Result<Greeted, SessionError> {
    let decoder = Decoder::new(Limits::default());
    let (address, selection) = (address.to_owned(), selection.to_owned());
    let mut talk = Talk { stream, decoder, address, selection };
    let select = instruction("select", &[&talk.selection]);
    talk.send(&select).await?;
    let listing = Listing::new(talk.expect("args").await?);
    Ok(Greeted { talk, listing })
}

impl Greeted {
    /// Answers with `values`, one for each listed parameter.
    pub(super) async fn connect(
        mut self,
        hello: &Hello<'_>,
        values: Values,
    ) -> Result<Ready, SessionError> {
        let mut answer = self.answer(hello, &values);
        drop(values);
        let sent = self.talk.send(&answer).await;
        answer.as_mut().zeroize();
        sent?;
        let id = self.talk.expect("ready").await?.into_iter().next().unwrap_or_default();
        let received = self.talk.decoder.into_rest();
        Ok(Ready { stream: self.talk.stream, received, id })
    }

    /// The buffer never grows, so that no copy of a password stays behind.
    fn answer(&self, hello: &Hello<'_>, values: &Values) -> BytesMut {
        let Viewport { width, height, dpi } = hello.viewport;
        let length: usize = values.0.iter().map(|value| value.len() + PER_ELEMENT).sum();
        let timezone = hello.timezone.unwrap_or_default();
        let mut out = BytesMut::with_capacity(OVERHEAD + timezone.len() + length);
        Writer::new(&mut out, "size").int(width.into()).int(height.into()).int(dpi.into());
        AUDIO.iter().fold(Writer::new(&mut out, "audio"), |writer, kind| writer.str(kind));
        drop(Writer::new(&mut out, "video"));
        IMAGES.iter().fold(Writer::new(&mut out, "image"), |writer, kind| writer.str(kind));
        if !timezone.is_empty() && self.listing.version() >= Version::TIMEZONE {
            Writer::new(&mut out, "timezone").str(timezone);
        }
        values.0.iter().fold(Writer::new(&mut out, "connect"), |writer, value| writer.str(value));
        out
    }
}

impl Talk {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|_| words::hung_up(&self.address, &self.selection))
    }

    /// The arguments of the next instruction, which has to be `opcode`.
    async fn expect(&mut self, opcode: &str) -> Result<Vec<String>, SessionError> {
        let mut piece = [0; 1024];
        loop {
            let next = self.decoder.next_instruction();
            match next.map_err(|error| words::garbage(&self.address, error))? {
                None => {}
                Some(found) if found.opcode == opcode => {
                    return Ok(found.args.into_iter().map(str::to_owned).collect());
                }
                Some(found) if found.opcode == "nop" => continue,
                Some(found) if found.opcode == "error" => return Err(words::translated(&found)),
                Some(_) => return Err(words::unexpected(&self.address, opcode)),
            }
            let hung_up = || words::hung_up(&self.address, &self.selection);
            let length = self.stream.read(&mut piece).await.map_err(|_| hung_up())?;
            if length == 0 {
                return Err(hung_up());
            }
            self.decoder.feed(&piece[..length]);
        }
    }
}
