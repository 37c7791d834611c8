//! What an SSH client needs, whoever uses it: the `ssh` driver for its targets, the gateway
//! for its jump hosts. Keys and their reading, host keys and their check, the algorithms
//! that are taken, and what is said when a connection fails.

mod algorithms;
mod faults;
mod host_pin;
mod key_login;
mod new_key;
mod private_key;
mod refuse;
mod severable;

pub use algorithms::base_config;
pub use faults::{Fault, explain, too_slow};
pub use host_pin::{HostPin, fingerprint, host_key};
pub use key_login::log_in_by_key;
pub use new_key::{NewKey, new_ed25519_key};
pub use private_key::{KeyFault, open_private_key, parse_private_key};
pub use russh;
pub use severable::Severable;
