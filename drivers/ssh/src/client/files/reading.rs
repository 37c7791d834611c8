use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{FileError, FileReader};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::StatusCode;

use super::faults::explain;
use super::listing::close;

/// Bytes of one request: what every server has to serve.
const PIECE: u32 = 32 * 1024;
/// Requests on their way. What they bring is held for a viewer that takes its time.
const AHEAD: usize = 4;

/// What came of a request, with the offset that it was for.
type Answer = (u64, Result<Vec<u8>, Error>);

/// A file on the server, read ahead.
pub(super) struct FileReading {
    server: Arc<RawSftpSession>,
    handle: String,
    asked: FuturesOrdered<BoxFuture<'static, Answer>>,
    /// Where the next request begins.
    offset: u64,
    ended: bool,
}

impl FileReading {
    pub(super) fn new(server: Arc<RawSftpSession>, handle: String) -> Self {
        Self { server, handle, asked: FuturesOrdered::new(), offset: 0, ended: false }
    }

    fn ask_ahead(&mut self) {
        while self.asked.len() < AHEAD {
            let (server, handle, offset) = (self.server.clone(), self.handle.clone(), self.offset);
            self.asked.push_back(Box::pin(async move {
                let read = server.read(handle, offset, PIECE).await;
                (offset, read.map(|found| found.data))
            }));
            self.offset += u64::from(PIECE);
        }
    }
}

#[async_trait]
impl FileReader for FileReading {
    async fn next(&mut self) -> Result<Bytes, FileError> {
        if !self.ended {
            self.ask_ahead();
        }
        let Some((offset, result)) = self.asked.next().await else { return Ok(Bytes::new()) };
        let data = match result {
            Ok(data) => data,
            Err(Error::Status(status)) if status.status_code == StatusCode::Eof => Vec::new(),
            Err(error) => return Err(explain(error)),
        };
        if data.len() < PIECE as usize {
            // Less than asked for is no end: files in /proc come in pieces. What was asked
            // for behind the gap is of no use.
            self.asked.clear();
            self.offset = offset + data.len() as u64;
            self.ended = data.is_empty();
        }
        Ok(data.into())
    }
}

impl Drop for FileReading {
    fn drop(&mut self) {
        close(&self.server, &self.handle);
    }
}
