use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Component, Path};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net};

use super::address::embedded_ipv4;
use crate::config::NetworkRules;

/// Denied unless `allow` names them: with a network that lies inside.
static RESERVED: LazyLock<Vec<IpNet>> =
    LazyLock::new(|| RESERVED_TEXT.iter().filter_map(|text| text.parse().ok()).collect());

const RESERVED_TEXT: &[&str] = &[
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "fe80::/10",
    "ff00::/8",
    // Local-use NAT64 (RFC 8215): the embedded address depends on the site's prefix length.
    "64:ff9b:1::/48",
    // Instance metadata of AWS and others, Alibaba, Oracle, Azure, and AWS and Google on IPv6.
    "169.254.169.254/32",
    "100.100.100.200/32",
    "192.0.0.192/32",
    "168.63.129.16/32",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
];

/// Where guacd finds the tunnels of sessions that go through jump hosts. No session may
/// go there, whatever is configured: what is there belongs to another one.
pub(crate) const TUNNELS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 64, 0, 0), 10);

/// Whether `address` may be reached. An IPv6 address that carries an IPv4 address for a
/// translator or tunnel to unpack is allowed only if that one is, too.
pub(super) fn permits(rules: &NetworkRules, address: IpAddr) -> bool {
    let carried = match address {
        IpAddr::V6(v6) if !is_local_literal(v6) => embedded_ipv4(v6),
        _ => None,
    };
    permits_plain(rules, address) && carried.is_none_or(|v4| permits_plain(rules, v4.into()))
}

fn permits_plain(rules: &NetworkRules, address: IpAddr) -> bool {
    let most_specific = |networks: &[IpNet]| {
        let containing = networks.iter().filter(|network| network.contains(&address));
        containing.map(IpNet::prefix_len).max()
    };
    if matches!(address, IpAddr::V4(v4) if TUNNELS.contains(&v4)) {
        return false;
    }
    let Some(allowed) = most_specific(&rules.allow) else { return false };
    let named = most_specific(&RESERVED).is_none_or(|reserved| allowed >= reserved);
    named && most_specific(&rules.deny).is_none()
}

/// Whether the Unix socket at `path` may be reached.
pub(super) fn permits_socket(rules: &NetworkRules, path: &Path) -> bool {
    let is_plain =
        path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    path.is_absolute() && is_plain && rules.unix_sockets.iter().any(|root| path.starts_with(root))
}

/// `::` and `::1` look like IPv4-compatible addresses, but are what they are.
fn is_local_literal(address: Ipv6Addr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rules(allow: &[&str], deny: &[&str]) -> NetworkRules {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        let mut rules = NetworkRules { deny: parse(deny), ..NetworkRules::default() };
        if !allow.is_empty() {
            rules.allow = parse(allow);
        }
        rules
    }

    fn permits(rules: &NetworkRules, address: &str) -> bool {
        super::permits(rules, address.parse().unwrap())
    }

    #[test]
    fn every_reserved_network_parses() {
        assert_eq!(RESERVED.len(), RESERVED_TEXT.len());
    }

    #[test]
    fn bar_40_reserved_addresses_are_denied_in_every_dress() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "::ffff:0:127.0.0.1",
            "2001:0:1:2:3:4:80ff:fffe",
            "fd12::5efe:127.0.0.1",
            "64:ff9b:1::1",
        ] {
            assert!(!permits(&rules(&[], &[]), address), "{address}");
        }
    }

    #[test]
    fn private_and_public_addresses_are_allowed() {
        for address in
            ["10.0.0.1", "192.168.1.1", "8.8.8.8", "fd00::1", "2606:4700::1", "64:ff9b::808:808"]
        {
            assert!(permits(&rules(&[], &[]), address), "{address}");
        }
    }

    #[test]
    fn lists_are_obeyed_and_reserved_networks_must_be_named() {
        let only_one = rules(&["10.0.0.0/8"], &["10.9.0.0/16"]);
        assert!(permits(&only_one, "10.1.2.3"));
        assert!(!permits(&only_one, "10.9.2.3"));
        assert!(!permits(&only_one, "192.168.1.1"));
        assert!(!permits(&only_one, "2606:4700::1"));
        assert!(permits(&rules(&["127.0.0.1/32"], &[]), "127.0.0.1"));
        assert!(!permits(&rules(&["127.0.0.1/32"], &[]), "127.0.0.2"));
        assert!(!permits(&rules(&["0.0.0.0/0"], &[]), "127.0.0.1"));
        assert!(!permits(&rules(&["169.254.0.0/16"], &[]), "169.254.169.254"));
        assert!(permits(&rules(&["169.254.169.254/32"], &[]), "169.254.169.254"));
        assert!(permits(&rules(&["::1/128"], &[]), "::1"));
    }

    #[test]
    fn bar_43_no_session_reaches_a_tunnel_whatever_is_allowed() {
        for allow in ["127.0.0.0/8", "127.64.0.0/10", "127.64.0.1/32"] {
            assert!(!permits(&rules(&[allow], &[]), "127.64.0.1"), "{allow}");
        }
        let open = rules(&["127.0.0.0/8", "::/0", "::ffff:0:0/96"], &[]);
        assert!(!permits(&open, "127.127.255.254"));
        assert!(!permits(&open, "::ffff:127.64.0.1"));
        assert!(permits(&open, "127.63.255.254") && permits(&open, "127.128.0.1"));
    }

    #[test]
    fn sockets_are_reached_only_below_what_is_listed() {
        let rules =
            NetworkRules { unix_sockets: vec!["/run/vm".into()], ..NetworkRules::default() };
        assert!(permits_socket(&rules, Path::new("/run/vm/7.sock")));
        assert!(!permits_socket(&rules, Path::new("/run/vm/../docker.sock")));
        assert!(!permits_socket(&rules, Path::new("/run/vmware.sock")));
        assert!(!permits_socket(&rules, Path::new("run/vm/7.sock")));
        assert!(!permits_socket(&NetworkRules::default(), Path::new("/run/vm/7.sock")));
    }
}
