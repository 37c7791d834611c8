//! Real parts for the end-to-end tests and the benchmarks: OpenSSH, guacd, Chromium and
//! the gateway itself. Each is private to its test, listens on a free loopback port,
//! keeps its files in a temporary folder, and ends when dropped.

mod guacd;
mod process;
mod sshd;

pub use guacd::Guacd;
pub use process::{Process, free_port, output_of, tail};
pub use sshd::Sshd;
