use std::collections::VecDeque;
use std::convert::Infallible;

use fanlight_engine::terminal::TerminalSize;
use parking_lot::Mutex;
use russh::ChannelWriteHalf;
use russh::client::Msg;
use tokio::sync::Notify;

/// Most bytes that wait for a server that reads nothing. What is typed then is lost, as
/// in a full terminal line.
const MAX_WAITING: usize = 1024 * 1024;
/// Bytes handed to the connection at once.
const CHUNK: usize = 32 * 1024;

/// What waits to be sent to the server.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Mutex<VecDeque<u8>>,
    typed: Notify,
    size: Mutex<Option<TerminalSize>>,
    resized: Notify,
}

impl Outgoing {
    /// Queues keystrokes, pasted text or a terminal's answers. Never waits.
    pub(super) fn push(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut waiting = self.bytes.lock();
        if waiting.len() + bytes.len() <= MAX_WAITING {
            waiting.extend(bytes);
            self.typed.notify_one();
        }
    }

    /// Queues a new window size; only the latest counts.
    pub(super) fn resize(&self, size: TerminalSize) {
        *self.size.lock() = Some(size);
        self.resized.notify_one();
    }

    /// Sends what comes, for as long as the channel lives. Sizes do not wait behind
    /// bytes that the server does not read.
    pub(super) async fn pump(
        &self,
        channel: &ChannelWriteHalf<Msg>,
    ) -> Result<Infallible, russh::Error> {
        let bytes = async {
            loop {
                self.typed.notified().await;
                while let Some(chunk) = self.take_bytes() {
                    channel.data_bytes(chunk).await?;
                }
            }
        };
        let sizes = async {
            loop {
                self.resized.notified().await;
                let size = self.size.lock().take();
                if let Some(size) = size {
                    let (columns, rows) = (size.columns.into(), size.rows.into());
                    channel.window_change(columns, rows, size.width_px, size.height_px).await?;
                }
            }
        };
        tokio::select! { result = bytes => result, result = sizes => result }
    }

    fn take_bytes(&self) -> Option<Vec<u8>> {
        let mut waiting = self.bytes.lock();
        let length = waiting.len().min(CHUNK);
        let chunk: Vec<u8> = waiting.drain(..length).collect();
        if waiting.is_empty() {
            // A paste must not leave its buffer behind for the rest of the session.
            *waiting = VecDeque::new();
        }
        (!chunk.is_empty()).then_some(chunk)
    }
}
