//! How fast instructions pass from guacd to a WebSocket, against a relay that only reads
//! and writes. The source is a scripted guacd that floods; the sink only counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Engine, Gateway, Sshd, ssh_session};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::report::{Row, Target, percentile};

const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(3);
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);
const BUFFER: usize = 64 * 1024;

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let (mut gateway, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        gateway.push(through_gateway().await?);
        plain.push(through_plain_relay().await?);
    }
    let (gateway, plain) = (percentile(&gateway, 0.5), percentile(&plain, 0.5));
    let name = "relay, MB/s, against a plain TCP relay".to_owned();
    Ok(vec![Row::ratio(name, gateway, plain, Target::AtLeast(0.5))])
}

async fn through_gateway() -> Result<f64> {
    let source = Flood::start().await?;
    let (sshd, gateway) = (Sshd::start().await?, Gateway::start(Engine::Guacd(source.port)).await?);
    let created = gateway.create(&ssh_session(&sshd)?).await?;
    let id = created["session_id"].as_str().context("no session_id")?;
    let path = format!("/ws/{id}?ticket={}", gateway.ticket().await?);
    let mut request = (gateway.url().replacen("http", "ws", 1) + &path).into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", "guacamole".parse()?);
    request.headers_mut().insert("Origin", gateway.url().parse()?);
    let stream = TcpStream::connect(("127.0.0.1", gateway.port())).await?;
    let (socket, _) = client_async(request, stream).await?;
    rate(socket.into_inner()).await
}

async fn through_plain_relay() -> Result<f64> {
    let source = Flood::start().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let sink = TcpStream::connect(listener.local_addr()?).await?;
    let (mut out, _) = listener.accept().await?;
    let mut from = TcpStream::connect(("127.0.0.1", source.port)).await?;
    from.write_all(b"6.select,3.ssh;7.connect;").await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut buffer = vec![0; BUFFER];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if out.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    });
    sink.set_nodelay(true)?;
    rate(sink).await
}

/// MB/s that arrive, WebSocket frames' heads and all: some bytes per message.
async fn rate(mut stream: TcpStream) -> Result<f64> {
    let mut buffer = vec![0; 4 * BUFFER];
    let begin = Instant::now();
    let mut counted = None;
    let mut bytes = 0;
    loop {
        let length = timeout(ARRIVES_WITHIN, stream.read(&mut buffer)).await??;
        ensure!(length > 0, "the stream ended");
        bytes += length;
        let now = Instant::now();
        match counted {
            None if now - begin >= WARM_UP => (counted, bytes) = (Some(now), 0),
            Some(start) if now - start >= MEASURED => {
                return Ok(bytes as f64 / 1e6 / (now - start).as_secs_f64());
            }
            _ => {}
        }
    }
}

/// Speaks guacd's side of the handshake, then sends drawing instructions as fast as they
/// are taken.
struct Flood {
    port: u16,
    task: AbortHandle,
}

/// The parameters that the SSH driver may set.
const ARGUMENTS: [&str; 8] = [
    "hostname",
    "port",
    "host-key",
    "username",
    "password",
    "private-key",
    "passphrase",
    "scrollback",
];

impl Flood {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let frames: Arc<[u8]> = frames().into();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&frames)));
            }
        });
        Ok(Self { port, task: task.abort_handle() })
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, frames: Arc<[u8]>) -> Result<()> {
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(input);
    greet(&mut input, &mut output).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut rest = tokio::io::sink();
        tokio::io::copy(&mut input, &mut rest).await
    });
    loop {
        output.write_all(&frames).await?;
    }
}

/// guacd's side of the handshake.
pub(crate) async fn greet(
    input: &mut (impl AsyncBufReadExt + Unpin),
    output: &mut (impl AsyncWriteExt + Unpin),
) -> Result<()> {
    read_until_opcode(input, "select").await?;
    let names = ARGUMENTS.map(|name| format!(",{}.{name}", name.len())).concat();
    output.write_all(format!("4.args,13.VERSION_1_5_0{names};").as_bytes()).await?;
    read_until_opcode(input, "connect").await?;
    output.write_all(b"5.ready,37.$00000000-0000-4000-8000-000000000000;").await?;
    Ok(())
}

/// Reads instructions up to the one named. What is asked of them here has no `;` in it.
async fn read_until_opcode(input: &mut (impl AsyncBufReadExt + Unpin), opcode: &str) -> Result<()> {
    let head = format!("{}.{opcode}", opcode.len());
    loop {
        let mut instruction = Vec::new();
        let length = input.read_until(b';', &mut instruction).await?;
        ensure!(length > 0, "the gateway hung up");
        if instruction.starts_with(head.as_bytes()) {
            return Ok(());
        }
    }
}

/// Frames as guacd sends them: copies, an image in blobs, a `sync`. About 1 MB.
fn frames() -> Vec<u8> {
    let mut out = String::new();
    while out.len() < 1_000_000 {
        for column in 0..100 {
            let x = column * 9;
            out += &instruction(
                "copy",
                &["-3", &x.to_string(), "0", "9", "18", "14", "0", &x.to_string(), "36"],
            );
        }
        out += &instruction("img", &["1", "14", "0", "image/png", "0", "0"]);
        for _ in 0..4 {
            out += &instruction("blob", &["1", &"A".repeat(8064)]);
        }
        out += &instruction("end", &["1"]);
        out += &instruction("sync", &["1234567"]);
    }
    out.into_bytes()
}

pub(crate) fn instruction(opcode: &str, arguments: &[&str]) -> String {
    let elements: Vec<_> = std::iter::once(&opcode)
        .chain(arguments)
        .map(|element| format!("{}.{element}", element.len()))
        .collect();
    elements.join(",") + ";"
}
