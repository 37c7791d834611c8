use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::timeout;

use super::Resolve;
use super::address::embedded_ipv4;
use crate::config::Config;

/// Where the gateway's own parts are found. No session may go there, whatever is allowed: a
/// guacd obeys whoever reaches it, and a tunnel belongs to another session.
#[derive(Default)]
pub(super) struct OwnPlaces {
    guacds: Vec<(Place, u16)>,
    /// Where guacds on other machines find tunnels, at any port.
    tunnels: Option<IpAddr>,
}

enum Place {
    Address(IpAddr),
    Name(String),
}

impl OwnPlaces {
    pub(super) fn of(config: &Config) -> Self {
        let guacds = config.guacd.iter().flat_map(|guacd| &guacd.addresses);
        let tunnels = config.jump_hosts.tunnel_address.map(|ip| ip.to_canonical());
        Self { guacds: guacds.map(|guacd| (place(&guacd.host), guacd.port)).collect(), tunnels }
    }

    /// Whether a session's target is one of them. A look-up may take `limit`.
    pub(super) async fn hold(
        &self,
        target: SocketAddr,
        resolver: &dyn Resolve,
        limit: Duration,
    ) -> bool {
        if self.hold_literally(target) {
            return true;
        }
        for name in self.names(target.port()) {
            // Where no answer comes, the gateway does not find it either.
            let found = timeout(limit, resolver.resolve(name)).await;
            let mut found = found.ok().and_then(Result::ok).unwrap_or_default().into_iter();
            if found.any(|ip| meant_by(target.ip()).contains(&Some(ip.to_canonical()))) {
                return true;
            }
        }
        false
    }

    /// Whether it is one of those that are configured by their address.
    pub(super) fn hold_literally(&self, target: SocketAddr) -> bool {
        let meant = meant_by(target.ip());
        let is_guacd = |(place, port): &(Place, u16)| {
            *port == target.port()
                && matches!(place, Place::Address(ip) if meant.contains(&Some(*ip)))
        };
        self.tunnels.is_some_and(|ip| meant.contains(&Some(ip))) || self.guacds.iter().any(is_guacd)
    }

    /// Whether a name that a jump host would look up is the name of one of them.
    pub(super) fn hold_name(&self, name: &str, port: u16) -> bool {
        let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        self.names(port).any(|own| bare(own) == bare(name))
    }

    fn names(&self, port: u16) -> impl Iterator<Item = &str> {
        self.guacds.iter().filter_map(move |(place, at)| match place {
            Place::Name(name) if *at == port => Some(name.as_str()),
            _ => None,
        })
    }
}

fn place(host: &str) -> Place {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or_else(|_| Place::Name(host.into()), |ip| Place::Address(ip.to_canonical()))
}

/// The address itself, and the IPv4 address that it carries.
fn meant_by(address: IpAddr) -> [Option<IpAddr>; 2] {
    let carried = match address {
        IpAddr::V6(v6) => embedded_ipv4(v6).map(IpAddr::from),
        IpAddr::V4(_) => None,
    };
    [Some(address.to_canonical()), carried]
}
