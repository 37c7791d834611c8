use std::convert::Infallible;

use fanlight_engine::terminal::{self, TerminalSize};
use parking_lot::Mutex;
use russh::ChannelWriteHalf;
use russh::client::Msg;
use tokio::sync::Notify;

/// What waits to be sent to the server.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: terminal::Outgoing,
    size: Mutex<Option<TerminalSize>>,
    resized: Notify,
}

impl Outgoing {
    /// Queues keystrokes, pasted text or a terminal's answers. Never waits.
    pub(super) fn push(&self, bytes: &[u8]) {
        self.bytes.push(bytes);
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
                channel.data_bytes(self.bytes.next().await).await?;
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
}
