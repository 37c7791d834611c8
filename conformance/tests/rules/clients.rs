//! A client for the embedded engine, in good and in bad manners.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{BoxedStream, Cause, ClientSession, EngineClient, SessionError, Step};
use fanlight_engine::terminal::{Terminal, TerminalOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// What the client does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Good,
    /// A step names the password.
    TellsPassword,
    /// It dials until somebody answers.
    RedialsForever,
    /// A target that hangs up at once counts as a session that ended well.
    CallsSilenceSuccess,
    /// It waits for a greeting as long as it takes, and shows nothing.
    AwaitsFirstByte,
    /// It waits for a whole line, however slowly it comes.
    AwaitsLine,
    /// It takes all bytes for text.
    ExpectsUtf8,
    /// It keeps what it is sent.
    Hoards,
    /// A task of its own goes on when it is dropped.
    LetsTaskGo,
}

pub(crate) struct Guest(pub(crate) Manner);

const LONGEST_LINE: usize = 64 * 1024;
const PER_BYTE: Duration = Duration::from_secs(5);

fn fault(error: io::Error) -> SessionError {
    SessionError::new(Cause::Lost, error)
}

fn lost(words: &str) -> SessionError {
    SessionError::new(Cause::Lost, words)
}

#[async_trait]
impl EngineClient for Guest {
    fn parameters(&self) -> &'static [&'static str] {
        &["username", "password", "font-size"]
    }

    async fn run(&self, mut session: ClientSession) -> Result<(), SessionError> {
        let manner = self.0;
        if manner == Manner::TellsPassword {
            let password = session.parameters.get("password").unwrap_or_default();
            session.host.step(Step::running(format!("Say {password}")));
        }
        let route = session.target.take().ok_or_else(|| lost("There is no target."))?;
        let stream = loop {
            match route.dialer.dial().await {
                Err(_) if manner == Manner::RedialsForever => sleep(PER_BYTE).await,
                dialled => break dialled.map_err(fault)?,
            }
        };
        if manner == Manner::LetsTaskGo {
            return tokio::spawn(talk(stream, session, manner)).await.unwrap();
        }
        talk(stream, session, manner).await
    }
}

async fn talk(
    mut stream: BoxedStream,
    mut session: ClientSession,
    manner: Manner,
) -> Result<(), SessionError> {
    greet(&mut stream, manner).await?;
    let options = TerminalOptions::from_parameters(&session.parameters);
    let terminal = Terminal::new(options, session.viewport);
    session.host.show(Arc::clone(&terminal) as Arc<_>);
    let (mut hoard, mut buffer, mut heard) = (Vec::new(), [0; 4096], false);
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => {
                let read = read.map_err(fault)?;
                if read == 0 {
                    let is_fine = heard || manner == Manner::CallsSilenceSuccess;
                    return if is_fine { Ok(()) } else { Err(lost("It hung up.")) };
                }
                heard = true;
                if manner == Manner::ExpectsUtf8 {
                    std::str::from_utf8(&buffer[..read]).unwrap();
                }
                if manner == Manner::Hoards {
                    hoard.extend_from_slice(&buffer[..read]);
                }
                // A screenful is enough here: a flood would take the terminal its time.
                terminal.feed(&buffer[..read.min(64)]);
            }
            event = session.input.recv() => {
                let Some(event) = event else { return Ok(()) };
                let typed = terminal.input(&event).to_remote;
                stream.write_all(&typed).await.map_err(fault)?;
            }
        }
    }
}

/// What some wait for before they show anything.
async fn greet(stream: &mut BoxedStream, manner: Manner) -> Result<(), SessionError> {
    if manner == Manner::AwaitsFirstByte {
        stream.read_u8().await.map_err(fault)?;
    }
    if manner == Manner::AwaitsLine {
        for _ in 0..LONGEST_LINE {
            let byte = timeout(PER_BYTE, stream.read_u8()).await;
            if byte.map_err(|_| lost("It says nothing."))?.map_err(fault)? == b'\n' {
                return Ok(());
            }
        }
        return Err(lost("Its line is too long."));
    }
    Ok(())
}
