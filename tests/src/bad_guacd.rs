//! A guacd that misbehaves as a test tells it to.

use std::io;
use std::net::SocketAddr;

use fanlight_engine::wire::instruction;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What it does with every session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misdeed {
    /// Listens to the handshake and says nothing.
    Silent,
    /// Refuses the session with an error.
    Refuses,
    /// Says `ready` and draws; when told to, it hangs up.
    Dies,
    /// Says `ready` and draws; when told to, it sends what is no instruction.
    Babbles,
    /// Sends the picture in the same packet as `ready`, and nothing more.
    Hurries,
}

/// The server. Dropping it closes everything.
pub struct BadGuacd {
    address: SocketAddr,
    now: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl BadGuacd {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(misdeed: Misdeed) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (now, told) = watch::channel(false);
        let serving = tokio::spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sessions.spawn(misbehave(stream, misdeed, told.clone()));
            }
        });
        Ok(Self { address, now, serving })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Now is the time to do it.
    pub fn do_it(&self) {
        self.now.send_replace(true);
    }
}

impl Drop for BadGuacd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn misbehave(
    mut stream: TcpStream,
    misdeed: Misdeed,
    mut told: watch::Receiver<bool>,
) -> io::Result<()> {
    heard(&mut stream, "select").await?;
    if misdeed == Misdeed::Silent {
        return std::future::pending().await;
    }
    let args = ["VERSION_1_5_0", "hostname", "port", "username", "password", "private-key"];
    let others = ["terminal-type", "server-alive-interval"];
    stream.write_all(&instruction("args", &[&args[..], &others].concat())).await?;
    heard(&mut stream, "connect").await?;
    if misdeed == Misdeed::Refuses {
        return stream.write_all(&instruction("error", &["Not today.", "519"])).await;
    }
    let ready = instruction("ready", &["$0b5ee0a2-6f1c-4c56-9f4f-6f1d1c0ffee0"]);
    let picture = [
        instruction("size", &["0", "64", "64"]),
        instruction("rect", &["0", "0", "0", "64", "64"]),
        instruction("cfill", &["14", "0", "10", "200", "30", "255"]),
        instruction("sync", &["1"]),
    ];
    stream.write_all(&[&[ready], &picture[..]].concat().concat()).await?;
    if misdeed == Misdeed::Hurries {
        return swallow(&mut stream).await;
    }
    let left = tokio::select! {
        swallowed = swallow(&mut stream) => Some(swallowed),
        told = told.wait_for(|told| *told) => told.err().map(|error| Err(io::Error::other(error))),
    };
    match (left, misdeed) {
        (Some(left), _) => left,
        (None, Misdeed::Babbles) => {
            stream.write_all(b"\x00\xff9999999999.what;").await?;
            swallow(&mut stream).await
        }
        (None, _) => Ok(()),
    }
}

/// Reads until an instruction with this opcode has come.
async fn heard(stream: &mut TcpStream, opcode: &str) -> io::Result<()> {
    let begin = format!("{}.{opcode}", opcode.len());
    let mut text = Vec::new();
    loop {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        text.extend_from_slice(&piece[..count]);
        let said = String::from_utf8_lossy(&text);
        if said.contains(&begin) && said.ends_with(';') {
            return Ok(());
        }
    }
}

async fn swallow(stream: &mut TcpStream) -> io::Result<()> {
    let mut piece = [0; 1024];
    while stream.read(&mut piece).await? > 0 {}
    Ok(())
}
