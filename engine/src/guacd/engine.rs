use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{EngineKind, SessionError, Step};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::arguments::kept_for_viewers;
use super::handshake::Hello;
use super::join::Terms;
use super::pool::Pool;
use super::session::GuacdSession;
use super::{GuacdConfig, GuacdConfigError, GuacdHealth, words};
use crate::link::{Engine, EngineSession, Opening};

const CONNECT: &str = "Connect to guacd";

/// The engine that asks external guacds to run plans.
pub struct GuacdEngine {
    config: Arc<GuacdConfig>,
    pool: Arc<Pool>,
    /// Ends the task that checks the addresses.
    _checks: DropGuard,
}

impl GuacdEngine {
    /// An engine that begins to check its addresses. Needs a Tokio runtime.
    ///
    /// # Errors
    /// Without an address, and for TLS that cannot be set up.
    pub fn new(config: GuacdConfig) -> Result<Arc<Self>, GuacdConfigError> {
        let pool = Arc::new(Pool::new(&config)?);
        let cancel = CancellationToken::new();
        let (checked, every) = (pool.clone(), config.check_interval);
        // Owned by the engine: its drop cancels the token, which ends this task.
        let checking = async move { checked.keep_checking(every).await };
        tokio::spawn(cancel.clone().run_until_cancelled_owned(checking));
        Ok(Arc::new(Self { config: Arc::new(config), pool, _checks: cancel.drop_guard() }))
    }

    /// How each address was found last.
    pub fn health(&self) -> Vec<GuacdHealth> {
        self.pool.peers.iter().map(|peer| peer.health()).collect()
    }
}

#[async_trait]
impl Engine for GuacdEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Guacd
    }

    async fn open(&self, opening: Opening) -> Result<Arc<dyn EngineSession>, SessionError> {
        let Opening { plan, viewport, timezone, services, .. } = opening;
        services.step(Step::running(CONNECT));
        let deadline = Instant::now() + self.config.handshake_timeout;
        let (peer, greeted) = self.pool.greet(plan.protocol, deadline).await?;
        let values = greeted.listing.values(&plan, &peer.name)?;
        let hello = Hello { viewport, timezone: timezone.as_deref() };
        let ready = timeout_at(deadline, greeted.connect(&hello, values)).await;
        let ready =
            ready.map_err(|_| words::too_slow(&peer.name, self.config.handshake_timeout))??;
        services.step(Step::done(CONNECT));
        let parameters = kept_for_viewers(plan.parameters);
        let terms = Terms { config: self.config.clone(), peer, parameters, timezone };
        Ok(GuacdSession::start(terms, ready))
    }
}
