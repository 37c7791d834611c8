use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{
    BoxedStream, Cause, Dial, Endpoint, EngineKind, Outside, Resource, Route, SessionCx,
    SessionError, Visit,
};
use parking_lot::Mutex;
use uuid::Uuid;

/// A session to prepare for in tests, without a network: every host name has an address of
/// its own out of 192.0.2.0/24 (RFC 5737), what is reached and kept is noted, and the way
/// can fail.
pub struct TestCx {
    engine: EngineKind,
    only_known_host_keys: bool,
    denied: Option<String>,
    fault: Option<(usize, Fault)>,
    dialer: Arc<dyn Dial>,
    names: Mutex<HashMap<String, Ipv4Addr>>,
    reached: Mutex<Vec<Endpoint>>,
    kept: Mutex<Vec<Box<dyn Resource>>>,
}

/// What becomes of a call of `reach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The network policy says no.
    Denied,
    /// It never returns.
    Hangs,
}

struct NoDial;

#[async_trait]
impl Dial for NoDial {
    async fn dial(&self) -> io::Result<BoxedStream> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl TestCx {
    /// A session for `engine`, whose routes cannot be dialled.
    pub fn new(engine: EngineKind) -> Self {
        Self {
            engine,
            only_known_host_keys: false,
            denied: None,
            fault: None,
            dialer: Arc::new(NoDial),
            names: Mutex::default(),
            reached: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// Lets all routes be dialled by `dialer`.
    #[must_use]
    pub fn dialled_by(self, dialer: Arc<dyn Dial>) -> Self {
        Self { dialer, ..self }
    }

    /// Trusts known and pinned host keys only.
    #[must_use]
    pub fn only_known_host_keys(self) -> Self {
        Self { only_known_host_keys: true, ..self }
    }

    /// Denies the host `name`.
    #[must_use]
    pub fn deny(self, name: &str) -> Self {
        Self { denied: Some(name.to_owned()), ..self }
    }

    /// Lets the call number `nth` of `reach`, counted from 0, meet `fault`.
    #[must_use]
    pub fn fault_at(self, nth: usize, fault: Fault) -> Self {
        Self { fault: Some((nth, fault)), ..self }
    }

    /// What was reached, in order, as `host:port` or a socket's path.
    pub fn reached(&self) -> Vec<String> {
        self.reached.lock().iter().map(ToString::to_string).collect()
    }

    /// The host names and the addresses that they were given.
    pub fn names(&self) -> HashMap<String, Ipv4Addr> {
        self.names.lock().clone()
    }

    /// Names of what is kept, in the order it came.
    pub fn kept(&self) -> Vec<&'static str> {
        self.kept.lock().iter().map(|resource| resource.name()).collect()
    }

    /// Releases what was kept, the last first, as at a session's end.
    pub async fn release(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        for resource in kept.into_iter().rev() {
            resource.release().await;
        }
    }

    fn address_of(&self, host: &str) -> Ipv4Addr {
        let mut names = self.names.lock();
        let next = u8::try_from(names.len() + 1).unwrap_or(u8::MAX);
        *names.entry(host.to_owned()).or_insert(Ipv4Addr::new(192, 0, 2, next))
    }
}

#[async_trait]
impl SessionCx for TestCx {
    fn session_id(&self) -> Uuid {
        Uuid::nil()
    }

    fn engine(&self) -> EngineKind {
        self.engine
    }

    fn only_known_host_keys(&self) -> bool {
        self.only_known_host_keys
    }

    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        let nth = self.reached.lock().len();
        self.reached.lock().push(endpoint.clone());
        let (host, address) = match endpoint {
            Endpoint::Tcp(host, port) => {
                let ip = self.address_of(host.as_str());
                (Some(host.as_str()), Some(SocketAddr::from((ip, *port))))
            }
            Endpoint::Unix(_) => (None, None),
        };
        let fault = self.fault.filter(|(at, _)| *at == nth).map(|(_, fault)| fault);
        if fault == Some(Fault::Hangs) {
            pending::<()>().await;
        }
        let denied = host.is_some() && host == self.denied.as_deref();
        if denied || fault == Some(Fault::Denied) {
            let message = format!("{endpoint} is forbidden by the network policy.");
            return Err(SessionError::new(Cause::Denied, message));
        }
        Ok(Route {
            endpoint: endpoint.clone(),
            address,
            tunnelled: false,
            dialer: self.dialer.clone(),
        })
    }

    async fn outside(&self) -> Result<Arc<dyn Outside>, SessionError> {
        Ok(Arc::new(Nowhere))
    }

    fn keep(&self, resource: Box<dyn Resource>) {
        self.kept.lock().push(resource);
    }
}

/// The outside of a session that is only prepared.
struct Nowhere;

#[async_trait]
impl Outside for Nowhere {
    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        Err(SessionError::new(Cause::NotFound, format!("There is no way to {endpoint}.")))
    }

    async fn visited(&self, _: Visit) {}
}
