//! The client for the embedded engine, on `russh`.
//!
//! Output goes from the connection's task straight into the terminal, so it is never
//! queued: while the terminal works, the connection is not read and SSH's own window
//! slows the server down.

mod channels;
mod connect;
mod console;
mod files;
mod key_login;
mod keyboard_interactive;
mod login;
mod outgoing;
mod peer;
mod shell;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{Cause, ClientSession, EngineClient, SessionError};
use fanlight_engine::terminal::{Terminal, TerminalOptions};
use tokio_util::sync::CancellationToken;

use console::Console;
use login::Login;

/// Time limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For each exchange with the target until the shell is open.
    pub response: Duration,
    /// For a person's answer to one login prompt.
    pub prompt: Duration,
}

/// Runs SSH sessions in the embedded engine. Its parameters are those of guacd's `ssh`
/// that apply to a terminal.
pub struct SshClient {
    limits: Limits,
}

impl SshClient {
    /// A client that keeps to `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

#[async_trait]
impl EngineClient for SshClient {
    fn parameters(&self) -> &'static [&'static str] {
        &[
            "hostname",
            "port",
            "username",
            "password",
            "private-key",
            "passphrase",
            "host-key",
            "command",
            "font-name",
            "font-size",
            "color-scheme",
            "scrollback",
            "terminal-type",
            "backspace",
            "locale",
            "server-alive-interval",
            "enable-sftp",
            "sftp-root-directory",
            "sftp-disable-download",
            "sftp-disable-upload",
            "disable-copy",
            "disable-paste",
            "read-only",
        ]
    }

    async fn run(&self, session: ClientSession) -> Result<(), SessionError> {
        let ClientSession { parameters, target, viewport, mut input, host } = session;
        let target = target.ok_or_else(no_target)?;
        let terminal = Terminal::new(TerminalOptions::from_parameters(&parameters), viewport);
        let console = Arc::new(Console::new(terminal, host, self.limits.prompt));
        let cut = CancellationToken::new();
        // russh runs the connection in a task of its own: this ends it with the session.
        let _cut_on_drop = cut.clone().drop_guard();

        let mut connection =
            connect::connect(&target, &parameters, &console, self.limits, cut).await?;
        let login = Login::new(&parameters, &target, console.clone(), self.limits);
        login.run(&mut connection, &mut input).await?;
        if console.host.is_trial() {
            return Ok(());
        }
        shell::run(connection, &target.endpoint, &parameters, console, input, self.limits).await
    }
}

fn no_target() -> SessionError {
    SessionError::new(Cause::Internal, "The plan for this SSH session has no target.")
}
