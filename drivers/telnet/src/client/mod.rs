//! The client for the embedded engine: the protocol between a byte stream and a terminal.

mod auto_login;

use async_trait::async_trait;
use fanlight_core::{
    Cause, ClientSession, Endpoint, EngineClient, Host, Input, Parameters, SessionError, Step,
};
use fanlight_engine::terminal::{Effects, Outgoing, Terminal, TerminalOptions};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use crate::plan::TERMINAL_TYPE;
use crate::protocol::{Identity, Telnet};
use auto_login::AutoLogin;

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// Runs Telnet sessions in the embedded engine. Its parameters are those of guacd's `telnet`
/// that apply to a terminal.
pub struct TelnetClient;

#[async_trait]
impl EngineClient for TelnetClient {
    fn parameters(&self) -> &'static [&'static str] {
        &[
            "hostname",
            "port",
            "username",
            "username-regex",
            "password",
            "password-regex",
            "font-name",
            "font-size",
            "color-scheme",
            "scrollback",
            "terminal-type",
            "backspace",
            "disable-copy",
            "disable-paste",
            "read-only",
        ]
    }

    async fn run(&self, session: ClientSession) -> Result<(), SessionError> {
        let ClientSession { parameters, target, viewport, mut input, host } = session;
        let target = target.ok_or_else(no_target)?;
        let endpoint = &target.endpoint;
        let connect = format!("Connect to {endpoint}");
        host.step(Step::running(connect.as_str()));
        let stream = target.dial().await?;
        host.step(Step::done(connect));
        let (reader, writer) = tokio::io::split(stream);
        let terminal = Terminal::new(TerminalOptions::from_parameters(&parameters), viewport);
        host.show(terminal.clone());
        let talk = Talk {
            telnet: Mutex::new(telnet(&parameters, &terminal)),
            login: Mutex::new(AutoLogin::from_parameters(&parameters)),
            outgoing: Outgoing::default(),
            terminal: &terminal,
            host: &*host,
        };
        tokio::select! {
            ending = talk.hear(reader, endpoint) => ending,
            ending = talk.say(writer, endpoint) => ending,
            () = talk.follow(&mut input) => Ok(()),
            never = terminal.rest_when_quiet() => match never {},
        }
    }
}

fn telnet(parameters: &Parameters, terminal: &Terminal) -> Telnet {
    let terminal_type = parameters.get("terminal-type").unwrap_or(TERMINAL_TYPE).to_owned();
    let username = parameters.get("username").map(str::to_owned);
    let size = terminal.size();
    Telnet::new(Identity { terminal_type, username }, size.columns, size.rows)
}

struct Talk<'a> {
    telnet: Mutex<Telnet>,
    login: Mutex<AutoLogin>,
    outgoing: Outgoing,
    terminal: &'a Terminal,
    host: &'a dyn Host,
}

impl Talk<'_> {
    /// Prints what the remote side sends, and answers it, until it hangs up.
    async fn hear(
        &self,
        mut reader: impl AsyncRead + Unpin,
        endpoint: &Endpoint,
    ) -> Result<(), SessionError> {
        let mut buffer = vec![0; READ];
        let mut said_something = false;
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) if said_something => return Ok(()),
                Ok(0) => return Err(lost(endpoint, "closed the connection without a word")),
                Ok(length) => {
                    said_something = true;
                    self.take(&buffer[..length]);
                }
                Err(error) => return Err(lost(endpoint, &format!("was lost: {error}"))),
            }
        }
    }

    fn take(&self, bytes: &[u8]) {
        let received = self.telnet.lock().receive(bytes);
        self.outgoing.push(&received.reply);
        if received.data.is_empty() {
            return;
        }
        let answers = self.terminal.feed(&received.data).report(self.host);
        self.send(&answers);
        if let Some(answer) = self.login.lock().watch(&received.data) {
            self.send(&answer);
        }
    }

    /// Sends what waits to be sent. Ends only when that is impossible.
    async fn say(
        &self,
        mut writer: impl AsyncWrite + Unpin,
        endpoint: &Endpoint,
    ) -> Result<(), SessionError> {
        loop {
            let bytes = self.outgoing.next().await;
            let sent = writer.write_all(&bytes).await;
            sent.map_err(|error| lost(endpoint, &format!("was lost: {error}")))?;
        }
    }

    /// Takes what viewers do. Never waits for the remote side; ends with the session.
    async fn follow(&self, input: &mut mpsc::Receiver<Input>) {
        while let Some(event) = input.recv().await {
            let mut effects = self.terminal.input(&event);
            if let Some(size) = effects.resized.take() {
                self.outgoing.push(&self.telnet.lock().resize(size.columns, size.rows));
            }
            self.type_in(effects);
        }
    }

    fn type_in(&self, effects: Effects) {
        let typed = effects.report(self.host);
        if typed.is_empty() {
            return;
        }
        self.login.lock().give_up();
        if !self.telnet.lock().echoes_itself() {
            // The terminal has no questions to answer in an echo.
            self.terminal.feed(&echo(&typed)).report(self.host);
        }
        self.send(&typed);
    }

    fn send(&self, typed: &[u8]) {
        let bytes = self.telnet.lock().encode(typed);
        self.outgoing.push(&bytes);
    }
}

/// What shows of typed bytes where the remote side does not echo. Keys that are not text
/// show nothing.
fn echo(typed: &[u8]) -> Vec<u8> {
    if typed.first() == Some(&0x1B) {
        return Vec::new();
    }
    let mut shown = Vec::with_capacity(typed.len());
    for &byte in typed {
        match byte {
            b'\r' => shown.extend(b"\r\n"),
            0x08 | 0x7F => shown.extend(b"\x08 \x08"),
            b'\n' | b'\t' | b' '.. => shown.push(byte),
            _ => {}
        }
    }
    shown
}

fn no_target() -> SessionError {
    SessionError::new(Cause::Internal, "The plan for this Telnet session has no target.")
}

fn lost(endpoint: &Endpoint, how: &str) -> SessionError {
    SessionError::new(Cause::Lost, format!("{endpoint} {how}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_shows_text_and_corrections_only() {
        assert_eq!(echo("aü\r".as_bytes()), "aü\r\n".as_bytes());
        assert_eq!(echo(b"a\x7fb\x03"), b"a\x08 \x08b");
        assert_eq!(echo(b"\x1b[A"), b"");
    }
}
