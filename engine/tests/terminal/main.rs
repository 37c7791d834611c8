//! The terminal, from the remote side's bytes and the viewers' input to the pixels.
#![allow(clippy::unwrap_used)]

mod effects;
mod keys;
mod live;
mod mouse;
mod picture;
mod random;
mod reports;
mod rest;
mod search;
mod selection;
mod support;
mod torture;
