use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fanlight_core::Hostname;

/// What a host name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host<'a> {
    Address(IpAddr),
    Name(&'a str),
    /// Ends in a number like an IPv4 address, but is none: no resolver may guess at it.
    Malformed,
}

/// Reads a host as the C library and browsers would: `127.1`, `2130706433`, `0177.0.0.1`
/// and `0x7f.1` are addresses, and an IPv4-mapped IPv6 address is the IPv4 address.
pub(super) fn read_host(host: &Hostname) -> Host<'_> {
    if let Some(address) = host.ip() {
        return Host::Address(address.to_canonical());
    }
    let name = host.as_str();
    let bare = name.strip_suffix('.').unwrap_or(name);
    let last = bare.rsplit('.').next().unwrap_or_default();
    if !is_numeric(last) {
        return Host::Name(name);
    }
    legacy_ipv4(bare).map_or(Host::Malformed, |address| Host::Address(address.into()))
}

/// "Ends in a number" of the URL standard (WHATWG URL, section 3.5).
fn is_numeric(label: &str) -> bool {
    let all_digits = !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
    all_digits || parse_number(label).is_some()
}

/// One to four parts in decimal, octal (`0` prefix) or hexadecimal (`0x` prefix); the
/// last part fills all bytes that are left, as `inet_aton` reads them.
fn legacy_ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts = text.split('.').map(parse_number).collect::<Option<Vec<_>>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 255) {
        return None;
    }
    let free_bits = 32 - 8 * u32::try_from(leading.len()).ok()?;
    if u64::from(*last) >= 1u64 << free_bits {
        return None;
    }
    let high = leading.iter().zip([24, 16, 8]).map(|(part, shift)| part << shift);
    Some(Ipv4Addr::from(high.sum::<u32>() | last))
}

fn parse_number(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return if hex.is_empty() { Some(0) } else { u32::from_str_radix(hex, 16).ok() };
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// The IPv4 address that a translator or tunnel on the way would unpack.
pub(super) fn embedded_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match s {
        // Compatible (RFC 4291 2.5.5.1), mapped (2.5.5.2), translated (RFC 7915), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => Some(from(high, low)),
        // Teredo (RFC 4380): the client's address, inverted.
        [0x2001, 0, .., high, low] => Some(from(!high, !low)),
        // ISATAP (RFC 5214).
        [.., 0 | 0x200, 0x5efe, high, low] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bar_40_every_spelling_of_an_address_is_that_address() {
        let loopback = Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
        for text in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "0x7f000001",
            "0X7F.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "::ffff:127.0.0.1",
            "[::ffff:7f00:1]",
        ] {
            assert_eq!(read_host(&text.parse().unwrap()), loopback, "{text}");
        }
    }

    #[test]
    fn bar_40_what_looks_like_a_number_but_is_no_address_goes_to_no_resolver() {
        for text in ["1.2.3.4.5", "256.1.1.1.", "4294967296", "a.0x7f", "08.0.0.1", "1.2.3.09"] {
            assert_eq!(read_host(&text.parse().unwrap()), Host::Malformed, "{text}");
        }
        for text in ["db.example.com", "7f.example", "0x.a", "example.x1"] {
            assert_eq!(read_host(&text.parse().unwrap()), Host::Name(text));
        }
    }
}
