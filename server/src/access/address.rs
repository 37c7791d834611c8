use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use crate::api::ApiError;

/// The address of the client, as far as it can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client's own address: the peer's, or the rightmost one in `X-Forwarded-For`
    /// that is no trusted proxy.
    pub ip: IpAddr,
    /// Whether the peer is a trusted proxy, so that its other headers count too.
    pub through_proxy: bool,
}

impl ClientAddress {
    /// Works it out from the connection's peer and the headers.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
        let peer = peer.to_canonical();
        if !is_trusted(&peer) {
            return Self { ip: peer, through_proxy: false };
        }
        let mut ip = peer;
        for hop in forwarded_for(headers).into_iter().rev() {
            let Some(hop) = hop else { break };
            ip = hop;
            if !is_trusted(&ip) {
                break;
            }
        }
        Self { ip, through_proxy: true }
    }

    pub(crate) fn from_extensions(
        extensions: &Extensions,
        headers: &HeaderMap,
        trusted: &[IpNet],
    ) -> Option<Self> {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Self::of(peer.ip(), headers, trusted))
    }
}

/// One IPv6 customer owns a /64: its addresses count as one.
pub fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The listed addresses, left to right; `None` for what is no address.
fn forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").iter();
    let texts = values.flat_map(|value| value.to_str().unwrap_or("?").split(','));
    texts.map(|text| parse_hop(text.trim())).collect()
}

/// An address, as proxies write it: with or without brackets and port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address =
        text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|ip| ip.to_canonical())
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let found = parts.extensions.get::<Self>().copied();
        found.ok_or_else(|| ApiError::internal("a request without client address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        ClientAddress::of(peer.parse().expect("an address"), &headers, &trusted).ip.to_string()
    }

    #[test]
    fn bar_03_a_forged_header_of_a_stranger_changes_nothing() {
        assert_eq!(of("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn bar_03_behind_a_proxy_the_rightmost_untrusted_address_counts() {
        assert_eq!(of("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1", &["1.1.1.1", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(of("10.0.0.1", &["198.51.100.7, garbage"]), "10.0.0.1");
        assert_eq!(of("::ffff:10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
    }
}
