use std::ffi::OsString;
use std::io::{self, stdin};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities,
};

use super::{loopback, passing, with_proxy};

/// Name of the helper that runs inside: its arguments are a program and its arguments.
pub const HELPER: &str = "web-enclosure";

fanlight_core::register_helper!(HELPER, enter);

/// Passes a listener out through the socket that is standard input, gives up what it was
/// allowed to do for that, and becomes the program.
fn enter(arguments: Vec<OsString>) -> io::Result<()> {
    let mut arguments = arguments.into_iter();
    let program = arguments.next().ok_or(io::ErrorKind::InvalidInput)?;
    loopback::bring_up()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    passing::send(stdin().as_fd(), listener.as_fd())?;
    let arguments = with_proxy(arguments, listener.local_addr()?);
    drop(listener);
    clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Err(Command::new(program).args(arguments).stdin(Stdio::null()).exec())
}
