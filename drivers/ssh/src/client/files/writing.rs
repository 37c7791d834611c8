use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use fanlight_core::{FileError, FileWriter};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;

use super::faults::explain;
use super::listing::close;

/// Bytes of one request: what every server has to take.
const PIECE: usize = 32 * 1024;
/// Requests on their way.
const AHEAD: usize = 8;

/// A file on the server that is being written. Pieces are gathered to a request's size,
/// and not waited for one by one.
pub(super) struct FileWriting {
    server: Arc<RawSftpSession>,
    handle: String,
    gathered: BytesMut,
    sent: FuturesUnordered<BoxFuture<'static, Result<(), Error>>>,
    offset: u64,
    closed: bool,
}

impl FileWriting {
    pub(super) fn new(server: Arc<RawSftpSession>, handle: String) -> Self {
        let (gathered, sent) = (BytesMut::new(), FuturesUnordered::new());
        Self { server, handle, gathered, sent, offset: 0, closed: false }
    }

    /// Sends the next `length` bytes that are gathered, and takes answers that are there.
    async fn send(&mut self, length: usize) -> Result<(), Error> {
        while self.sent.len() >= AHEAD {
            self.sent.next().await.transpose()?;
        }
        let data = self.gathered.split_to(length).to_vec();
        let (server, handle, offset) = (self.server.clone(), self.handle.clone(), self.offset);
        self.offset += length as u64;
        self.sent.push(Box::pin(async move { server.write(handle, offset, data).await.map(drop) }));
        // A request leaves when it is polled first.
        while let Some(Some(answer)) = self.sent.next().now_or_never() {
            answer?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        while !self.gathered.is_empty() {
            self.send(self.gathered.len().min(PIECE)).await?;
        }
        while let Some(answer) = self.sent.next().await {
            answer?;
        }
        Ok(())
    }
}

#[async_trait]
impl FileWriter for FileWriting {
    async fn write(&mut self, bytes: Bytes) -> Result<(), FileError> {
        self.gathered.extend_from_slice(&bytes);
        while self.gathered.len() >= PIECE {
            self.send(PIECE).await.map_err(explain)?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), FileError> {
        self.flush().await.map_err(explain)?;
        self.closed = true;
        self.server.close(self.handle.as_str()).await.map(drop).map_err(explain)
    }
}

impl Drop for FileWriting {
    /// What came until then stays, as with every broken upload.
    fn drop(&mut self) {
        if !self.closed {
            close(&self.server, &self.handle);
        }
    }
}
