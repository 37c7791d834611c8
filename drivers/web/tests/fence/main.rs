//! The fence: its proxy, asked by plain clients, and programs that have nothing else.
#![allow(clippy::unwrap_used)]

mod blocked;
mod enclosed;
mod escape;
mod limits;
mod passing;
mod world;
