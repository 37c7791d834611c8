use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fanlight_core::{Cause, SessionError};
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::handshake::Greeted;
use super::peer::Peer;
use super::{GuacdConfig, GuacdConfigError};

/// All guacds of a configuration.
pub(super) struct Pool {
    pub(super) peers: Vec<Arc<Peer>>,
    turn: AtomicUsize,
    connect_timeout: Duration,
}

impl Pool {
    pub(super) fn new(config: &GuacdConfig) -> Result<Self, GuacdConfigError> {
        if config.addresses.is_empty() {
            return Err(GuacdConfigError::NoAddress);
        }
        let peers = config.addresses.iter().cloned();
        let peers =
            peers.map(|address| Peer::new(address).map(Arc::new)).collect::<Result<_, _>>()?;
        Ok(Self { peers, turn: AtomicUsize::new(0), connect_timeout: config.connect_timeout })
    }

    /// Asks one after another for `protocol` until one lists its parameters. Each gets
    /// its share of the time that is left, so that a silent one costs nobody the others.
    pub(super) async fn greet(
        &self,
        protocol: &str,
        deadline: Instant,
    ) -> Result<(Arc<Peer>, Greeted), SessionError> {
        let peers = self.in_turn();
        let mut failure = SessionError::new(Cause::Unavailable, "No guacd is configured.");
        for (index, peer) in peers.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let waiting = u32::try_from(peers.len() - index).unwrap_or(u32::MAX);
            let share = Instant::now() + left / waiting;
            match peer.greet(protocol, self.connect_timeout, share).await {
                Ok(greeted) => return Ok((peer.clone(), greeted)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The healthy ones first, each time beginning with another.
    fn in_turn(&self) -> Vec<Arc<Peer>> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.peers.len();
        let mut peers = self.peers.clone();
        peers.rotate_left(first);
        peers.sort_by_key(|peer| peer.is_unhealthy());
        peers
    }

    /// Checks, again and again, those that no session spoke to lately.
    pub(super) async fn keep_checking(&self, every: Duration) {
        let mut rounds = interval(every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let due = self.peers.iter().filter(|peer| !peer.answered_within(every));
            join_all(due.map(|peer| self.check(peer))).await;
        }
    }

    /// A guacd that accepts a connection lives; hanging up at once costs it nothing.
    async fn check(&self, peer: &Peer) {
        let deadline = Instant::now() + self.connect_timeout;
        // The outcome is noted with the peer.
        let _ = peer.connect(self.connect_timeout, deadline).await;
    }
}
