//! The client for the embedded engine: the protocol between a byte stream and a terminal.

mod auto_login;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{
    Cause, ClientSession, Endpoint, EngineClient, Host, Input, Parameters, SessionError, Step,
    TERMINAL_TYPE,
};
use fanlight_engine::terminal::{Effects, Outgoing, Terminal, TerminalOptions};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::protocol::{Identity, Telnet};
use auto_login::{AutoLogin, Outcome};

/// Bytes read at once.
const READ: usize = 16 * 1024;
/// The last step of the connect ladder, where it can be seen.
const LOG_IN: &str = "Log in";

/// Runs Telnet sessions in the embedded engine. Its parameters are those of guacd's `telnet`
/// that apply to a terminal.
pub struct TelnetClient {
    login_limit: Duration,
}

impl TelnetClient {
    /// A client that gives a login this long, where the settings say how its success shows.
    pub const fn new(login_limit: Duration) -> Self {
        Self { login_limit }
    }
}

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
            "login-success-regex",
            "login-failure-regex",
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
        let talk = Talk {
            telnet: Mutex::new(telnet(&parameters, &terminal)),
            login: Mutex::new(AutoLogin::from_parameters(&parameters)),
            entered: Notify::new(),
            outgoing: Outgoing::default(),
            terminal: &terminal,
            host: &*host,
            endpoint,
        };
        if talk.login.lock().is_awaited() {
            host.step(Step::running(LOG_IN));
        } else {
            host.show(terminal.clone());
        }
        tokio::select! {
            ending = talk.hear(reader) => ending,
            ending = talk.say(writer) => ending,
            failure = talk.give_up_login(self.login_limit) => Err(failure),
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
    /// The login succeeded.
    entered: Notify,
    outgoing: Outgoing,
    terminal: &'a Arc<Terminal>,
    host: &'a dyn Host,
    endpoint: &'a Endpoint,
}

impl Talk<'_> {
    /// Prints what the remote side sends, and answers it, until it hangs up.
    async fn hear(&self, mut reader: impl AsyncRead + Unpin) -> Result<(), SessionError> {
        let mut buffer = vec![0; READ];
        let mut said_something = false;
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) if said_something => return Ok(()),
                Ok(0) => return Err(lost(self.endpoint, "closed the connection without a word")),
                Ok(length) => {
                    said_something = true;
                    self.take(&buffer[..length])?;
                }
                Err(error) => return Err(lost(self.endpoint, &format!("was lost: {error}"))),
            }
        }
    }

    fn take(&self, bytes: &[u8]) -> Result<(), SessionError> {
        let received = self.telnet.lock().receive(bytes);
        self.outgoing.push(&received.reply);
        if received.data.is_empty() {
            return Ok(());
        }
        let answers = self.terminal.feed(&received.data).report(self.host);
        self.send(&answers);
        let noticed = self.login.lock().watch(&received.data);
        if let Some(answer) = noticed.answer {
            self.send(&answer);
        }
        match noticed.outcome {
            Some(Outcome::Failed) => return Err(refused(self.endpoint)),
            Some(Outcome::Succeeded) => {
                self.host.step(Step::done(LOG_IN));
                self.host.show(self.terminal.clone());
                self.entered.notify_one();
            }
            None => {}
        }
        Ok(())
    }

    /// Waits until a login has taken too long. For ever, once it succeeded or if nobody
    /// awaits that.
    async fn give_up_login(&self, limit: Duration) -> SessionError {
        let is_awaited = self.login.lock().is_awaited();
        if is_awaited && timeout(limit, self.entered.notified()).await.is_err() {
            return undecided(self.endpoint, limit);
        }
        std::future::pending().await
    }

    /// Sends what waits to be sent. Ends only when that is impossible.
    async fn say(&self, mut writer: impl AsyncWrite + Unpin) -> Result<(), SessionError> {
        loop {
            let bytes = self.outgoing.next().await;
            let sent = writer.write_all(&bytes).await;
            sent.map_err(|error| lost(self.endpoint, &format!("was lost: {error}")))?;
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
        {
            let mut login = self.login.lock();
            if login.is_awaited() {
                // Nobody sees yet what it would be typed into.
                return;
            }
            login.give_up();
        }
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

fn refused(endpoint: &Endpoint) -> SessionError {
    let text = format!(
        "{endpoint} refused the login: what it says is what login_failure_regex looks for. Check \
         the user name and the password."
    );
    SessionError::new(Cause::LoginFailed, text)
}

fn undecided(endpoint: &Endpoint, limit: Duration) -> SessionError {
    let seconds = limit.as_secs();
    let text = format!(
        "{endpoint} did not say within {seconds} s whether the login succeeded. Check \
         login_success_regex and login_failure_regex, or leave both out to see what it says."
    );
    SessionError::new(Cause::TimedOut, text)
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
