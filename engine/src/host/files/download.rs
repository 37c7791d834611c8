use std::sync::Arc;

use base64_simd::STANDARD;
use bytes::{Bytes, BytesMut};
use fanlight_core::{FileError, FileFault, FilePath, FileReader, FileSystem, Opened};

use super::credit::{Credit, Stop};
use super::listing::{Form, Listing};
use super::outlet::{Gone, Outlet, Subject};
use super::table::Seat;
use super::{BLOB, OCTETS};
use crate::wire::Writer;

/// Blobs that leave together: nearly as much as one message holds.
const TOGETHER: usize = 4;

/// One `get`.
pub(super) struct Download {
    pub(super) files: Arc<dyn FileSystem>,
    pub(super) of: Subject,
    pub(super) path: FilePath,
    pub(super) form: Form,
    pub(super) credit: Arc<Credit>,
    /// Its stream, kept until its end.
    pub(super) seat: Seat,
}

/// What is sent.
enum Source {
    Folder(Listing),
    File(Box<dyn FileReader>),
}

impl Source {
    async fn next(&mut self) -> Result<Bytes, FileError> {
        match self {
            Self::Folder(listing) => listing.next().await,
            Self::File(reader) => reader.next().await,
        }
    }
}

impl Download {
    pub(super) async fn run(self, out: Outlet) -> Result<(), Gone> {
        match self.open().await {
            Ok((source, mimetype)) => self.send(source, mimetype, &out).await,
            Err(error) => out.fault(&self.of, &error).await,
        }
    }

    async fn open(&self) -> Result<(Source, &'static str), FileError> {
        match self.files.open(&self.path).await? {
            Opened::Folder(reader) => {
                let listing = Listing::new(reader, self.path.clone(), self.form);
                Ok((Source::Folder(listing), self.form.mimetype()))
            }
            Opened::File(reader) if self.files.rights().download => {
                Ok((Source::File(reader), OCTETS))
            }
            Opened::File(_) => Err(FileError::new(
                FileFault::Denied,
                "Downloads are switched off for this session.",
            )),
        }
    }

    async fn send(&self, mut source: Source, mimetype: &str, out: &Outlet) -> Result<(), Gone> {
        let stream = self.seat.stream();
        let mut head = BytesMut::new();
        let writer = Writer::new(&mut head, "body").int(self.of.object).int(stream);
        drop(writer.str(mimetype).str(&self.of.name));
        out.put(head).await?;
        let mut rest = BytesMut::new();
        loop {
            let room = match self.credit.take(TOGETHER).await {
                Ok(room) => room,
                Err(Stop::Cancelled) => return Ok(()),
                Err(Stop::Silent) => return self.fail(out, &silent()).await,
            };
            let ended = match fill(&mut rest, &mut source, room * BLOB).await {
                Ok(ended) => ended,
                Err(error) => return self.fail(out, &error).await,
            };
            let (mut blobs, used) = cut(&mut rest, stream, room);
            self.credit.give_back(room - used);
            if ended && rest.is_empty() {
                Writer::new(&mut blobs, "end").int(stream);
                return out.put(blobs).await;
            }
            out.put(blobs).await?;
        }
    }

    /// A client that does not know what a fault is must not wait for ever.
    async fn fail(&self, out: &Outlet, error: &FileError) -> Result<(), Gone> {
        out.fault(&self.of, error).await?;
        let mut end = BytesMut::new();
        Writer::new(&mut end, "end").int(self.seat.stream());
        out.put(end).await
    }
}

/// Reads until there are `wanted` bytes; whether that was all.
async fn fill(rest: &mut BytesMut, source: &mut Source, wanted: usize) -> Result<bool, FileError> {
    while rest.len() < wanted {
        let bytes = source.next().await?;
        if bytes.is_empty() {
            return Ok(true);
        }
        rest.extend_from_slice(&bytes);
    }
    Ok(false)
}

/// Makes blobs of what is there, `most` of them at most, and says how many.
fn cut(rest: &mut BytesMut, stream: i64, most: usize) -> (BytesMut, usize) {
    let (mut blobs, mut count) = (BytesMut::new(), 0);
    while count < most && !rest.is_empty() {
        let piece = rest.split_to(rest.len().min(BLOB));
        Writer::new(&mut blobs, "blob").int(stream).str(&STANDARD.encode_to_string(piece));
        count += 1;
    }
    (blobs, count)
}

fn silent() -> FileError {
    FileError::new(FileFault::TimedOut, "The browser did not take the file in time.")
}
