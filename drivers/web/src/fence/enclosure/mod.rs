//! A network of the browser's own, without a way out but the listener that is passed out of
//! it. `setpriv` and `unshare` of util-linux make it; the last part is done inside, by a
//! [helper](fanlight_core::Helper).

mod inside;
mod loopback;
mod outside;
mod passing;

pub use inside::HELPER;
pub(crate) use outside::unprivileged;
pub use outside::{Account, Enclosure, Gate};

/// Stands in a browser's arguments for the proxy's address and port.
pub const PROXY: &str = "{proxy}";
/// The arguments that send all of Chromium's traffic to the proxy: WebRTC's and loopback's, too.
pub const CHROMIUM_ARGUMENTS: [&str; 4] = [
    "--proxy-server=http://{proxy}",
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
];

/// `arguments` with the proxy's address in them.
fn with_proxy(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
    address: std::net::SocketAddr,
) -> Vec<std::ffi::OsString> {
    let name = address.to_string();
    let insert = |argument: std::ffi::OsString| match argument.to_str() {
        Some(text) => text.replace(PROXY, &name).into(),
        None => argument,
    };
    arguments.into_iter().map(insert).collect()
}
