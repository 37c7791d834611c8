use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{
    Endpoint, EngineKind, HostKey, Outside, Resource, Route, SessionCx, SessionError, Step,
};
use fanlight_engine::link::Services;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::Shared;
use super::host_keys::HostKeys;
use super::ladder::Ladder;
use super::live::Origin;
use super::outside::SessionOutside;
use super::resources::Resources;
use crate::audit::Event;
use crate::config::HostKeyPolicy;
use crate::hops::{Chain, ChainResource, JumpHost, Surroundings, Tunnel, Way};

/// What a driver may ask of the session that it prepares.
pub(super) struct Context<'a> {
    pub(super) session: Uuid,
    pub(super) driver: &'static str,
    pub(super) engine: EngineKind,
    pub(super) jump_hosts: &'a [JumpHost],
    shared: &'a Arc<Shared>,
    /// What a visit to a host is noted as.
    visit: Option<Event>,
    pub(super) around: Surroundings<'a>,
    pub(super) resources: &'a Resources,
    /// The connections to the jump hosts, once something was to be reached through them.
    pub(super) chain: OnceCell<Arc<Chain>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        session: Uuid,
        origin: &'a Origin,
        shared: &'a Arc<Shared>,
        ladder: &'a Arc<Ladder>,
        resources: &'a Resources,
    ) -> Self {
        Self {
            session,
            driver: origin.driver.info().id,
            engine: origin.engine,
            jump_hosts: &origin.shared.jump_hosts,
            shared,
            visit: None,
            around: Surroundings {
                policy: &shared.policy,
                host_keys: &shared.host_keys,
                ladder,
                config: &shared.jump_hosts,
            },
            resources,
            chain: OnceCell::new(),
        }
    }

    /// Notes which hosts the session goes to, each as such an event.
    pub(super) fn noting(self, visit: Event) -> Self {
        Self { visit: Some(visit), ..self }
    }

    /// Asks these whether a host key is the target's.
    pub(super) fn judged_by(mut self, host_keys: &'a Arc<HostKeys>) -> Self {
        self.around.host_keys = host_keys;
        self
    }

    /// The way through the jump hosts, which are climbed the first time.
    async fn reach_through(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        let Surroundings { policy, config, ladder, .. } = &self.around;
        ladder.begin("Check the network rules");
        policy.check_remote(self.driver, endpoint, config.remote_names)?;
        let chain = self.chain().await?;
        let limit = config.response_timeout;
        let way = || Way { chain: Arc::clone(chain), endpoint: endpoint.clone(), limit };
        let address = match self.engine {
            EngineKind::Embedded => None,
            EngineKind::Guacd => {
                let tunnel = Tunnel::open(way(), &self.shared.guacds).await?;
                let address = tunnel.address;
                self.resources.keep(Box::new(tunnel));
                Some(address)
            }
        };
        let dialer = Arc::new(way());
        Ok(Route { endpoint: endpoint.clone(), address, tunnelled: true, dialer })
    }

    async fn chain(&self) -> Result<&Arc<Chain>, SessionError> {
        self.chain.get_or_try_init(|| self.climb()).await
    }

    async fn climb(&self) -> Result<Arc<Chain>, SessionError> {
        let chain = Arc::new(Chain::climb(self.jump_hosts, &self.around).await?);
        self.resources.keep(Box::new(ChainResource(Arc::clone(&chain))));
        Ok(chain)
    }
}

#[async_trait]
impl SessionCx for Context<'_> {
    fn session_id(&self) -> Uuid {
        self.session
    }

    fn engine(&self) -> EngineKind {
        self.engine
    }

    fn only_known_host_keys(&self) -> bool {
        self.around.host_keys.policy() == HostKeyPolicy::Known
    }

    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        if !self.jump_hosts.is_empty() {
            return self.reach_through(endpoint).await;
        }
        let Surroundings { policy, ladder, .. } = &self.around;
        policy.route(self.driver, endpoint, &|name| ladder.begin(name)).await
    }

    async fn outside(&self) -> Result<Arc<dyn Outside>, SessionError> {
        let chain = match self.jump_hosts {
            [] => None,
            _ => Some(Arc::clone(self.chain().await?)),
        };
        Ok(Arc::new(SessionOutside {
            shared: Arc::clone(self.shared),
            driver: self.driver,
            chain,
            visit: self.visit.clone(),
            visited: Mutex::default(),
        }))
    }

    fn keep(&self, resource: Box<dyn Resource>) {
        self.resources.keep(resource);
    }
}

/// What a running session asks of the gateway.
pub(super) struct SessionServices {
    pub(super) ladder: Arc<Ladder>,
    pub(super) host_keys: Arc<HostKeys>,
    /// The jump hosts before the target, under which its key is known.
    pub(super) via: String,
}

#[async_trait]
impl Services for SessionServices {
    fn step(&self, step: Step) {
        self.ladder.step(step);
    }

    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError> {
        self.host_keys.verify(&key, &self.via).await
    }
}
