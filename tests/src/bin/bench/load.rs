//! A day's load in some minutes: many sessions that draw all the time, and requests beside
//! them. No request may fail for the gateway's sake, and each stream has to arrive as it was
//! sent, to the byte.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::protocol::instructions;
use fanlight_tests::{Engine, Gateway};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Client;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::relay::{greet, instruction};
use crate::report::{Row, percentile};

/// Frames of each session in a second.
const FRAMES: u64 = 10;
/// Longer than this after the last frame nothing is waited for.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);
/// Instructions of the gateway's own among those of the engine.
const OWN: [&str; 5] = ["", "step", "people", "ends", "permits"];
const PATHS: [&str; 4] = ["/api/health", "/api/me", "/api/sessions?limit=20", "/api/drivers"];

/// How much of it: less than all is for trying out.
#[derive(Clone, Copy)]
struct Load {
    sessions: u64,
    requests_a_second: u64,
    lasts: Duration,
}

impl Load {
    /// The whole load, or what `LOAD_SESSIONS`, `LOAD_REQUESTS` and `LOAD_SECONDS` say.
    fn wanted() -> Result<Self> {
        let read = |name: &str, usual: u64| match std::env::var(name) {
            Ok(text) => text.parse().with_context(|| format!("{name} is no number")),
            Err(_) => Ok(usual),
        };
        Ok(Self {
            sessions: read("LOAD_SESSIONS", 100)?,
            requests_a_second: read("LOAD_REQUESTS", 500)?,
            lasts: Duration::from_secs(read("LOAD_SECONDS", 300)?),
        })
    }
}

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let load = Load::wanted()?;
    let source = Source::start(load.lasts).await?;
    let tables = "[rate_limit]\nenabled = false\n[sessions]\nmax_per_user = 10000\n\
                  max_total = 10000\n";
    let gateway = Arc::new(Gateway::start_with(Engine::Guacd(source.port), tables).await?);
    let mut watchers = JoinSet::new();
    for _ in 0..load.sessions {
        watchers.spawn(watch(Arc::clone(&gateway), load.lasts));
    }
    let times = ask(&gateway, load).await?;
    let mut bytes = 0;
    while let Some(watched) = watchers.join_next().await {
        bytes += watched??;
    }
    let seconds = load.lasts.as_secs_f64();
    Ok(vec![
        Row::alone(
            format!("load: requests/s beside {} sessions, none failed", load.sessions),
            times.len() as f64 / seconds,
        ),
        Row::alone("load: request, ms, p99".to_owned(), percentile(&times, 0.99)),
        Row::alone("load: MB/s of instructions, each stream identical".to_owned(), {
            bytes as f64 / 1e6 / seconds
        }),
    ])
}

/// Asks at an even pace, whatever the answers take; milliseconds of each.
async fn ask(gateway: &Arc<Gateway>, load: Load) -> Result<Vec<f64>> {
    let http = Client::new();
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(load.requests_a_second)?);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = JoinSet::new();
    for number in 0..load.requests_a_second * load.lasts.as_secs() {
        pace.tick().await;
        let path = PATHS[usize::try_from(number)? % PATHS.len()];
        let request = http.get(gateway.url() + path).bearer_auth(gateway.key());
        asked.spawn(async move {
            let begin = Instant::now();
            let status = request.timeout(ARRIVES_WITHIN).send().await?.status();
            ensure!(status.is_success(), "{path}: {status}");
            Ok(begin.elapsed().as_secs_f64() * 1e3)
        });
    }
    let mut times = Vec::new();
    while let Some(answered) = asked.join_next().await {
        times.push(answered??);
    }
    Ok(times)
}

/// Reads a session's stream to its end; its bytes, when they are those that were sent.
async fn watch(gateway: Arc<Gateway>, lasts: Duration) -> Result<u64> {
    let session = json!({
        "session_type": "ssh", "hostname": "127.0.0.1", "username": "somebody", "password": "x",
    });
    let created = gateway.create(&session).await?;
    let id = created["session_id"].as_str().context("no session_id")?;
    let path = format!("/ws/{id}?ticket={}", gateway.ticket().await?);
    let mut request = (gateway.url().replacen("http", "ws", 1) + &path).into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", "guacamole".parse()?);
    let stream = TcpStream::connect(("127.0.0.1", gateway.port())).await?;
    let (mut socket, _) = client_async(request, stream).await?;
    let (mut sum, mut bytes) = (DefaultHasher::new(), 0);
    loop {
        let message = timeout(lasts + ARRIVES_WITHIN, socket.next()).await?;
        let Message::Text(text) = message.context("the stream ended too soon")?? else { continue };
        for found in instructions(&text)? {
            match found.opcode {
                "name" => {
                    ensure!(found.argument(0) == format!("{:x}", sum.finish()), "not as sent");
                    socket.send(Message::text("10.disconnect;")).await?;
                    return Ok(bytes);
                }
                "error" => anyhow::bail!("{}", found.argument(0)),
                opcode if OWN.contains(&opcode) => {}
                opcode => {
                    let whole = instruction(opcode, &found.arguments);
                    sum.write(whole.as_bytes());
                    bytes += whole.len() as u64;
                }
            }
        }
    }
}

/// A guacd whose sessions draw for a while, each something else, and then tell the sum of
/// what they drew as the connection's name.
struct Source {
    port: u16,
    task: AbortHandle,
}

impl Source {
    async fn start(lasts: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            let mut seed = 0;
            while let Ok((stream, _)) = listener.accept().await {
                seed += 1;
                connections.spawn(draw(stream, seed, lasts));
            }
        });
        Ok(Self { port, task: task.abort_handle() })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn draw(stream: TcpStream, seed: u64, lasts: Duration) -> Result<()> {
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(input);
    greet(&mut input, &mut output).await?;
    let drawing = async {
        let (mut sum, mut pace) = (DefaultHasher::new(), interval(Duration::from_secs(1) / 10));
        for number in 0..lasts.as_secs() * FRAMES {
            pace.tick().await;
            let frame = frame(seed, number);
            sum.write(frame.as_bytes());
            output.write_all(frame.as_bytes()).await?;
        }
        let name = instruction("name", &[&format!("{:x}", sum.finish())]);
        output.write_all(name.as_bytes()).await?;
        std::future::pending::<Result<()>>().await
    };
    let reading = async {
        let mut buffer = [0; 4096];
        while input.read(&mut buffer).await? > 0 {}
        Ok(())
    };
    tokio::select! {
        drawn = drawing => drawn,
        read = reading => read,
    }
}

/// A picture that no other frame has, and a `sync`.
fn frame(seed: u64, number: u64) -> String {
    let mut noise = DefaultHasher::new();
    noise.write_u64(seed);
    noise.write_u64(number);
    let mut blob = String::new();
    while blob.len() < 4000 {
        noise.write_u8(0);
        blob += &format!("{:016x}", noise.finish());
    }
    instruction("img", &["1", "14", "0", "image/png", "0", "0"])
        + &instruction("blob", &["1", &blob])
        + &instruction("end", &["1"])
        + &instruction("sync", &[&number.to_string()])
}
