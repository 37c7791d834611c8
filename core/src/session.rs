use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

use crate::{Cause, Endpoint, EngineKind, Outside, SessionError};

/// What a driver may ask of the session it prepares.
#[async_trait]
pub trait SessionCx: Send + Sync {
    /// The session's id.
    fn session_id(&self) -> Uuid;

    /// The engine that will run the plan.
    fn engine(&self) -> EngineKind;

    /// Whether targets must show a host key that is known or pinned. An engine that cannot
    /// ask the gateway about keys must not be let at a target without a pin then.
    fn only_known_host_keys(&self) -> bool;

    /// Checks `endpoint` against the network policy, lays the way to it (through jump
    /// hosts where there are any) and returns the route. Dials nothing at the target.
    ///
    /// # Errors
    /// [`Cause::Denied`](crate::Cause::Denied) by policy, `NotFound` for a name that does
    /// not resolve, `TimedOut`.
    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError>;

    /// What the session may ask for as long as it lives. Climbs the jump hosts, where there
    /// are any.
    ///
    /// # Errors
    /// Those of the jump hosts.
    async fn outside(&self) -> Result<Arc<dyn Outside>, SessionError>;

    /// Hands over something that must be released when the session ends, however it
    /// ends: also when `prepare` fails later on. Released in reverse order.
    fn keep(&self, resource: Box<dyn Resource>);
}

/// Something that a session holds and has to give back: a process, a folder, a listener.
#[async_trait]
pub trait Resource: Send {
    /// Name for the log.
    fn name(&self) -> &'static str;
    /// Gives it back. Must not hang: it has a few seconds.
    async fn release(self: Box<Self>);
}

/// A byte stream to a target.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A byte stream to a target, of whatever kind.
pub type BoxedStream = Box<dyn Stream>;

/// Opens streams to one endpoint that was checked before.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Opens a new stream, within the configured time.
    async fn dial(&self) -> io::Result<BoxedStream>;
}

/// The checked way to an endpoint.
#[derive(Clone)]
pub struct Route {
    /// What was asked for, by the name the person knows it.
    pub endpoint: Endpoint,
    /// The address that was checked and that must be dialled, where there is one
    /// (a Unix socket has none).
    pub address: Option<SocketAddr>,
    /// Whether only `address` and `dialer` lead there, as through jump hosts. Then an engine
    /// must not be told of a name or another address to dial instead.
    pub tunnelled: bool,
    /// Opens streams, for clients of the embedded engine.
    pub dialer: Arc<dyn Dial>,
}

impl Route {
    /// Opens a stream to the target, for a client of the embedded engine.
    ///
    /// # Errors
    /// What went wrong, for the person who waits: `Refused`, `TimedOut`, `NotFound`, `Denied`
    /// or `Lost`.
    pub async fn dial(&self) -> Result<BoxedStream, SessionError> {
        self.dialer.dial().await.map_err(|error| explain(&error, &self.endpoint))
    }
}

/// A failure to reach the target at all. A dialer that knows better says it itself, by an
/// error with a [`SessionError`] inside.
fn explain(error: &io::Error, endpoint: &Endpoint) -> SessionError {
    if let Some(known) = error.get_ref().and_then(|inner| inner.downcast_ref::<SessionError>()) {
        return known.clone();
    }
    use io::ErrorKind as Kind;
    let (cause, text) = match error.kind() {
        Kind::ConnectionRefused => (
            Cause::Refused,
            format!(
                "{endpoint} refused the connection. Check the port and that the service is \
                 running there."
            ),
        ),
        Kind::TimedOut => (
            Cause::TimedOut,
            format!(
                "{endpoint} did not answer. Check that it is up and that no firewall is between."
            ),
        ),
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NotFound => (
            Cause::NotFound,
            format!("There is no way to {endpoint}. Check the address and the network."),
        ),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::UnexpectedEof => {
            (Cause::Lost, format!("{endpoint} broke off the connection."))
        }
        Kind::PermissionDenied => {
            (Cause::Denied, format!("The gateway's system does not let it connect to {endpoint}."))
        }
        _ => (Cause::Lost, format!("Connecting to {endpoint} failed: {error}.")),
    };
    SessionError::new(cause, text)
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.endpoint, self.address)
    }
}

/// A host key that a target showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// Whom it belongs to.
    pub endpoint: Endpoint,
    /// OpenSSH public key line without comment: `ssh-ed25519 AAAA...`.
    pub public_key: String,
    /// `SHA256:` and the unpadded base64 of the key's digest, as OpenSSH prints it.
    pub fingerprint: String,
}

/// How far a step of the connect ladder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Under way.
    Running,
    /// Climbed.
    Done,
    /// Failed: the session's error says why.
    Failed,
}

/// One step on the way to a screen: policy, name, TCP, host key, login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is being done, for a person: "Connect to 10.0.0.5:22".
    pub name: String,
    /// How far it is.
    pub state: StepState,
}

impl Step {
    /// A step that begins.
    pub fn running(name: impl Into<String>) -> Self {
        Self { name: name.into(), state: StepState::Running }
    }

    /// The end of the running step of that name, where no other one follows.
    pub fn done(name: impl Into<String>) -> Self {
        Self { name: name.into(), state: StepState::Done }
    }
}
