use std::io;
use std::time::Duration;

use fanlight_core::{BoxedStream, SessionError};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::handshake::{Greeted, greet};
use super::tls::Tls;
use super::{GuacdAddress, GuacdConfigError, words};

/// How a guacd was found last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuacdState {
    /// Nobody has spoken to it yet.
    Unknown,
    /// It answers.
    Healthy,
    /// It does not; it is used only where no other one answers, until it does.
    Unhealthy,
}

/// What is known about one guacd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuacdHealth {
    /// `host:port`.
    pub address: String,
    /// How it was found last.
    pub state: GuacdState,
    /// Why it is not healthy.
    pub error: Option<String>,
}

/// One guacd: how to reach it and how it was found.
pub(super) struct Peer {
    /// `host:port`, for people.
    pub(super) name: String,
    address: GuacdAddress,
    tls: Option<Tls>,
    found: Mutex<Found>,
}

struct Found {
    state: GuacdState,
    error: Option<String>,
    at: Option<Instant>,
}

impl Peer {
    pub(super) fn new(address: GuacdAddress) -> Result<Self, GuacdConfigError> {
        let tls = address.tls.as_ref().map(|tls| Tls::new(tls, &address.host)).transpose()?;
        let found = Mutex::new(Found { state: GuacdState::Unknown, error: None, at: None });
        Ok(Self { name: address.to_string(), address, tls, found })
    }

    /// Connects and asks for `selection`, a protocol or a session to join, until
    /// `deadline`; connecting alone takes no longer than `connect_timeout`.
    pub(super) async fn greet(
        &self,
        selection: &str,
        connect_timeout: Duration,
        deadline: Instant,
    ) -> Result<Greeted, SessionError> {
        let stream = self.connect(connect_timeout, deadline).await?;
        let begin = Instant::now();
        let Ok(greeted) = timeout_at(deadline, greet(stream, &self.name, selection)).await else {
            let error = words::no_answer(&self.name, selection, deadline - begin);
            self.note(Some(&error));
            return Err(error);
        };
        greeted
    }

    /// Connects, and notes how that went.
    pub(super) async fn connect(
        &self,
        limit: Duration,
        deadline: Instant,
    ) -> Result<BoxedStream, SessionError> {
        let begin = Instant::now();
        let end = deadline.min(begin + limit);
        let connected = match timeout_at(end, self.dial()).await {
            Ok(dialled) => dialled.map_err(|error| words::unreachable(&self.name, &error)),
            Err(_) => Err(words::too_slow(&self.name, end - begin)),
        };
        self.note(connected.as_ref().err());
        connected
    }

    async fn dial(&self) -> io::Result<BoxedStream> {
        let stream = TcpStream::connect((self.address.host.as_str(), self.address.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connector.connect(tls.name.clone(), stream).await?),
        })
    }

    fn note(&self, error: Option<&SessionError>) {
        let state = if error.is_some() { GuacdState::Unhealthy } else { GuacdState::Healthy };
        let error = error.map(ToString::to_string);
        let mut found = self.found.lock();
        match (found.state, state) {
            (GuacdState::Unhealthy, GuacdState::Healthy) => {
                tracing::info!(guacd = self.name, "guacd answers again");
            }
            (GuacdState::Unknown | GuacdState::Healthy, GuacdState::Unhealthy) => {
                tracing::warn!(guacd = self.name, error, "guacd does not answer");
            }
            _ => {}
        }
        *found = Found { state, error, at: Some(Instant::now()) };
    }

    pub(super) fn is_unhealthy(&self) -> bool {
        self.found.lock().state == GuacdState::Unhealthy
    }

    /// Whether anybody has spoken to it successfully within `age`.
    pub(super) fn answered_within(&self, age: Duration) -> bool {
        let found = self.found.lock();
        found.state == GuacdState::Healthy && found.at.is_some_and(|at| at.elapsed() < age)
    }

    pub(super) fn health(&self) -> GuacdHealth {
        let found = self.found.lock();
        GuacdHealth { address: self.name.clone(), state: found.state, error: found.error.clone() }
    }
}
