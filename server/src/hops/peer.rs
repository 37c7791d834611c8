use std::sync::Arc;

use fanlight_core::{Cause, Endpoint, SessionError};
use fanlight_ssh::russh::client::{DisconnectReason, Handler};
use fanlight_ssh::russh::keys::PublicKeyOrCertificate;
use fanlight_ssh::{Fault, HostPin, host_key};
use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::sessions::{HostKeys, Ladder};

/// What the connection to a jump host does with what that says.
pub(super) struct Peer {
    pub(super) endpoint: Endpoint,
    pub(super) pin: Option<HostPin>,
    /// The jump hosts before it, under which its key is known.
    pub(super) via: String,
    pub(super) host_keys: Arc<HostKeys>,
    pub(super) ladder: Arc<Ladder>,
    pub(super) tell: Arc<watch::Sender<Option<SessionError>>>,
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
        let why = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                format!("{} closed the connection: {}", self.endpoint, info.message)
            }
            DisconnectReason::Error(fault) => fault.explain(&self.endpoint).message,
        };
        // The first one counts: those behind it fall with it.
        self.tell.send_if_modified(|death| {
            let first = death.is_none();
            if first {
                let message = format!("A jump host was lost: {why}");
                *death = Some(SessionError::new(Cause::Lost, message));
            }
            first
        });
        Ok(())
    }

    fanlight_ssh::refuse_server_channels!(Fault);
}
