use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Endpoint, Parameters, Route, SessionError};
use russh::client::{Config, Handle, connect_stream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::channels::Channels;
use super::console::Console;
use super::outgoing::Outgoing;
use super::peer::{Ending, Peer};
use fanlight_ssh::{HostPin, Severable, base_config, explain, too_slow};

/// What the server may send before we have taken it. All of it may still come after a
/// Ctrl-C, so it is small; it bounds a session's speed over a long way to window per
/// round trip (5 MB/s at 100 ms).
const WINDOW: u32 = 512 * 1024;
/// Bytes of one packet.
const PACKET: u32 = 32 * 1024;
/// Messages that russh keeps per channel. Output does not pass through them.
const CHANNEL_BUFFER: usize = 16;
/// Unanswered signs of life until the connection counts as lost.
const MISSED_KEEPALIVES: usize = 3;

/// How long the end of a broken connection may take to be told.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A connection whose host key was accepted.
pub(super) struct Connection {
    pub(super) handle: Handle<Peer>,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) channels: Arc<Channels>,
    ending: watch::Receiver<Option<Ending>>,
    endpoint: Endpoint,
}

impl Connection {
    /// Waits for the connection's end.
    pub(super) async fn ending(&self) -> Ending {
        let mut ending = self.ending.clone();
        let ending = ending.wait_for(Option::is_some).await;
        // The task that would have said is gone: by a fault, or because it was cut.
        let lost = || Ending::Broken(explain(&russh::Error::Disconnect, &self.endpoint));
        ending.ok().and_then(|ending| ending.clone()).unwrap_or_else(lost)
    }

    /// The end of a connection that is known to be over.
    pub(super) async fn ended(&self) -> Ending {
        let broken = Ending::Broken(explain(&russh::Error::Disconnect, &self.endpoint));
        timeout(LAST_WORDS, self.ending()).await.unwrap_or(broken)
    }
}

/// Dials the target and shakes hands with it, the host key's check included.
pub(super) async fn connect(
    target: &Route,
    parameters: &Parameters,
    console: &Arc<Console>,
    limits: Limits,
    cut: CancellationToken,
) -> Result<Connection, SessionError> {
    let endpoint = &target.endpoint;
    console.step(format!("Connect to {endpoint}"));
    let stream = target.dial().await?;
    let pin = parameters.get("host-key").map(read_pin).transpose()?;
    let config = Arc::new(config(parameters, pin.as_ref()));
    let (sender, ending) = watch::channel(None);
    let (outgoing, channels) = (Arc::new(Outgoing::default()), Arc::new(Channels::default()));
    let peer = Peer {
        endpoint: endpoint.clone(),
        pin,
        console: console.clone(),
        outgoing: outgoing.clone(),
        channels: channels.clone(),
        ending: sender,
    };
    let shaking = connect_stream(config, Severable::new(stream, cut), peer);
    let handle = timeout(limits.response, shaking)
        .await
        .map_err(|_| too_slow(endpoint, "shake hands"))?
        .map_err(|fault| fault.explain(endpoint))?;
    Ok(Connection { handle, outgoing, channels, ending, endpoint: endpoint.clone() })
}

fn read_pin(text: &str) -> Result<HostPin, SessionError> {
    HostPin::parse(text).ok_or_else(|| {
        SessionError::new(fanlight_core::Cause::Invalid, "The parameter host-key is no public key.")
    })
}

fn config(parameters: &Parameters, pin: Option<&HostPin>) -> Config {
    let alive = parameters.get("server-alive-interval").and_then(|text| text.parse().ok());
    Config {
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: CHANNEL_BUFFER,
        keepalive_interval: alive.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        keepalive_max: MISSED_KEEPALIVES,
        ..base_config(pin)
    }
}
