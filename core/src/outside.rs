use async_trait::async_trait;

use crate::{Endpoint, Route, SessionError};

/// What a session may ask of the gateway as long as it lives, for drivers that find out
/// only then where it goes.
#[async_trait]
pub trait Outside: Send + Sync {
    /// The checked way to `endpoint`, as [`SessionCx::reach`](crate::SessionCx::reach) gives
    /// it: by the network policy as it is now, and through the same jump hosts. Tells the
    /// person of no step, and has an address only for what is reached without jump hosts.
    ///
    /// # Errors
    /// See [`SessionCx::reach`](crate::SessionCx::reach).
    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError>;

    /// Keeps in the audit log where the session went, or was kept from going. What was told
    /// before is not kept again.
    async fn visited(&self, visit: Visit);
}

/// A host that a session went to, or was kept from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Visit {
    /// Name or address, as it was asked for.
    pub host: String,
    /// Whether it was let there.
    pub allowed: bool,
}
