use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{BoxedStream, Dial};
use tokio::net::{TcpStream, UnixStream};

use super::Allowed;

/// Dials what was checked, and nothing else: it holds no name that could be looked up
/// a second time.
pub(super) struct CheckedDial {
    pub(super) allowed: Allowed,
    pub(super) limit: Duration,
}

#[async_trait]
impl Dial for CheckedDial {
    async fn dial(&self) -> io::Result<BoxedStream> {
        let dialled = async {
            match &self.allowed {
                Allowed::Tcp(addresses) => dial_first(addresses).await,
                Allowed::Unix(path) => {
                    UnixStream::connect(path).await.map(|s| Box::new(s) as BoxedStream)
                }
            }
        };
        let late = || io::Error::new(io::ErrorKind::TimedOut, "connecting took too long");
        tokio::time::timeout(self.limit, dialled).await.map_err(|_| late())?
    }
}

/// The first of the addresses that answers.
async fn dial_first(addresses: &[SocketAddr]) -> io::Result<BoxedStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(Box::new(stream));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
