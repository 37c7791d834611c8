//! A TCP relay that does to its connections what networks do: delays, cuts, garbles, and
//! falls silent without closing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to everything that passes, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Each piece is held for so long.
    Delay(Duration),
    /// Connections are reset, and new ones at once.
    Cut,
    /// A bit of every byte is turned over.
    Garble,
    /// Half open: nothing passes any more, and nobody is told.
    Silent,
}

/// A relay to one target. Faults apply to the connections that there are and to new ones.
/// Dropping it closes everything.
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    taken: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (fault, faults) = watch::channel(Fault::None);
        let taken = Arc::<AtomicUsize>::default();
        let serving = tokio::spawn(serve(listener, target, faults, Arc::clone(&taken)));
        Ok(Self { address, fault, taken, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens from now on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many connections it has taken in all.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    faults: watch::Receiver<Fault>,
    taken: Arc<AtomicUsize>,
) {
    // Ends the connections with itself.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        taken.fetch_add(1, Ordering::Relaxed);
        connections.spawn(relay(stream, target, faults.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn relay(near: TcpStream, target: SocketAddr, faults: watch::Receiver<Fault>) {
    let mut cuts = faults.clone();
    let is_cut = |fault: &Fault| *fault == Fault::Cut;
    // An error of one side closes both: that is what a relay does.
    let through = async {
        let far = TcpStream::connect(target).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let ((mut from_near, mut to_near), (mut from_far, mut to_far)) =
            (near.into_split(), far.into_split());
        tokio::try_join!(
            pass(&mut from_near, &mut to_far, faults.clone()),
            pass(&mut from_far, &mut to_near, faults.clone()),
        )
    };
    tokio::select! {
        _ = cuts.wait_for(is_cut) => {}
        _ = through => {}
    }
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut faults: watch::Receiver<Fault>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        let piece = &mut buffer[..count];
        let fault = *faults.borrow_and_update();
        match fault {
            Fault::Delay(time) => tokio::time::sleep(time).await,
            Fault::Garble => piece.iter_mut().for_each(|byte| *byte ^= 0x20),
            Fault::Silent => {
                let speaks = |fault: &Fault| *fault != Fault::Silent;
                faults.wait_for(speaks).await.map_err(io::Error::other)?;
            }
            Fault::None | Fault::Cut => {}
        }
        if piece.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(piece).await?;
    }
}
