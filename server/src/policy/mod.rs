//! Where sessions may go: each driver has its own rules, every address that a name
//! resolves to must be allowed, and what is dialled is the address that was checked.

mod address;
mod dial;
mod own;
mod resolve;
mod rules;

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Cause, Endpoint, Hostname, Route, SessionError};

use address::{Host, read_host};
use dial::CheckedDial;
use own::OwnPlaces;
pub use resolve::{Resolve, SystemResolver};
pub(crate) use rules::TUNNELS;
use rules::{permits, permits_socket};

use crate::config::{Config, NetworkConfig};

/// Hears the name of each step as it begins.
pub type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

/// The network policy of all drivers.
pub struct NetworkPolicy {
    rules: NetworkConfig,
    own: OwnPlaces,
    limit: Duration,
    resolver: Arc<dyn Resolve>,
}

/// An endpoint that the policy allows, with what must be dialled for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Addresses, the preferred first; never empty.
    Tcp(Vec<SocketAddr>),
    /// A socket on this machine.
    Unix(PathBuf),
}

impl NetworkPolicy {
    /// The policy that is configured. A look-up may take the time to connect, and so may a
    /// connection, over all addresses of a name together.
    pub fn new(config: &Config, resolver: Arc<dyn Resolve>) -> Self {
        let (rules, limit) = (config.network.clone(), config.sessions.connect_timeout);
        Self { rules, own: OwnPlaces::of(config), limit, resolver }
    }

    /// Checks `endpoint` for `driver` and looks its name up, once.
    ///
    /// # Errors
    /// `Denied` by the rules, `NotFound` for a name without an address, `TimedOut` when
    /// the look-up takes too long.
    pub async fn check(&self, driver: &str, endpoint: &Endpoint) -> Result<Allowed, SessionError> {
        self.check_telling(driver, endpoint, &|_| {}).await
    }

    async fn check_telling(
        &self,
        driver: &str,
        endpoint: &Endpoint,
        tell: Tell<'_>,
    ) -> Result<Allowed, SessionError> {
        let rules = self.rules.rules(driver);
        let check = || tell("Check the network rules".into());
        match endpoint {
            Endpoint::Tcp(host, port) => {
                let addresses = self.addresses(host, tell).await?;
                check();
                let targets: Vec<_> =
                    addresses.iter().map(|ip| SocketAddr::new(*ip, *port)).collect();
                for target in &targets {
                    let own = self.own.hold(*target, &*self.resolver, self.limit).await;
                    if own || !permits(rules, target.ip()) {
                        return Err(denied(host));
                    }
                }
                Ok(Allowed::Tcp(targets))
            }
            Endpoint::Unix(path) => {
                check();
                let permitted = permits_socket(rules, path);
                permitted
                    .then(|| Allowed::Unix(path.clone()))
                    .ok_or_else(|| denied(&path.display()))
            }
        }
    }

    /// The checked way to `endpoint`: its dialer knows addresses only, no name. `tell`
    /// hears the name of each step as it begins.
    ///
    /// # Errors
    /// See [`check`](Self::check).
    pub async fn route(
        &self,
        driver: &str,
        endpoint: &Endpoint,
        tell: Tell<'_>,
    ) -> Result<Route, SessionError> {
        let allowed = self.check_telling(driver, endpoint, tell).await?;
        let address = match &allowed {
            Allowed::Tcp(addresses) => addresses.first().copied(),
            Allowed::Unix(_) => None,
        };
        let dialer = Arc::new(CheckedDial { allowed, limit: self.limit });
        Ok(Route { endpoint: endpoint.clone(), address, tunnelled: false, dialer })
    }

    /// Checks `endpoint`, which is reached from a jump host, for `driver`. A name cannot be
    /// judged by its addresses, since it is looked up there; whether names may be used at
    /// all says `names`, or else whether the rules restrict anything.
    ///
    /// # Errors
    /// `Denied` by the rules, `NotFound` for what is no address.
    pub fn check_remote(
        &self,
        driver: &str,
        endpoint: &Endpoint,
        names: Option<bool>,
    ) -> Result<(), SessionError> {
        let rules = self.rules.rules(driver);
        let Endpoint::Tcp(host, port) = endpoint else { return Err(no_socket_there()) };
        match read_host(host) {
            Host::Address(address) => {
                let own = self.own.hold_literally(SocketAddr::new(address, *port));
                let permitted = !own && permits(rules, address);
                permitted.then_some(()).ok_or_else(|| denied(host))
            }
            Host::Name(name) if self.own.hold_name(name, *port) => Err(denied(host)),
            Host::Malformed => Err(not_found(host)),
            Host::Name(name) if is_localhost(name) => {
                let [v4, v6]: [IpAddr; 2] =
                    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                let permitted = permits(rules, v4) && permits(rules, v6);
                permitted.then_some(()).ok_or_else(|| denied(host))
            }
            Host::Name(_) if names.unwrap_or_else(|| rules.allow_all_but_special()) => Ok(()),
            Host::Name(_) => Err(no_name_there(host)),
        }
    }

    async fn addresses(
        &self,
        host: &Hostname,
        tell: Tell<'_>,
    ) -> Result<Vec<IpAddr>, SessionError> {
        let name = match read_host(host) {
            Host::Address(address) => return Ok(vec![address]),
            Host::Malformed => return Err(not_found(host)),
            Host::Name(name) => name,
        };
        tell(format!("Look up {name}"));
        let looked_up = tokio::time::timeout(self.limit, self.resolver.resolve(name));
        let found = match looked_up.await {
            Ok(found) => found.map_err(|error| {
                tracing::info!(%name, %error, "the name could not be resolved");
                not_found(host)
            })?,
            Err(_) => return Err(timed_out(host)),
        };
        let mut addresses: Vec<IpAddr> = Vec::with_capacity(found.len());
        for address in found.iter().map(IpAddr::to_canonical) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(not_found(host)) } else { Ok(addresses) }
    }
}

fn denied(what: &dyn Display) -> SessionError {
    SessionError::new(
        Cause::Denied,
        format!("The network rules of this gateway do not allow connections to {what}."),
    )
}

/// A name that means the machine it is used on (RFC 6761 section 6.3).
fn is_localhost(name: &str) -> bool {
    let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("localhost")
}

fn no_socket_there() -> SessionError {
    SessionError::new(
        Cause::Denied,
        "A socket of this machine cannot be reached through jump hosts.",
    )
}

fn no_name_there(host: &Hostname) -> SessionError {
    SessionError::new(
        Cause::Denied,
        format!(
            "The network rules of this gateway cannot judge {host}, which a jump host would look \
             up. Give its address, or ask an administrator to set jump_hosts.remote_names."
        ),
    )
}

fn not_found(host: &Hostname) -> SessionError {
    SessionError::new(Cause::NotFound, format!("No address was found for {host}."))
}

fn timed_out(host: &Hostname) -> SessionError {
    SessionError::new(Cause::TimedOut, format!("Looking up {host} took too long."))
}
