//! The embedded engine with a puppet for a client: viewers, input, beginnings and ends.
#![allow(clippy::unwrap_used)]

mod input;
mod lifecycle;
mod stand;
mod viewers;
