use std::sync::Arc;

use fanlight_core::{Cause, Endpoint, SessionError};
use russh::ChannelId;
use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use tokio::sync::watch;

use super::channels::Channels;
use super::console::Console;

use super::outgoing::Outgoing;
use fanlight_ssh::{Fault, HostPin, host_key};

/// Banners longer than this are cut, in characters: they come before any login.
const MAX_BANNER: usize = 8 * 1024;

/// How the connection ended.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// The server closed the channel: the shell is over.
    Closed,
    /// The server took its leave, with these words.
    Said(String),
    Broken(SessionError),
}

impl Ending {
    pub(super) fn into_result(self) -> Result<(), SessionError> {
        match self {
            Self::Closed => Ok(()),
            Self::Said(text) => Err(SessionError::new(Cause::Lost, text)),
            Self::Broken(error) => Err(error),
        }
    }
}

/// What the connection's task does with what the server sends.
pub(super) struct Peer {
    pub(super) endpoint: Endpoint,
    pub(super) pin: Option<HostPin>,
    pub(super) console: Arc<Console>,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) channels: Arc<Channels>,
    pub(super) ending: watch::Sender<Option<Ending>>,
}

impl Peer {
    async fn check_key(&self, key: &PublicKey) -> Result<(), SessionError> {
        self.console.step("Check the host key");
        match &self.pin {
            Some(pin) => pin.check(&self.endpoint, key),
            None => self.console.host.verify_host_key(host_key(&self.endpoint, key)?).await,
        }
    }

    /// Output of the shell; what comes for files goes its own way.
    fn show(&self, channel: ChannelId, output: &[u8]) {
        if self.channels.is_shell(channel) {
            self.outgoing.push(&self.console.feed(output));
        }
    }

    /// The first reason counts.
    fn end(&self, how: Ending) {
        self.ending.send_if_modified(|ending| {
            let first = ending.is_none();
            if first {
                *ending = Some(how);
            }
            first
        });
    }
}

impl Handler for Peer {
    type Error = Fault;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        self.check_key(&key.public_key()).await.map(|()| true).map_err(Fault::Session)
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), Fault> {
        let cut: String = banner.chars().take(MAX_BANNER).collect();
        self.console.print(&cut);
        if !cut.ends_with('\n') {
            self.console.print("\n");
        }
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), Fault> {
        self.show(channel, data);
        Ok(())
    }

    async fn extended_data(
        &mut self,
        channel: ChannelId,
        _: u32,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), Fault> {
        self.show(channel, data);
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Fault> {
        if self.channels.is_shell(channel) {
            self.end(Ending::Closed);
        } else {
            self.channels.note_files_closed();
        }
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        self.end(match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                let words: String = info.message.chars().filter(|c| !c.is_control()).collect();
                Ending::Said(format!("{} closed the connection: {words}", self.endpoint))
            }
            DisconnectReason::Error(fault) => Ending::Broken(fault.explain(&self.endpoint)),
        });
        Ok(())
    }

    fanlight_ssh::refuse_server_channels!(Fault);
}
