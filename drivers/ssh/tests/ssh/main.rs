//! The SSH driver against a real OpenSSH server, and against a scripted one where the
//! machine's own accounts would have to be touched otherwise.
#![allow(clippy::unwrap_used)]

mod faults;
mod files;
mod host_keys;
mod keys;
mod prompts;
mod scripted;
mod session;
mod settings;
mod shell;
mod sshd;
