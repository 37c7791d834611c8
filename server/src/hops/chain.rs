use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{BoxedStream, Cause, Endpoint, Resource, SessionError};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::hop::{Hop, Threads, between_signs_of_life};
use super::peer::Death;
use super::{JumpHost, RULES};
use crate::config::JumpHostsConfig;
use crate::policy::NetworkPolicy;
use crate::sessions::{HostKeys, Ladder};

/// How long a connection that broke may take to say that a jump host's end was why.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What climbing over jump hosts needs of the gateway.
pub(crate) struct Surroundings<'a> {
    pub(crate) policy: &'a NetworkPolicy,
    pub(crate) host_keys: &'a Arc<HostKeys>,
    pub(crate) ladder: &'a Arc<Ladder>,
    pub(crate) config: &'a JumpHostsConfig,
}

/// Connections to jump hosts, each through the one before. Dropping it ends them all.
pub(crate) struct Chain {
    hops: Vec<Hop>,
    deaths: watch::Receiver<Vec<Death>>,
    /// How much later than a jump host the ones before it may be found silent.
    settling: Duration,
    tasks: TaskTracker,
    cut: CancellationToken,
    _cut_on_drop: DropGuard,
}

impl Chain {
    /// Connects and logs in to one host after another.
    ///
    /// # Errors
    /// The first failure; its message names the jump host, and none of its secrets.
    pub(crate) async fn climb(
        hosts: &[JumpHost],
        around: &Surroundings<'_>,
    ) -> Result<Self, SessionError> {
        let cut = CancellationToken::new();
        let cut_on_drop = cut.clone().drop_guard();
        let (tell, deaths) = watch::channel(Vec::new());
        let tasks = TaskTracker::new();
        tasks.close();
        let threads = Threads { tell: Arc::new(tell), cut: cut.clone(), tasks: tasks.clone() };
        let mut hops: Vec<Hop> = Vec::with_capacity(hosts.len());
        for (index, host) in hosts.iter().enumerate() {
            let next = next_hop(hosts, index, hops.last(), around, &threads).await;
            hops.push(next.map_err(|error| at(index, host, error))?);
        }
        let settling = between_signs_of_life(around.config.silence_limit);
        Ok(Self { hops, deaths, settling, tasks, cut, _cut_on_drop: cut_on_drop })
    }

    /// A stream from the last jump host to `endpoint`.
    ///
    /// # Errors
    /// `Denied` or `Refused` by the jump host, `TimedOut`, `Lost`.
    pub(crate) async fn open(
        &self,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<BoxedStream, SessionError> {
        let gone = || SessionError::new(Cause::Internal, "There is no jump host to go through.");
        self.hops.last().ok_or_else(gone)?.open(endpoint, limit).await
    }

    /// Waits until a jump host is lost, and says which and why.
    pub(crate) async fn died(&self) -> SessionError {
        let mut deaths = self.deaths.clone();
        let first = deaths.wait_for(|deaths| !deaths.is_empty()).await;
        let first = first.ok().and_then(|deaths| deaths.first().cloned());
        let Some(first) = first else {
            return SessionError::new(Cause::Lost, "The connections to the jump hosts ended.");
        };
        // Those behind a jump host are heard through it, so they are found silent first.
        if first.by_silence && first.index > 0 {
            sleep(self.settling).await;
        }
        let deaths = deaths.borrow();
        let nearest = deaths.iter().filter(|death| death.by_silence == first.by_silence);
        nearest.min_by_key(|death| death.index).unwrap_or(&first).error.clone()
    }

    /// The reason behind a connection's end: a jump host that was lost, else `end`.
    pub(crate) async fn reason_for(&self, end: SessionError) -> SessionError {
        timeout(LAST_WORDS + self.settling, self.died()).await.unwrap_or(end)
    }
}

/// Gives the connections back with the session.
pub(crate) struct ChainResource(pub(crate) Arc<Chain>);

#[async_trait]
impl Resource for ChainResource {
    fn name(&self) -> &'static str {
        "jump hosts"
    }

    async fn release(self: Box<Self>) {
        self.0.cut.cancel();
        self.0.tasks.wait().await;
    }
}

/// The path under which the keys of what is behind `hosts` are known.
pub(crate) fn path_through(hosts: &[JumpHost]) -> String {
    let mut path = String::new();
    for host in hosts {
        let separator = if path.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(path, "{separator}{}", crate::sessions::endpoint_name(&host.endpoint()));
    }
    path
}

async fn next_hop(
    hosts: &[JumpHost],
    index: usize,
    before: Option<&Hop>,
    around: &Surroundings<'_>,
    threads: &Threads,
) -> Result<Hop, SessionError> {
    let Surroundings { policy, ladder, config, .. } = around;
    let host = &hosts[index];
    let endpoint = host.endpoint();
    let connecting = || ladder.begin(format!("Connect to jump host {}, {endpoint}", index + 1));
    let stream = match before {
        None => {
            let route = policy.route(RULES, &endpoint, &|name| ladder.begin(name)).await?;
            connecting();
            route.dial().await?
        }
        Some(before) => {
            policy.check_remote(RULES, &endpoint, config.remote_names)?;
            connecting();
            before.open(&endpoint, config.response_timeout).await?
        }
    };
    Hop::connect((index, host), stream, path_through(&hosts[..index]), around, threads).await
}

/// Names the jump host that failed.
fn at(index: usize, host: &JumpHost, error: SessionError) -> SessionError {
    let message = format!("Jump host {} ({}): {}", index + 1, host.endpoint(), error.message);
    SessionError::new(error.cause, message)
}
