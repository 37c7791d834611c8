use std::sync::Arc;

use bytes::BytesMut;
use fanlight_core::{BoxedStream, Cause, Endpoint, Plan, SessionError, Viewport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::connection::Guest;
use super::{Door, Protocol};
use crate::host::{EmbeddedEngine, EmbeddedSession};
use crate::link::{EngineSession as _, Link, Opening, Viewer, ViewerAccess};
use crate::wire::{Decoder, Instruction, Limits, Writer, instruction};

/// The version that is spoken: the newest that clients know.
const VERSION: &str = "VERSION_1_5_0";
/// How versions begin.
const ANY_VERSION: &str = "VERSION_";
/// Room for a private key among the values of a `connect`.
const LIMITS: Limits = Limits { element: 64 * 1024, instruction: 256 * 1024 };
/// Parameters that every session has.
const OF_ALL: [&str; 3] = ["read-only", "disable-copy", "disable-paste"];

/// What a client said of itself and of what it wants.
struct Wish {
    viewport: Viewport,
    timezone: Option<String>,
    /// One for each name that was listed.
    values: Vec<Zeroizing<String>>,
}

/// What is selected: something new, or a session that runs.
enum Selected {
    New(Protocol),
    Running(Arc<EmbeddedSession>, Protocol),
}

impl Selected {
    fn protocol(&self) -> &Protocol {
        match self {
            Self::New(protocol) | Self::Running(_, protocol) => protocol,
        }
    }
}

impl Door {
    /// Leads a client from its connection to its place in a session.
    pub(super) async fn greet(
        &self,
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
    ) -> Result<Guest, SessionError> {
        stream.set_nodelay(true).map_err(|_| hung_up())?;
        let stream: BoxedStream = match tls {
            Some(tls) => Box::new(tls.accept(stream).await.map_err(|_| hung_up())?),
            None => Box::new(stream),
        };
        let mut talk = Talk { stream, decoder: Decoder::new(LIMITS) };
        match self.seat(&mut talk).await {
            Ok((session, link)) => {
                talk.send(&instruction("ready", &[session.connection_id()])).await?;
                // A copy: the decoder's own buffer has held passwords.
                let received = BytesMut::from(&talk.decoder.into_rest()[..]);
                Ok(Guest { stream: talk.stream, received, session, link })
            }
            Err(error) => {
                talk.refuse(&error).await?;
                Err(error)
            }
        }
    }

    async fn seat(&self, talk: &mut Talk) -> Result<(Arc<EmbeddedSession>, Link), SessionError> {
        let selected = self.select(&talk.selection().await?)?;
        let names = parameter_names(selected.protocol());
        talk.send(&list(&names)).await?;
        let wish = talk.wish(names.len() + 1).await?;
        let viewport = wish.viewport;
        match selected {
            Selected::New(protocol) => {
                let opening = self.opening(&protocol, &names, wish).await?;
                let session = EmbeddedEngine::start(opening)?;
                self.registry.add(&session, protocol);
                let owner = Viewer { viewport, access: ViewerAccess::Own };
                let link = session.seat(&owner, true)?;
                Ok((session, link))
            }
            Selected::Running(session, _) => {
                let link = session.seat(&joining(&names, &wish), false)?;
                Ok((session, link))
            }
        }
    }

    fn select(&self, selection: &str) -> Result<Selected, SessionError> {
        if selection.starts_with('$') {
            let (session, protocol) = self.registry.find(selection).ok_or_else(|| {
                SessionError::new(Cause::NotFound, "This session does not exist, or has ended.")
            })?;
            return Ok(Selected::Running(session, protocol));
        }
        self.protocols.find(selection).map(Selected::New).ok_or_else(|| {
            let selection: String = selection.chars().take(64).collect();
            SessionError::new(Cause::Invalid, format!("The protocol {selection} is not offered."))
        })
    }

    async fn opening(
        &self,
        protocol: &Protocol,
        names: &[&'static str],
        wish: Wish,
    ) -> Result<Opening, SessionError> {
        let Wish { viewport, timezone, values } = wish;
        let given = names.iter().zip(&values[1..]).filter(|(_, value)| !value.is_empty());
        let mut plan = Plan::new(protocol.name);
        let (mut host, mut port) = ("", "");
        for (name, value) in given {
            match *name {
                "hostname" => host = value,
                "port" => port = value,
                name => plan = plan.set(name, value.as_str()),
            }
        }
        if names.contains(&"hostname") {
            let target = target(protocol, host, port)?;
            plan = plan.target(self.protocols.reach(protocol, &target).await?);
        }
        let (client, services) = (Some(protocol.client.clone()), self.protocols.services());
        Ok(Opening { plan, viewport, timezone, client, services })
    }
}

/// As with guacd everybody who joins may do everything, unless read-only. The window of
/// one who joins changes nothing until it changes itself.
fn joining(names: &[&str], wish: &Wish) -> Viewer {
    let read_only = names
        .iter()
        .zip(&wish.values[1..])
        .any(|(name, value)| *name == "read-only" && value.as_str() == "true");
    let access = if read_only { ViewerAccess::View } else { ViewerAccess::Own };
    Viewer { viewport: wish.viewport, access }
}

fn parameter_names(protocol: &Protocol) -> Vec<&'static str> {
    let known = protocol.client.parameters();
    let missing = OF_ALL.iter().filter(|name| !known.contains(name));
    known.iter().chain(missing).copied().collect()
}

fn target(protocol: &Protocol, host: &str, port: &str) -> Result<Endpoint, SessionError> {
    let wrong = |message: &str| SessionError::new(Cause::Invalid, message);
    let host = host.parse().map_err(|error| wrong(&format!("The hostname {error}.")))?;
    let port = match (port, protocol.default_port) {
        ("", Some(port)) => port,
        (text, _) => match text.parse() {
            Ok(1..) if text.starts_with('0') => return Err(wrong("The port must be 1-65535.")),
            Ok(port @ 1..) => port,
            _ => return Err(wrong("The port must be 1-65535.")),
        },
    };
    Ok(Endpoint::Tcp(host, port))
}

fn list(names: &[&str]) -> BytesMut {
    let mut args = BytesMut::new();
    let writer = Writer::new(&mut args, "args").str(VERSION);
    drop(names.iter().fold(writer, |writer, name| writer.str(name)));
    args
}

fn hung_up() -> SessionError {
    SessionError::new(Cause::Lost, "The client hung up in the handshake.")
}

/// The client's side of a handshake.
struct Talk {
    stream: BoxedStream,
    decoder: Decoder,
}

impl Talk {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|_| hung_up())
    }

    async fn selection(&mut self) -> Result<String, SessionError> {
        loop {
            let chosen = self.next(|found| match found.opcode {
                "select" => Ok(Some(found.text(0).to_owned())),
                "nop" => Ok(None),
                _ => Err(out_of_order("select")),
            });
            if let Some(selection) = chosen.await? {
                return Ok(selection);
            }
        }
    }

    /// What comes between `args` and `connect`, in any order, as guacd takes it.
    async fn wish(&mut self, count: usize) -> Result<Wish, SessionError> {
        let mut viewport = Viewport::default();
        let mut timezone = None;
        loop {
            let connect = self.next(|found| {
                match found.opcode {
                    "size" => viewport = read_viewport(found, viewport),
                    "timezone" => timezone = found.args.first().map(|zone| (*zone).to_owned()),
                    "connect" => return read_values(found, count).map(Some),
                    // What it can play and show, and its name: nothing depends on it.
                    _ => {}
                }
                Ok(None)
            });
            if let Some(values) = connect.await? {
                return Ok(Wish { viewport, timezone, values });
            }
        }
    }

    /// Takes the next instruction.
    async fn next<T>(
        &mut self,
        take: impl FnOnce(&Instruction<'_>) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let mut piece = Zeroizing::new([0; 4096]);
        loop {
            let next = self.decoder.next_instruction().map_err(|error| {
                SessionError::new(Cause::Invalid, format!("This is no instruction: {error}."))
            })?;
            if let Some(found) = next {
                return take(&found);
            }
            match self.stream.read(&mut *piece).await {
                Ok(length @ 1..) => self.decoder.feed(&piece[..length]),
                Ok(0) | Err(_) => return Err(hung_up()),
            }
        }
    }

    /// Says why, and goodbye.
    async fn refuse(&mut self, error: &SessionError) -> Result<(), SessionError> {
        let mut out = BytesMut::new();
        let status = i64::from(error.cause.guacamole_status());
        Writer::new(&mut out, "error").str(&error.message).int(status);
        drop(Writer::new(&mut out, "disconnect"));
        self.send(&out).await?;
        self.stream.shutdown().await.map_err(|_| hung_up())
    }
}

fn read_viewport(size: &Instruction<'_>, usual: Viewport) -> Viewport {
    let side = |index, usual: u32| size.number(index).unwrap_or(usual).clamp(64, 8192);
    Viewport {
        width: side(0, usual.width),
        height: side(1, usual.height),
        dpi: size.number(2).unwrap_or(usual.dpi).clamp(24, 600),
    }
}

/// The first value is the client's version, which older ones leave empty.
fn read_values(
    connect: &Instruction<'_>,
    count: usize,
) -> Result<Vec<Zeroizing<String>>, SessionError> {
    let version = connect.text(0);
    if connect.args.len() != count || !(version.is_empty() || version.starts_with(ANY_VERSION)) {
        return Err(SessionError::new(
            Cause::Invalid,
            format!("connect must have {count} values: the version, and one for each parameter."),
        ));
    }
    Ok(connect.args.iter().map(|value| Zeroizing::new((*value).to_owned())).collect())
}

fn out_of_order(expected: &str) -> SessionError {
    SessionError::new(Cause::Invalid, format!("The handshake must begin with {expected}."))
}
