//! The client of a guacd, against scripted ones on real sockets.
#![allow(clippy::unwrap_used)]

mod fake;
mod handshake;
mod session;
