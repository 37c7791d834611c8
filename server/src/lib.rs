//! The Fanlight gateway: decides who may reach what, brings the credentials, and
//! streams the screen. ARCHITECTURE.md at the root of the repository shows the way in.

pub mod access;
pub mod api;
mod app;
pub mod audit;
pub mod book;
pub mod cli;
pub mod config;
mod costly;
pub mod door;
mod drivers;
mod hops;
pub mod machines;
pub mod metrics;
pub mod pages;
pub mod policy;
pub mod portal;
pub mod recordings;
pub mod serve;
pub mod sessions;
pub mod store;

pub use app::{App, Engines, StartError};
pub use drivers::Drivers;
