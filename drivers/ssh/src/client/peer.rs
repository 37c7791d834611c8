use std::sync::Arc;

use fanlight_core::{Cause, Endpoint, HostKey, SessionError};
use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::{PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelId};
use tokio::sync::watch;

use super::channels::Channels;
use super::console::Console;
use super::faults::Fault;
use super::outgoing::Outgoing;
use crate::host_pin::{HostPin, fingerprint};

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
            Some(pin) if pin.accepts(key) => Ok(()),
            Some(pin) => Err(SessionError::new(
                Cause::Untrusted,
                format!(
                    "The host key of {} is not the pinned one: expected {}, got {}.",
                    self.endpoint,
                    pin.fingerprint(),
                    fingerprint(key)
                ),
            )),
            None => self.console.host.verify_host_key(self.host_key(key)?).await,
        }
    }

    fn host_key(&self, key: &PublicKey) -> Result<HostKey, SessionError> {
        let mut bare = key.clone();
        bare.set_comment("");
        let public_key = bare.to_openssh().map_err(|_| {
            SessionError::new(Cause::Lost, format!("{} sent a broken host key.", self.endpoint))
        })?;
        let (endpoint, fingerprint) = (self.endpoint.clone(), fingerprint(key));
        Ok(HostKey { endpoint, public_key: public_key.trim().to_owned(), fingerprint })
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

    // A server has no business opening channels to its client. russh would accept them;
    // a reply that is dropped refuses.

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _refused: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Fault> {
        Ok(())
    }
}
