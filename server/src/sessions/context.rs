use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{
    Endpoint, EngineKind, HostKey, Resource, Route, SessionCx, SessionError, Step,
};
use fanlight_engine::link::Services;
use uuid::Uuid;

use super::host_keys::HostKeys;
use super::ladder::Ladder;
use super::resources::Resources;
use crate::config::HostKeyPolicy;
use crate::policy::NetworkPolicy;

/// What a driver may ask of the session that it prepares.
pub(super) struct Context<'a> {
    pub(super) session: Uuid,
    pub(super) driver: &'static str,
    pub(super) engine: EngineKind,
    pub(super) policy: &'a NetworkPolicy,
    pub(super) host_key_policy: HostKeyPolicy,
    pub(super) ladder: &'a Ladder,
    pub(super) resources: &'a Resources,
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
        self.host_key_policy == HostKeyPolicy::Known
    }

    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        self.policy.route(self.driver, endpoint, &|name| self.ladder.begin(name)).await
    }

    fn keep(&self, resource: Box<dyn Resource>) {
        self.resources.keep(resource);
    }
}

/// What a running session asks of the gateway.
pub(super) struct SessionServices {
    pub(super) ladder: Arc<Ladder>,
    pub(super) host_keys: Arc<HostKeys>,
}

#[async_trait]
impl Services for SessionServices {
    fn step(&self, step: Step) {
        self.ladder.step(step);
    }

    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError> {
        self.host_keys.verify(&key).await
    }
}
