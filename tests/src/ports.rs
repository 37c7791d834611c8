//! Ports that no other test takes at the same time.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below the ports that systems give away by themselves, so that no outgoing connection sits
/// on one (Linux: `ip_local_port_range`).
const PORTS: Range<u16> = 12_000..32_000;
const TRIES: usize = 1000;

/// What keeps this process's ports from others, until it ends.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A TCP port on loopback that nobody uses, and that no test takes as long as this process
/// lives. A server that is told of it listens only later: a port that is merely unused at this
/// moment would be another test's by then.
///
/// # Errors
/// When none is found.
pub fn free_port() -> io::Result<u16> {
    let folder = std::env::temp_dir().join("fanlight-test-ports");
    std::fs::create_dir_all(&folder)?;
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..TRIES {
        let port = any_port();
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(port.to_string()))?;
        if file.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            taken.push(file);
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn any_port() -> u16 {
    let random = RandomState::new().build_hasher().finish() % u64::from(PORTS.end - PORTS.start);
    PORTS.start + u16::try_from(random).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{File, free_port};

    #[test]
    fn a_port_is_given_once() {
        let port = free_port().unwrap();
        let file = std::env::temp_dir().join("fanlight-test-ports").join(port.to_string());
        assert!(File::open(file).unwrap().try_lock().is_err());
    }
}
