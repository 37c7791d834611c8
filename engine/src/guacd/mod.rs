//! The client of an external guacd: the [engine](crate::link::Engine) that asks a daemon
//! to run plans. "Guacamole protocol" in its manual describes the handshake.
//!
//! A session is one connection to guacd, the primary, and one more for each viewer that
//! joins. guacd ends a session with its last connection, so that the primary is kept
//! when its viewer goes: it waits, answering for a screen that nobody looks at, and
//! whoever comes next joins and is sent the whole picture.

mod arguments;
mod config;
mod engine;
mod first;
mod handshake;
mod intake;
mod join;
mod leg;
mod pass;
mod peer;
mod pool;
mod primary;
mod session;
mod threshold;
mod tls;
mod viewer;
mod words;

pub use config::{GuacdAddress, GuacdConfig, GuacdConfigError, GuacdTls};
pub use engine::GuacdEngine;
pub use peer::{GuacdHealth, GuacdState};
