use std::io;

use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// Index of `lo` in every network namespace.
const LOOPBACK: i32 = 1;
/// The protocol number 0.
const NETLINK_ROUTE: Option<Protocol> = None;
const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const IFF_UP: u32 = 1;
/// Where the error number stands in the answer: behind its head of 16 bytes.
const ERROR: std::ops::Range<usize> = 16..20;

/// Brings `lo` up, which a new namespace has down: `ip link set lo up` (rtnetlink(7)).
pub(super) fn bring_up() -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC;
    let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
    let socket = socket_with(family, kind, flags, NETLINK_ROUTE)?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut answer = [0_u8; 256];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty())?;
    let error = answer[..length].get(ERROR).and_then(|bytes| bytes.try_into().ok());
    match error.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(io::Error::from_raw_os_error(-number)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// `struct nlmsghdr` and `struct ifinfomsg`.
fn request() -> Vec<u8> {
    const LENGTH: u32 = 32;
    let mut bytes = Vec::new();
    bytes.extend(LENGTH.to_ne_bytes());
    bytes.extend(RTM_NEWLINK.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    // Sequence number, sender, and of the interface: family and type.
    bytes.extend([0; 12]);
    bytes.extend(LOOPBACK.to_ne_bytes());
    // The flags, and which of them change.
    bytes.extend(IFF_UP.to_ne_bytes());
    bytes.extend(IFF_UP.to_ne_bytes());
    bytes
}
