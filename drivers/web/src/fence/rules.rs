use std::net::IpAddr;
use std::str::FromStr;

use url::Host;

/// A domain that a browser may reach, with all below it; or one address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain(Host);

/// The text is no domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a domain or an IP address, without wildcard, port or path")]
pub struct InvalidDomain;

impl FromStr for Domain {
    type Err = InvalidDomain;

    /// Reads `example.com`, `bücher.example`, `10.0.0.5` or `[fd00::1]`. What a browser makes
    /// of a host is made of it, too, so that both mean the same.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let brackets = text.starts_with('[') && text.ends_with(']');
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self(host_of(address)));
        }
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if brackets || !text.chars().all(plain) || text.starts_with('.') || text.contains("..") {
            return Err(InvalidDomain);
        }
        read_host(text).map(Self).ok_or(InvalidDomain)
    }
}

impl Domain {
    fn covers(&self, host: &Host) -> bool {
        match (&self.0, host) {
            (Host::Domain(domain), Host::Domain(name)) => {
                let above = name.strip_suffix(domain.as_str());
                above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (mine, other) => mine == other,
        }
    }
}

/// What a browser understands by a host: lower case, punycode, an address in any of its
/// spellings, and no dot at the end.
pub(super) fn read_host(text: &str) -> Option<Host> {
    match Host::parse(text).ok()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            (!name.is_empty()).then(|| Host::Domain(name.to_owned()))
        }
        Host::Ipv4(address) => Some(Host::Ipv4(address)),
        Host::Ipv6(address) => Some(host_of(address.into())),
    }
}

/// An IPv4 address in IPv6 dress is that IPv4 address.
fn host_of(address: IpAddr) -> Host {
    match address.to_canonical() {
        IpAddr::V4(v4) => Host::Ipv4(v4),
        IpAddr::V6(v6) => Host::Ipv6(v6),
    }
}

/// Which hosts a session's browser may ask for. The network policy is asked besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Option<Vec<Domain>>);

impl Rules {
    /// Only what these domains cover.
    pub fn only(domains: Vec<Domain>) -> Self {
        Self(Some(domains))
    }

    /// Whatever the network policy allows.
    pub fn open() -> Self {
        Self(None)
    }

    /// Whether `host`, as a browser writes it, is one of them.
    pub fn allow(&self, host: &str) -> bool {
        read_host(host).is_some_and(|host| self.covers(&host))
    }

    pub(super) fn covers(&self, host: &Host) -> bool {
        self.0.as_ref().is_none_or(|domains| domains.iter().any(|domain| domain.covers(host)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn only(domains: &[&str]) -> Rules {
        Rules::only(domains.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn bar_35_what_is_no_domain_is_refused() {
        for bad in [
            "",
            "*",
            "*.example.com",
            "a,b",
            "a b",
            " a",
            ".a",
            "a..b",
            "a:80",
            "http://a",
            "a/b",
            "a@b",
            "[a]",
            "a\0",
            "a\n",
            "%61.b",
            "a*",
            "1.2.3.4.5.",
            "300.1.1.1",
            "[::1]:80",
            ".",
        ] {
            assert!(bad.parse::<Domain>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below() {
        let rules = only(&["Example.com", "bücher.example", "wiki"]);
        for yes in [
            "example.com",
            "EXAMPLE.com",
            "www.example.com",
            "a.b.example.com",
            "example.com.",
            "xn--bcher-kva.example",
            "wiki",
            "a.wiki",
        ] {
            assert!(rules.allow(yes), "{yes}");
        }
        for no in [
            "badexample.com",
            "example.com.evil",
            "com",
            "example.org",
            "wikia",
            "",
            ".",
            "example.com\0.evil",
            "example.com:80",
            "127.0.0.1",
            "::1",
            "[::1]",
        ] {
            assert!(!rules.allow(no), "{no}");
        }
    }

    #[test]
    fn bar_42_an_address_is_itself_in_every_spelling() {
        let rules = only(&["10.0.0.5", "fd00::1"]);
        for yes in ["10.0.0.5", "167772165", "0x0a000005", "012.0.0.5", "[::ffff:10.0.0.5]"] {
            assert!(rules.allow(yes), "{yes}");
        }
        assert!(rules.allow("[fd00::1]") && rules.allow("[FD00:0::1]"));
        for no in ["10.0.0.6", "10.0.0.5.example.com", "x.10.0.0.5", "[fd00::2]"] {
            assert!(!rules.allow(no), "{no}");
        }
        assert!(!only(&["example.com"]).allow("10.0.0.5"));
    }

    #[test]
    fn without_domains_only_the_network_policy_decides() {
        assert!(Rules::open().allow("anything.example") && Rules::open().allow("10.0.0.5"));
    }
}
