use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Cause, Endpoint, Input, Parameters, SessionError, TERMINAL_TYPE};
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelWriteHalf, Disconnect, Pty};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Limits;
use super::connect::Connection;
use super::console::Console;
use super::files;
use super::outgoing::Outgoing;
use fanlight_ssh::{explain, too_slow};

/// The last step of the connect ladder.
const OPEN: &str = "Open a shell";
/// The server said that the shell is over; saying goodbye takes no longer than this.
const GOODBYE: Duration = Duration::from_millis(500);

/// Opens the shell or the command and serves it until one side ends it.
pub(super) async fn run(
    connection: Connection,
    endpoint: &Endpoint,
    parameters: &Parameters,
    console: Arc<Console>,
    mut input: mpsc::Receiver<Input>,
    limits: Limits,
) -> Result<(), SessionError> {
    console.step(OPEN);
    console.show();
    let opening = open(&connection, parameters, &console);
    let opened = timeout(limits.response, opening).await;
    let channel = match opened.map_err(|_| too_slow(endpoint, "open a shell"))? {
        Ok(channel) => channel,
        Err(refusal) => return Err(refusal.explain(&connection, endpoint).await),
    };
    console.step_done(OPEN);
    let outgoing = connection.outgoing.clone();
    let result = tokio::select! {
        ending = connection.ending() => ending.into_result(),
        fault = outgoing.pump(&channel) => Err(match fault {
            Err(error) => explain(&error, endpoint),
            Ok(never) => match never {},
        }),
        () = follow(&mut input, &console, &outgoing) => Ok(()),
        never = console.rest_when_quiet() => match never {},
        never = files::offer(&connection, parameters, &console, limits) => match never {},
    };
    say_goodbye(&connection).await;
    result
}

/// Why the shell did not open.
enum Refusal {
    Channel,
    Terminal,
    Program,
    Connection,
}

impl Refusal {
    async fn explain(self, connection: &Connection, endpoint: &Endpoint) -> SessionError {
        let what = match self {
            Self::Channel => "opens no session for this account",
            Self::Terminal => "gives this account no terminal",
            Self::Program => "does not let this account run the shell or command",
            Self::Connection => {
                let lost = || SessionError::new(Cause::Lost, format!("{endpoint} hung up."));
                return connection.ended().await.into_result().err().unwrap_or_else(lost);
            }
        };
        SessionError::new(Cause::Refused, format!("{endpoint} {what}."))
    }
}

/// The channel was closed instead of an answer.
pub(super) struct Gone;

impl From<Gone> for Refusal {
    fn from(_: Gone) -> Self {
        Self::Connection
    }
}

impl From<russh::Error> for Refusal {
    fn from(error: russh::Error) -> Self {
        match error {
            russh::Error::ChannelOpenFailure(_) => Self::Channel,
            _ => Self::Connection,
        }
    }
}

/// Asks for everything at once: a shell costs one round trip, not three.
async fn open(
    connection: &Connection,
    parameters: &Parameters,
    console: &Console,
) -> Result<ChannelWriteHalf<Msg>, Refusal> {
    let mut channel = connection.handle.channel_open_session().await?;
    connection.channels.shell_is(channel.id());
    let (size, term) = (console.size(), parameters.get("terminal-type").unwrap_or(TERMINAL_TYPE));
    let (columns, rows) = (size.columns.into(), size.rows.into());
    let modes = modes(parameters);
    channel.request_pty(true, term, columns, rows, size.width_px, size.height_px, &modes).await?;
    if let Some(locale) = parameters.get("locale") {
        channel.set_env(false, "LANG", locale).await?;
    }
    match parameters.get("command") {
        Some(command) => channel.exec(true, command).await?,
        None => channel.request_shell(true).await?,
    }
    expect_success(&mut channel, Refusal::Terminal).await?;
    expect_success(&mut channel, Refusal::Program).await?;
    // The output comes by way of the handler; nobody reads this half any more.
    Ok(channel.split().1)
}

fn modes(parameters: &Parameters) -> Vec<(Pty, u32)> {
    let erase = if parameters.get("backspace") == Some("8") { 8 } else { 127 };
    vec![(Pty::VERASE, erase), (Pty::IUTF8, 1)]
}

/// Waits for the answer to a request; `refusal` where it is no.
pub(super) async fn expect_success<R: From<Gone>>(
    channel: &mut Channel<Msg>,
    refusal: R,
) -> Result<(), R> {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(()),
            Some(ChannelMsg::Failure) => return Err(refusal),
            Some(_) => {}
            None => return Err(Gone.into()),
        }
    }
}

/// Brings what viewers do to the server. Ends only with the session's handle.
async fn follow(input: &mut mpsc::Receiver<Input>, console: &Console, outgoing: &Outgoing) {
    while let Some(event) = input.recv().await {
        let (bytes, size) = console.input(&event);
        if let Some(size) = size {
            outgoing.resize(size);
        }
        outgoing.push(&bytes);
    }
}

async fn say_goodbye(connection: &Connection) {
    let words = connection.handle.disconnect(Disconnect::ByApplication, "", "");
    // Courtesy only: the connection is cut next, whatever became of this.
    let _ = timeout(GOODBYE, words).await;
}
