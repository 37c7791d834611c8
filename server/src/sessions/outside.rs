use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{Endpoint, Outside, Route, SessionError, Visit};
use parking_lot::Mutex;

use super::Shared;
use crate::audit::Event;
use crate::hops::{Chain, Way};

/// Most hosts of one session that the audit log names: a page can invent names without end.
const MOST_VISITS: usize = 500;

/// What a session may ask for as long as it lives.
pub(super) struct SessionOutside {
    pub(super) shared: Arc<Shared>,
    /// Whose network rules hold.
    pub(super) driver: &'static str,
    /// The jump hosts, where there are any.
    pub(super) chain: Option<Arc<Chain>>,
    /// What each visit is noted as; a dry run's are not.
    pub(super) visit: Option<Event>,
    pub(super) visited: Mutex<HashSet<Visit>>,
}

impl SessionOutside {
    fn is_news(&self, visit: &Visit) -> bool {
        let mut visited = self.visited.lock();
        visited.len() < MOST_VISITS && visited.insert(visit.clone())
    }
}

#[async_trait]
impl Outside for SessionOutside {
    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        let Shared { policy, jump_hosts, .. } = &*self.shared;
        let Some(chain) = &self.chain else {
            return policy.route(self.driver, endpoint, &|_| {}).await;
        };
        policy.check_remote(self.driver, endpoint, jump_hosts.remote_names)?;
        let (chain, limit) = (Arc::clone(chain), jump_hosts.response_timeout);
        let dialer = Arc::new(Way { chain, endpoint: endpoint.clone(), limit });
        Ok(Route { endpoint: endpoint.clone(), address: None, tunnelled: true, dialer })
    }

    async fn visited(&self, visit: Visit) {
        let Some(event) = self.visit.clone().filter(|_| self.is_news(&visit)) else { return };
        let event = event.detail("host", &visit.host);
        let event = if visit.allowed { event } else { event.refused() };
        self.shared.audit.note(event).await;
    }
}
