//! Both engines behind one face, and what the embedded one is made of.
//!
//! - [`link`]: what the gateway sees of an engine: sessions, viewers, whole instructions.
//! - [`wire`]: the Guacamole protocol's codec, without I/O.
//! - [`guacd`]: the client of an external guacd.
//! - [`host`]: the embedded engine: sessions, viewers, input.
//! - [`door`]: the embedded engine as a guacd for others.
//! - [`display`]: drawing operations to instructions.
//! - [`terminal`]: the kit for clients whose screen is a terminal.

pub mod display;
pub mod door;
pub mod guacd;
pub mod host;
pub mod link;
pub mod terminal;
pub mod wire;
