use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{BoxedStream, Cause, Endpoint, SessionError};
use fanlight_ssh::russh::client::{Config, Handle, connect_stream};
use fanlight_ssh::russh::{ChannelOpenFailure, Error};
use fanlight_ssh::{HostPin, Severable, base_config, explain, too_slow};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::JumpHost;
use super::chain::Surroundings;
use super::login::log_in;
use super::peer::{Death, Peer};

/// Unanswered signs of life until a jump host counts as lost.
const MISSED_KEEPALIVES: u32 = 3;
/// Where a forwarded connection is said to come from (RFC 4254 section 7.2).
const ORIGINATOR: (&str, u32) = ("127.0.0.1", 0);

/// What ties the connections of a chain together.
pub(super) struct Threads {
    /// Told of each that ends.
    pub(super) tell: Arc<watch::Sender<Vec<Death>>>,
    /// Ends them all.
    pub(super) cut: CancellationToken,
    /// Counts their tasks.
    pub(super) tasks: TaskTracker,
}

/// A jump host that we are logged in to.
pub(super) struct Hop {
    endpoint: Endpoint,
    handle: Handle<Peer>,
}

impl Hop {
    /// Shakes hands over `stream`, checks the host key, logs in.
    pub(super) async fn connect(
        (index, host): (usize, &JumpHost),
        stream: BoxedStream,
        via: String,
        around: &Surroundings<'_>,
        threads: &Threads,
    ) -> Result<Self, SessionError> {
        let endpoint = host.endpoint();
        let pin = host.host_key.as_deref().and_then(HostPin::parse);
        let limit = around.config.response_timeout;
        let config = Arc::new(config(pin.as_ref(), around.config.silence_limit));
        let peer = Peer {
            endpoint: endpoint.clone(),
            pin,
            via,
            host_keys: Arc::clone(around.host_keys),
            ladder: Arc::clone(around.ladder),
            index,
            tell: Arc::clone(&threads.tell),
            _alive: threads.tasks.token(),
        };
        let shaking = connect_stream(config, Severable::new(stream, threads.cut.clone()), peer);
        let mut handle = timeout(limit, shaking)
            .await
            .map_err(|_| too_slow(&endpoint, "shake hands"))?
            .map_err(|fault| fault.explain(&endpoint))?;
        around.ladder.begin(format!("Log in to {endpoint} as {}", host.username));
        timeout(limit, log_in(&mut handle, host))
            .await
            .map_err(|_| too_slow(&endpoint, "answer the login"))??;
        Ok(Self { endpoint, handle })
    }

    /// A stream from there to `target`.
    pub(super) async fn open(
        &self,
        target: &Endpoint,
        limit: Duration,
    ) -> Result<BoxedStream, SessionError> {
        let Endpoint::Tcp(name, port) = target else {
            return Err(SessionError::new(
                Cause::Denied,
                "A socket of this machine cannot be reached through jump hosts.",
            ));
        };
        let (from, from_port) = ORIGINATOR;
        let opening =
            self.handle.channel_open_direct_tcpip(name.as_str(), (*port).into(), from, from_port);
        let opened = timeout(limit, opening).await.map_err(|_| self.no_answer(target))?;
        let channel = opened.map_err(|error| self.not_opened(target, &error))?;
        Ok(Box::new(channel.into_stream()))
    }

    fn no_answer(&self, target: &Endpoint) -> SessionError {
        let message = format!(
            "{target} did not answer when asked from the jump host {}. Check that it is up and \
             that no firewall is between the two.",
            self.endpoint
        );
        SessionError::new(Cause::TimedOut, message)
    }

    fn not_opened(&self, target: &Endpoint, error: &Error) -> SessionError {
        let here = &self.endpoint;
        let (cause, message) = match error {
            Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited) => (
                Cause::Denied,
                format!(
                    "The jump host {here} does not forward connections to {target}. Its SSH \
                     server must allow TCP forwarding (AllowTcpForwarding, PermitOpen)."
                ),
            ),
            Error::ChannelOpenFailure(_) => (
                Cause::Refused,
                format!(
                    "The jump host {here} cannot connect to {target}. Check the name, the port \
                     and that the service is running there."
                ),
            ),
            error => return explain(error, here),
        };
        SessionError::new(cause, message)
    }
}

/// One more passes until the last unanswered one is given up.
pub(super) fn between_signs_of_life(silence_limit: Duration) -> Duration {
    silence_limit / (MISSED_KEEPALIVES + 1)
}

fn config(pin: Option<&HostPin>, silence_limit: Duration) -> Config {
    Config {
        keepalive_interval: Some(between_signs_of_life(silence_limit)),
        keepalive_max: MISSED_KEEPALIVES as usize,
        ..base_config(pin)
    }
}
