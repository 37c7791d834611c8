//! The Chrome DevTools Protocol over the browser's own pipe
//! (`--remote-debugging-pipe`): whoever holds the pipe's other end, and nobody else, can
//! speak it. Messages are JSON, each ended by a NUL.

mod connection;
mod message;
mod relay;
mod visitor;

pub use connection::{Connection, Subscription};
pub use message::{CdpError, Event};
pub use relay::Relay;
pub use visitor::Visitor;
