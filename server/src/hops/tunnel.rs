//! The way through jump hosts for a guacd, which can only be told an address: a listener
//! that belongs to one session and takes connections of guacd alone.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{Cause, Dial, Resource, SessionError};
use fanlight_engine::guacd::GuacdAddress;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Way;
use super::owner::{listeners_at, owner_of};
use crate::policy::TUNNELS;

/// Connections of one session at a time: guacd opens a second one for files, and others
/// while it tries how a desktop wants to be spoken to.
const MOST_STREAMS: usize = 8;
/// Longest look-up of a guacd's name.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(5);
/// Pause after an error of the listener itself (no descriptors left), so that it does not
/// spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Which guacds there are, and where those on other machines find the gateway.
#[derive(Debug, Clone, Default)]
pub(crate) struct GuacdPeers {
    pub(crate) addresses: Vec<GuacdAddress>,
    /// An address of this machine; `None` where all guacds run on it.
    pub(crate) tunnel_address: Option<IpAddr>,
}

/// Whose connections a tunnel takes.
#[derive(Debug)]
struct Guests {
    /// Users of this machine that guacd runs as, for connections from loopback.
    uids: Vec<u32>,
    /// Addresses of guacds on other machines.
    others: Vec<IpAddr>,
}

impl Guests {
    async fn of(peers: &GuacdPeers) -> io::Result<Self> {
        let mut guests = Self { uids: Vec::new(), others: Vec::new() };
        for GuacdAddress { host, port, .. } in &peers.addresses {
            let found = timeout(LOOK_UP_LIMIT, lookup_host((host.as_str(), *port))).await;
            for address in found.map_err(io::Error::other)?? {
                if address.ip().to_canonical().is_loopback() {
                    guests.uids.extend(listeners_at(address).await?);
                } else {
                    guests.others.push(address.ip().to_canonical());
                }
            }
        }
        Ok(guests)
    }

    async fn include(&self, peer: SocketAddr, here: SocketAddr) -> bool {
        if !peer.ip().is_loopback() {
            return self.others.contains(&peer.ip());
        }
        match owner_of(peer, here).await {
            Ok(owner) => owner.is_some_and(|uid| self.uids.contains(&uid)),
            Err(error) => {
                tracing::error!(%error, "the system does not tell whose a connection is");
                false
            }
        }
    }
}

/// A session's listener. It is closed with the session.
pub(crate) struct Tunnel {
    /// Where guacd finds it.
    pub(crate) address: SocketAddr,
    tasks: TaskTracker,
    cut: CancellationToken,
}

impl Tunnel {
    /// Listens for the guacds among `peers`, and leads their connections along `way`.
    ///
    /// # Errors
    /// `Unavailable` for a guacd that cannot be told from others, or that is on another
    /// machine where no address for it is configured.
    pub(crate) async fn open(way: Way, peers: &GuacdPeers) -> Result<Self, SessionError> {
        let guests = Guests::of(peers).await.map_err(|error| not_laid(&error))?;
        let bind_to = match (guests.others.as_slice(), peers.tunnel_address) {
            ([], _) => random_loopback().map_err(|error| not_laid(&error))?,
            (_, Some(address)) => address,
            (_, None) => return Err(no_address()),
        };
        let bound = TcpListener::bind((bind_to, 0)).await;
        let listener = bound.map_err(|error| not_laid(&error))?;
        let address = listener.local_addr().map_err(|error| not_laid(&error))?;
        let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
        let serving = serve(listener, address, Arc::new(way), guests, tasks.clone(), cut.clone());
        tasks.spawn(cut.clone().run_until_cancelled_owned(serving));
        Ok(Self { address, tasks, cut })
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

#[async_trait]
impl Resource for Tunnel {
    fn name(&self) -> &'static str {
        "tunnel for guacd"
    }

    async fn release(self: Box<Self>) {
        self.cut.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn serve(
    listener: TcpListener,
    here: SocketAddr,
    way: Arc<Way>,
    guests: Guests,
    tasks: TaskTracker,
    cut: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(MOST_STREAMS));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok((stream, peer)) => (stream, SocketAddr::new(peer.ip().to_canonical(), peer.port())),
            Err(error) => {
                tracing::warn!(%error, "a tunnel for guacd takes no connections just now");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if !guests.include(peer, here).await {
            tracing::warn!(%peer, "refused a stranger at a session's tunnel");
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(%peer, "guacd has too many connections to one session's tunnel");
            continue;
        };
        let way = Arc::clone(&way);
        let leading = async move {
            let _place = place;
            lead(stream, &way).await;
        };
        tasks.spawn(cut.clone().run_until_cancelled_owned(leading));
    }
}

async fn lead(mut stream: TcpStream, way: &Way) {
    let lead = async {
        stream.set_nodelay(true)?;
        let mut target = way.dial().await?;
        copy_bidirectional(&mut stream, &mut target).await
    };
    if let Err(error) = lead.await {
        // guacd reports its own end of it; this is the better reason, for the log.
        tracing::info!(endpoint = %way.endpoint, %error, "a tunnel's connection failed");
    }
}

/// An address that nobody can guess, of the loopback network that no session may name.
fn random_loopback() -> io::Result<IpAddr> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let host = u32::from_ne_bytes(random) & u32::from(TUNNELS.hostmask());
    // Neither the first nor the last one: some systems keep these for the network itself.
    let host = host.clamp(1, u32::from(TUNNELS.hostmask()) - 1);
    Ok(Ipv4Addr::from(u32::from(TUNNELS.network()) | host).into())
}

fn not_laid(error: &io::Error) -> SessionError {
    tracing::error!(%error, "no tunnel for guacd");
    SessionError::new(
        Cause::Unavailable,
        "The way through the jump hosts could not be laid for guacd on this gateway.",
    )
}

fn no_address() -> SessionError {
    SessionError::new(
        Cause::Unavailable,
        "guacd runs on another machine, and jump_hosts.tunnel_address does not say where it \
         finds this gateway. Ask an administrator to set it, or use the embedded engine.",
    )
}
