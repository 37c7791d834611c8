use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// A DNS name or an IP literal, checked when made. At most 253 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Hostname(String);

/// The text is neither a DNS name nor an IP literal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a DNS name or an IP address")]
pub struct InvalidHostname;

impl Hostname {
    /// The name as given (brackets around an IPv6 literal removed).
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, if this is an IP literal.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl FromStr for Hostname {
    type Err = InvalidHostname;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        if bare.parse::<IpAddr>().is_ok() || (bare.len() == text.len() && is_dns_name(text)) {
            Ok(Self(bare.to_owned()))
        } else {
            Err(InvalidHostname)
        }
    }
}

/// RFC 1123 section 2.1 letters, digits and hyphens, plus the underscore that real
/// networks use; one trailing dot is allowed.
fn is_dns_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(label_ok)
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hostname {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Hostname {
    fn schema_name() -> Cow<'static, str> {
        "Hostname".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 255, "format": "hostname" })
    }
}

/// Something that a session wants to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A TCP port of a host.
    Tcp(Hostname, u16),
    /// A Unix socket on the gateway's own machine.
    Unix(PathBuf),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.as_str().contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_and_literals() {
        for good in ["a", "db-1.example.com", "10.0.0.5", "::1", "[fe80::1]", "x_y.local", "a.b."] {
            assert!(good.parse::<Hostname>().is_ok(), "{good}");
        }
        assert_eq!("[::1]".parse::<Hostname>().map(|h| h.0), Ok("::1".into()));
    }

    #[test]
    fn bar_32_refuses_what_is_no_hostname() {
        let long = "a".repeat(254);
        for bad in ["", " ", "a b", "a\0", "a\r\nb", "-a", "a..b", "[a]", "h/x", "ü.de", &long] {
            assert!(bad.parse::<Hostname>().is_err(), "{bad:?}");
        }
    }
}
