//! The embedded engine: runs a driver's client in this process and shows its screen
//! to any number of viewers.
//!
//! A session is one task that drives the client. A viewer is no task at all but a pull
//! object: when its socket has room it asks for the next instructions, and its own
//! painter draws the difference to what it has seen. Nothing is queued per viewer, so
//! a slow one costs no memory and delays nobody.

mod engine;
mod files;
mod inbox;
mod notices;
mod pace;
mod rules;
mod session;
mod stage;
mod streams;
mod viewer;

pub use engine::EmbeddedEngine;
pub(crate) use session::EmbeddedSession;
