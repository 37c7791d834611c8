//! What the embedded engine offers to foreign clients of guacd's protocol: the drivers
//! that have a client, under the network rules and host keys of this gateway.

use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{Endpoint, HostKey, Route, SessionError, Step};
use fanlight_engine::door::{DoorLimits, Protocol, Protocols};
use fanlight_engine::link::Services;

use crate::app::StartError;
use crate::config::{Config, ConfigError};
use crate::drivers::Drivers;
use crate::policy::{NetworkPolicy, Resolve};
use crate::sessions::HostKeys;
use crate::store::Store;

/// The drivers, and the ways to their targets.
pub struct Offers {
    drivers: Drivers,
    policy: NetworkPolicy,
    host_keys: Arc<HostKeys>,
}

impl Offers {
    /// What the configuration allows.
    ///
    /// # Errors
    /// Options that no driver accepts, and a database that cannot be opened.
    pub async fn start(config: &Config, resolver: Arc<dyn Resolve>) -> Result<Self, StartError> {
        let drivers = Drivers::build(&config.drivers).map_err(ConfigError)?;
        let store = Store::open(config).await?;
        Ok(Self {
            drivers,
            policy: NetworkPolicy::new(config, resolver),
            host_keys: Arc::new(HostKeys::new(store, config.host_keys)),
        })
    }
}

/// The limits of the configuration, for a door.
pub fn limits(config: &Config) -> DoorLimits {
    DoorLimits {
        connections: config.server.connection_limit,
        handshake: config.server.header_timeout + config.sessions.connect_timeout,
        send: config.sessions.send_deadline,
        idle: config.sessions.idle_deadline,
    }
}

#[async_trait]
impl Protocols for Offers {
    fn find(&self, name: &str) -> Option<Protocol> {
        let driver = self.drivers.get(name)?;
        let info = driver.info();
        Some(Protocol { name: info.id, default_port: info.default_port, client: driver.client()? })
    }

    async fn reach(&self, protocol: &Protocol, target: &Endpoint) -> Result<Route, SessionError> {
        self.policy.route(protocol.name, target, &|_| {}).await
    }

    fn services(&self) -> Arc<dyn Services> {
        Arc::new(SessionServices { host_keys: Arc::clone(&self.host_keys) })
    }
}

struct SessionServices {
    host_keys: Arc<HostKeys>,
}

#[async_trait]
impl Services for SessionServices {
    /// Foreign clients have no place for the connect ladder.
    fn step(&self, step: Step) {
        tracing::debug!(step = step.name, state = ?step.state, "a session connects");
    }

    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError> {
        self.host_keys.verify(&key, "").await
    }
}
