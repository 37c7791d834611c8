//! Jump hosts: SSH connections, each through the one before, and the way on to a session's
//! target. Drivers do not know of them: [`SessionCx::reach`](fanlight_core::SessionCx::reach)
//! returns a route through them.

mod chain;
mod fields;
mod hop;
mod login;
mod owner;
mod peer;
mod tunnel;
mod way;

pub(crate) use chain::{Chain, ChainResource, Surroundings, path_through};
pub(crate) use fields::{JumpHost, MOST_JUMP_HOSTS, SSH_PORT};
pub(crate) use tunnel::{GuacdPeers, Tunnel};
pub(crate) use way::Way;

/// Whose network rules hold for jump hosts: `[network.jump_hosts]`. No driver has this id.
pub(crate) const RULES: &str = "jump_hosts";
