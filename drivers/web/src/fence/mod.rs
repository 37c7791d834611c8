//! What stands between a session's browser and the network: a proxy that decides by the
//! session's domains and the gateway's network policy, and connects to the address that was
//! checked. Where the system has namespaces, it is the browser's only way out.

mod authority;
mod blocked;
mod enclosure;
mod explain;
mod idle;
mod proxy;
mod rules;
mod serve;

pub use blocked::{BLOCKED_STATUS, Refusal};
pub(crate) use enclosure::unprivileged;
pub use enclosure::{Account, CHROMIUM_ARGUMENTS, Enclosure, Gate, HELPER, PROXY};
pub use explain::explain_blocked;
pub use proxy::Proxy;
pub use rules::{Domain, InvalidDomain, Rules};
pub use serve::Limits;
