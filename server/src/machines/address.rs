use std::net::IpAddr;

/// Those addresses of a machine that others can reach it by: its IPv4 addresses, or its IPv6
/// addresses where it has no other; in the order given, each once.
pub fn usable(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut v4: Vec<IpAddr> = Vec::new();
    let mut v6: Vec<IpAddr> = Vec::new();
    for address in addresses.iter().map(IpAddr::to_canonical).filter(is_reachable) {
        let list = if address.is_ipv4() { &mut v4 } else { &mut v6 };
        if !list.contains(&address) {
            list.push(address);
        }
    }
    if v4.is_empty() { v6 } else { v4 }
}

/// The address to take where none was asked for: a private one first, else the first.
pub fn preferred(usable: &[IpAddr]) -> Option<IpAddr> {
    let private = |address: &&IpAddr| matches!(address, IpAddr::V4(v4) if v4.is_private());
    usable.iter().find(private).or(usable.first()).copied()
}

/// Addresses of the machine's own loopback and of one wire alone lead nowhere from here.
fn is_reachable(address: &IpAddr) -> bool {
    let only_there = match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || only_there)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn list(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn loopback_is_left_out_and_ipv6_counts_where_there_is_no_ipv4() {
        for (all, left) in [
            (vec!["127.0.0.1", "10.0.0.5", "fd00::5"], vec!["10.0.0.5"]),
            (
                vec!["127.8.0.1", "::1", "fe80::1", "fd00::5", "2001:db8::5"],
                vec!["fd00::5", "2001:db8::5"],
            ),
            (vec!["10.0.0.5", "10.0.0.5", "::ffff:10.0.0.6"], vec!["10.0.0.5", "10.0.0.6"]),
            (vec!["127.0.0.1", "0.0.0.0", "::"], vec![]),
        ] {
            assert_eq!(usable(&list(&all)), list(&left), "{all:?}");
        }
    }

    #[test]
    fn a_private_address_comes_first() {
        for (all, chosen) in [
            (vec!["203.0.113.7", "192.168.1.100", "10.0.0.5"], Some("192.168.1.100")),
            (vec!["203.0.113.7", "172.31.0.1"], Some("172.31.0.1")),
            (vec!["203.0.113.7", "172.32.0.1"], Some("203.0.113.7")),
            (vec!["2001:db8::5"], Some("2001:db8::5")),
            (vec![], None),
        ] {
            let chosen = chosen.map(|text| text.parse().unwrap());
            assert_eq!(preferred(&list(&all)), chosen, "{all:?}");
        }
    }
}
