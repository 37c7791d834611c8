use std::sync::OnceLock;

use russh::ChannelId;
use tokio::sync::Notify;

/// Which of the connection's channels is what: there is the shell's, and one for files.
#[derive(Default)]
pub(super) struct Channels {
    shell: OnceLock<ChannelId>,
    files_closed: Notify,
}

impl Channels {
    /// Names the shell's channel, before anything is asked for on it.
    pub(super) fn shell_is(&self, id: ChannelId) {
        // There is one shell in a connection's life.
        let _ = self.shell.set(id);
    }

    pub(super) fn is_shell(&self, id: ChannelId) -> bool {
        self.shell.get() == Some(&id)
    }

    pub(super) fn note_files_closed(&self) {
        self.files_closed.notify_one();
    }

    /// Waits until the server closes the channel for files.
    pub(super) async fn files_closed(&self) {
        self.files_closed.notified().await;
    }
}
