use std::sync::Arc;

use fanlight_core::{Cause, Endpoint, SessionError};
use fanlight_ssh::russh::Error;
use fanlight_ssh::russh::client::{DisconnectReason, Handler};
use fanlight_ssh::russh::keys::PublicKeyOrCertificate;
use fanlight_ssh::{Fault, HostPin, host_key};
use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::sessions::{HostKeys, Ladder};

/// The end of one connection of a chain.
#[derive(Debug, Clone)]
pub(super) struct Death {
    pub(super) index: usize,
    /// Nothing came for too long: it may as well be one before it that fell silent.
    pub(super) by_silence: bool,
    pub(super) error: SessionError,
}

/// What the connection to a jump host does with what that says.
pub(super) struct Peer {
    pub(super) endpoint: Endpoint,
    pub(super) pin: Option<HostPin>,
    /// The jump hosts before it, under which its key is known.
    pub(super) via: String,
    pub(super) host_keys: Arc<HostKeys>,
    pub(super) ladder: Arc<Ladder>,
    /// Which of the chain it is, the first being 0.
    pub(super) index: usize,
    pub(super) tell: Arc<watch::Sender<Vec<Death>>>,
    /// Held as long as the connection's task lives.
    pub(super) _alive: TaskTrackerToken,
}

impl Handler for Peer {
    type Error = Fault;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        self.ladder.begin(format!("Check the host key of {}", self.endpoint));
        let key = key.public_key();
        let checked = match &self.pin {
            Some(pin) => pin.check(&self.endpoint, &key),
            None => match host_key(&self.endpoint, &key) {
                Ok(key) => self.host_keys.verify(&key, &self.via).await,
                Err(error) => Err(error),
            },
        };
        checked.map(|()| true).map_err(Fault::Session)
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        let (why, by_silence) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                (format!("{} closed the connection: {}", self.endpoint, info.message), false)
            }
            DisconnectReason::Error(fault) => {
                let by_silence = matches!(fault, Fault::Ssh(Error::KeepaliveTimeout));
                (fault.explain(&self.endpoint).message, by_silence)
            }
        };
        let message = format!("Jump host {} was lost: {why}", self.index + 1);
        let error = SessionError::new(Cause::Lost, message);
        self.tell.send_modify(|deaths| deaths.push(Death { index: self.index, by_silence, error }));
        Ok(())
    }

    fanlight_ssh::refuse_server_channels!(Fault);
}
