//! Whose a TCP socket of this machine is, as the kernel tells: `/proc/net/tcp` and `tcp6`
//! (proc_pid_net(5)).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// States of `include/net/tcp_states.h`.
const ESTABLISHED: u8 = 0x01;
const LISTEN: u8 = 0x0A;

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Socket {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    uid: u32,
    /// 0 for a socket that its process has closed: its `uid` is 0, too, and means nothing.
    inode: u64,
}

/// The user whose open socket is the other end of the connection from `peer` to `here`.
/// `None` for one that has begun to close: nobody can be told by it.
///
/// # Errors
/// A system without such tables.
pub(super) async fn owner_of(peer: SocketAddr, here: SocketAddr) -> io::Result<Option<u32>> {
    let sockets = sockets().await?;
    let theirs = sockets.iter().find(|socket| {
        socket.local == peer
            && socket.remote == here
            && socket.state == ESTABLISHED
            && socket.inode != 0
    });
    Ok(theirs.map(|socket| socket.uid))
}

/// The users who listen at `address`.
///
/// # Errors
/// A system without such tables.
pub(super) async fn listeners_at(address: SocketAddr) -> io::Result<Vec<u32>> {
    let listens = |socket: &&Socket| {
        let everywhere = socket.local.ip().is_unspecified();
        socket.state == LISTEN
            && socket.local.port() == address.port()
            && (everywhere || socket.local.ip() == address.ip())
    };
    Ok(sockets().await?.iter().filter(listens).map(|socket| socket.uid).collect())
}

async fn sockets() -> io::Result<Vec<Socket>> {
    let mut all = Vec::new();
    for table in TABLES {
        match tokio::fs::read_to_string(table).await {
            Ok(text) => all.extend(text.lines().skip(1).filter_map(read_line)),
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == io::ErrorKind::NotFound && table != TABLES[0] => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// `sl local remote state queues timer retransmissions uid timeout inode ...`
fn read_line(line: &str) -> Option<Socket> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    Some(Socket {
        local: read_address(words.get(1)?)?,
        remote: read_address(words.get(2)?)?,
        state: u8::from_str_radix(words.get(3)?, 16).ok()?,
        uid: words.get(7)?.parse().ok()?,
        inode: words.get(9)?.parse().ok()?,
    })
}

/// 32-bit words in the machine's own order, then a port. An IPv4 address in an IPv6
/// socket is the IPv4 address.
fn read_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<[u8; 4]> = (0..address.len() / 8)
        .map(|index| u32::from_str_radix(address.get(index * 8..index * 8 + 8)?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<_>>()?;
    let ip: IpAddr = match words.concat().as_slice() {
        four @ [_, _, _, _] => Ipv4Addr::from(<[u8; 4]>::try_from(four).ok()?).into(),
        sixteen => Ipv6Addr::from(<[u8; 16]>::try_from(sixteen).ok()?).to_canonical(),
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_is_read_as_the_kernel_writes_it() {
        let line = "   3: 0100007F:12D6 0200407F:1F90 01 00000000:00000000 00:00000000 00000000  \
                    1000        0 58641 1 0000000000000000 100 0 0 10 0";
        let socket = read_line(line).unwrap();
        assert_eq!(socket.local, "127.0.0.1:4822".parse().unwrap());
        assert_eq!(socket.remote, "127.64.0.2:8080".parse().unwrap());
        assert_eq!((socket.state, socket.uid, socket.inode), (ESTABLISHED, 1000, 58641));
        let mapped = read_address("0000000000000000FFFF00000100007F:0016").unwrap();
        assert_eq!(mapped, "127.0.0.1:22".parse().unwrap());
        assert_eq!(read_address("00000000000000000000000001000000:0016"), "[::1]:22".parse().ok());
        for bad in ["", "0100007F", "0100007:0016", "zz00007F:0016"] {
            assert_eq!(read_address(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn bar_43_an_open_end_is_told_and_a_closed_one_is_nobodys() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let mut theirs = TcpStream::connect(here).await.unwrap();
        let (_ours, peer) = listener.accept().await.unwrap();
        let me = listeners_at(here).await.unwrap()[0];
        assert_eq!(owner_of(peer, here).await.unwrap(), Some(me));
        assert_eq!(owner_of(here, peer).await.unwrap(), Some(me));
        tokio::io::AsyncWriteExt::shutdown(&mut theirs).await.unwrap();
        assert_eq!(owner_of(peer, here).await.unwrap(), None);
        drop(theirs);
        assert_eq!(owner_of(peer, here).await.unwrap(), None);
    }
}
