//! The embedded engine behind a guacd's door: foreign clients of guacd connect by TCP or
//! TLS, start sessions or join them, and find what guacd 1.5 would do ("Guacamole
//! protocol" in its manual).
//!
//! As with guacd there is no authentication: whoever reaches the door may open what its
//! [`Protocols`] permit. A session ends with its last connection.

mod connection;
mod handshake;
mod registry;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{Endpoint, EngineClient, Route, SessionError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use registry::Registry;
pub use tls::{DoorTlsError, acceptor};

use crate::link::Services;

/// How long connections may take to end when the door closes.
const CLOSING_LIMIT: Duration = Duration::from_secs(3);
/// Pause after a connection that could not be taken, for lack of descriptors perhaps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What can be opened, and the way to it.
#[async_trait]
pub trait Protocols: Send + Sync {
    /// The protocol of that name, if it is offered.
    fn find(&self, name: &str) -> Option<Protocol>;

    /// The checked way to a target.
    ///
    /// # Errors
    /// When rules forbid it, or it has no address.
    async fn reach(&self, protocol: &Protocol, target: &Endpoint) -> Result<Route, SessionError>;

    /// What sessions may ask of the world around them.
    fn services(&self) -> Arc<dyn Services>;
}

/// A protocol that can be opened.
#[derive(Clone)]
pub struct Protocol {
    /// Its name.
    pub name: &'static str,
    /// Its port where a client gives none.
    pub default_port: Option<u16>,
    /// Its client.
    pub client: Arc<dyn EngineClient>,
}

/// Limits of a door.
#[derive(Debug, Clone, Copy)]
pub struct DoorLimits {
    /// Most connections at a time; more are closed at once.
    pub connections: usize,
    /// Longest time from the connection to `ready`.
    pub handshake: Duration,
    /// A client that takes no data for so long is dropped.
    pub send: Duration,
    /// A client that says nothing for so long is dropped; those that live say `nop` or
    /// acknowledge frames.
    pub idle: Duration,
}

/// A guacd's door.
pub struct Door {
    protocols: Arc<dyn Protocols>,
    limits: DoorLimits,
    registry: Registry,
}

impl Door {
    /// A door to `protocols`.
    pub fn new(protocols: Arc<dyn Protocols>, limits: DoorLimits) -> Arc<Self> {
        Arc::new(Self { protocols, limits, registry: Registry::default() })
    }

    /// Serves who comes, until `stop`; then closes all sessions, telling why.
    pub async fn run(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        stop: CancellationToken,
    ) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(_) if connections.len() >= self.limits.connections => {
                    tracing::warn!("a connection was closed: there are too many");
                }
                Ok((stream, peer)) => {
                    tracing::debug!(%peer, "a client of guacd's protocol comes");
                    connections.spawn(Arc::clone(&self).serve(stream, tls.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        self.registry.close_all().await;
        let ended = async { while connections.join_next().await.is_some() {} };
        if timeout(CLOSING_LIMIT, ended).await.is_err() {
            connections.shutdown().await;
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let greeted = timeout(self.limits.handshake, self.greet(stream, tls)).await;
        match greeted {
            Ok(Ok(guest)) => connection::serve(guest, self.limits).await,
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    }
}
