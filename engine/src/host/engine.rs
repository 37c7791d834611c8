use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{Cause, EngineKind, SessionError};

use super::rules::{Rules, accept};
use super::session::EmbeddedSession;
use crate::link::{Engine, EngineSession, Opening};

/// The engine in this process. It finds no plug-ins itself: the driver's client comes
/// with each [`Opening`].
#[derive(Debug, Default)]
pub struct EmbeddedEngine(());

impl EmbeddedEngine {
    /// An engine without sessions.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(()))
    }
}

#[async_trait]
impl Engine for EmbeddedEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Embedded
    }

    async fn open(&self, opening: Opening) -> Result<Arc<dyn EngineSession>, SessionError> {
        Ok(Self::start(opening)?)
    }
}

impl EmbeddedEngine {
    /// Starts a session.
    pub(crate) fn start(opening: Opening) -> Result<Arc<EmbeddedSession>, SessionError> {
        let Some(client) = opening.client.clone() else {
            return Err(SessionError::new(
                Cause::Unavailable,
                format!(
                    "The embedded engine has no client for {}: it needs guacd.",
                    opening.plan.protocol
                ),
            ));
        };
        let rules = Rules::of(&opening.plan.parameters);
        let parameters = accept(&opening.plan, client.parameters())?;
        Ok(EmbeddedSession::start(client, parameters, rules, opening))
    }
}
