//! Real parts for the end-to-end tests and the benchmarks: OpenSSH, guacd, Chromium, an
//! OpenID provider and the gateway itself. Each is private to its test, listens on a free loopback port,
//! keeps its files in a temporary folder, and ends when dropped.

#[allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "belongs to tests")]
#[path = "../../server/tests/support/authority.rs"]
pub mod authority;
mod bad_guacd;
mod browser;
mod desktop;
mod display;
mod door;
mod faults;
mod files;
mod gateway;
mod guacd;
mod maze;
mod oidc;
mod picture;
mod ports;
#[allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "belongs to tests")]
#[path = "../../server/tests/support/postgres.rs"]
pub mod postgres;
mod process;
pub mod protocol;
mod qemu;
pub mod recordings;
mod sshd;
mod telnetd;
mod terminal;
pub mod viewer;
mod xorg;

pub use bad_guacd::{BadGuacd, Misdeed};
pub use browser::{Browser, Screen, screenshots};
pub use desktop::{RdpShare, VncDesktop};
pub use display::Display;
pub use door::{Door, Foreign};
pub use faults::{Fault, FaultProxy};
pub use files::Files;
pub use gateway::{Engine, Gateway, ssh_session};
pub use guacd::Guacd;
pub use maze::Maze;
pub use oidc::OidcProvider;
pub use picture::Picture;
pub use ports::free_port;
pub use process::{Process, family, output_of, tail};
pub use qemu::Qemu;
pub use sshd::Sshd;
pub use telnetd::Telnetd;
pub use terminal::{Seat, TerminalReader, UNKNOWN, first_prompt, still_picture};
pub use viewer::Viewer;
pub use xorg::XorgDesktop;
