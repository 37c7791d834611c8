use std::sync::Arc;

use bytes::Bytes;
use fanlight_core::{FileError, FileFault, FilePath, FileSystem, FileWriter};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::VIEWER_LIMIT;
use super::outlet::{Gone, Outlet};
use super::table::Seat;

/// What a viewer sends of a file.
pub(super) enum Chunk {
    Data(Bytes),
    /// It was all.
    End,
}

/// Where a file goes.
pub(super) enum Place {
    At(FilePath),
    /// In the landing folder, under this name.
    Landing(String),
}

/// One `put` or `file`.
pub(super) struct Upload {
    pub(super) files: Arc<dyn FileSystem>,
    pub(super) place: Place,
    pub(super) chunks: mpsc::Receiver<Chunk>,
    /// Its stream, kept until its end.
    pub(super) seat: Seat,
}

impl Upload {
    pub(super) async fn run(mut self, out: Outlet) -> Result<(), Gone> {
        let stream = self.seat.stream();
        let result = self.take(&out).await?;
        // The stream is over before its viewer hears so, and may use its number again.
        drop(self);
        out.ack(stream, result).await
    }

    /// Takes the whole file. The last acknowledgement, or the refusal, is left to the
    /// caller.
    async fn take(&mut self, out: &Outlet) -> Result<Result<(), FileError>, Gone> {
        let stream = self.seat.stream();
        let mut writer = match self.begin().await {
            Ok(writer) => writer,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            out.ack(stream, Ok(())).await?;
            match timeout(VIEWER_LIMIT, self.chunks.recv()).await {
                Ok(Some(Chunk::Data(bytes))) => {
                    if let Err(error) = writer.write(bytes).await {
                        return Ok(Err(error));
                    }
                }
                Ok(Some(Chunk::End)) => return Ok(writer.finish().await),
                // The viewer uses the stream for something else.
                Ok(None) => return Err(Gone),
                Err(_) => return Ok(Err(silent())),
            }
        }
    }

    async fn begin(&self) -> Result<Box<dyn FileWriter>, FileError> {
        if !self.files.rights().upload {
            return Err(FileError::new(
                FileFault::Denied,
                "Uploads are switched off for this session.",
            ));
        }
        match &self.place {
            Place::At(path) => self.files.create(path).await,
            Place::Landing(name) => {
                let path = self.files.landing().await?.join(name).ok_or_else(|| {
                    FileError::new(FileFault::Invalid, "This is no name for a file.")
                })?;
                self.files.create(&path).await
            }
        }
    }
}

fn silent() -> FileError {
    FileError::new(FileFault::TimedOut, "The browser did not send the file in time.")
}
