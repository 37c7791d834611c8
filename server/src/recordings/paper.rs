use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::file::{Chunk, RecordingWriter};
use crate::store::Extent;

/// Longest time for the disk to take a piece.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// How much there is of a recording that is being made.
#[derive(Default)]
pub(super) struct Progress {
    duration_ms: AtomicU64,
    plain: AtomicU64,
    stored: AtomicU64,
}

impl Progress {
    pub(super) fn extent(&self) -> Extent {
        Extent {
            duration_ms: self.duration_ms.load(Ordering::Relaxed),
            plain: self.plain.load(Ordering::Relaxed),
            stored: self.stored.load(Ordering::Relaxed),
        }
    }

    fn set(&self, extent: Extent) {
        self.duration_ms.store(extent.duration_ms, Ordering::Relaxed);
        self.plain.store(extent.plain, Ordering::Relaxed);
        self.stored.store(extent.stored, Ordering::Relaxed);
    }
}

/// A recording's file, written where blocking harms nobody.
pub(super) struct Paper {
    /// `None` after a failure.
    writer: Option<RecordingWriter>,
    progress: Arc<Progress>,
}

impl Paper {
    pub(super) fn new(writer: RecordingWriter, progress: Arc<Progress>) -> Self {
        progress.set(writer.extent());
        Self { writer: Some(writer), progress }
    }

    pub(super) async fn write(&mut self, chunk: Chunk) -> io::Result<()> {
        let Some(mut writer) = self.writer.take() else { return Err(failed_before()) };
        let (writer, written) = in_time(move || {
            let written = writer.append(&chunk);
            (writer, written)
        })
        .await?;
        self.progress.set(writer.extent());
        self.writer = Some(writer);
        written
    }

    /// Ends the file. After a failure it may stay without its index.
    pub(super) async fn finish(&mut self, duration_ms: u64) -> io::Result<()> {
        let Some(writer) = self.writer.take() else { return Err(failed_before()) };
        self.progress.set(in_time(move || writer.finish(duration_ms)).await??);
        Ok(())
    }
}

fn failed_before() -> io::Error {
    io::Error::other("the file was given up before")
}

async fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    match timeout(WRITE_LIMIT, spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panicked)) => Err(io::Error::other(panicked)),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer")),
    }
}
