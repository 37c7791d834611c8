use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::credit::Credit;
use super::outlet::Transfer;
use super::upload::Chunk;
use super::{ALL_WINDOWS, MOST, UPLOAD_WINDOW, WINDOW};

/// Streams to viewers: the first ones are the picture's, the clipboard's and the like. A number is used
/// again only after all others, so that a late answer to an old stream meets no new one.
const STREAMS: std::ops::Range<i64> = 8..1024;

/// What one viewer transfers. Its inbox begins transfers and feeds them, its reader pulls
/// them.
#[derive(Default)]
pub(crate) struct Transfers(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// Begun, but not with the reader yet.
    fresh: Vec<Transfer>,
    downloads: BTreeMap<i64, Arc<Credit>>,
    uploads: BTreeMap<i64, Incoming>,
    last_stream: i64,
    uploads_begun: u64,
}

struct Incoming {
    chunks: mpsc::Sender<Chunk>,
    /// Tells this upload from a later one on the same stream.
    number: u64,
}

impl Transfers {
    /// Those begun since the last call.
    pub(crate) fn fresh(&self) -> Vec<Transfer> {
        std::mem::take(&mut self.0.lock().fresh)
    }

    pub(super) fn begin(&self, transfer: Transfer) {
        self.0.lock().fresh.push(transfer);
    }

    /// A free stream to the viewer, if it has not too many.
    pub(super) fn seat_download(self: &Arc<Self>) -> Option<(Seat, Arc<Credit>)> {
        let mut table = self.0.lock();
        if table.downloads.len() >= MOST {
            return None;
        }
        let after = table.last_stream.clamp(STREAMS.start - 1, STREAMS.end - 1);
        let mut numbers = (after + 1..STREAMS.end).chain(STREAMS.start..=after);
        let stream = numbers.find(|stream| !table.downloads.contains_key(stream))?;
        let credit = Arc::new(Credit::default());
        table.last_stream = stream;
        table.downloads.insert(stream, Arc::clone(&credit));
        let key = Key::Download { stream };
        Some((Seat { table: Arc::downgrade(self), key }, credit))
    }

    /// The viewer's own stream, unless it has too many. What it was used for is over.
    pub(super) fn seat_upload(
        self: &Arc<Self>,
        stream: i64,
    ) -> Option<(Seat, mpsc::Receiver<Chunk>)> {
        let mut table = self.0.lock();
        table.uploads.remove(&stream);
        if table.uploads.len() >= MOST {
            return None;
        }
        table.uploads_begun += 1;
        let number = table.uploads_begun;
        // One more than blobs, for the end.
        let (chunks, receiver) = mpsc::channel(UPLOAD_WINDOW + 1);
        table.uploads.insert(stream, Incoming { chunks, number });
        let key = Key::Upload { stream, number };
        Some((Seat { table: Arc::downgrade(self), key }, receiver))
    }

    pub(super) fn credit(&self, stream: i64) -> Option<Arc<Credit>> {
        self.0.lock().downloads.get(&stream).cloned()
    }

    /// How many blobs each download may have on its way.
    pub(super) fn window(&self) -> usize {
        (ALL_WINDOWS / self.0.lock().downloads.len().max(1)).min(WINDOW)
    }

    pub(super) fn upload(&self, stream: i64) -> Option<mpsc::Sender<Chunk>> {
        self.0.lock().uploads.get(&stream).map(|incoming| incoming.chunks.clone())
    }

    /// Ends an upload as seen from the viewer: its stream is free.
    pub(super) fn close_upload(&self, stream: i64) -> Option<mpsc::Sender<Chunk>> {
        self.0.lock().uploads.remove(&stream).map(|incoming| incoming.chunks)
    }
}

/// A transfer's stream, given back when dropped.
pub(super) struct Seat {
    /// Weak: the table holds transfers, and these their seats.
    table: Weak<Transfers>,
    key: Key,
}

enum Key {
    Download { stream: i64 },
    Upload { stream: i64, number: u64 },
}

impl Seat {
    pub(super) fn stream(&self) -> i64 {
        match self.key {
            Key::Download { stream } | Key::Upload { stream, .. } => stream,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else { return };
        let mut table = table.0.lock();
        match self.key {
            Key::Download { stream } => drop(table.downloads.remove(&stream)),
            Key::Upload { stream, number } => {
                if table.uploads.get(&stream).is_some_and(|found| found.number == number) {
                    table.uploads.remove(&stream);
                }
            }
        }
    }
}
