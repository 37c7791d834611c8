//! A session by way of driver, plan and embedded engine, with a viewer that reads the
//! terminal as a person does: by selecting what it shows and copying it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fanlight_core::{
    BoxedStream, Cause, Dial, Driver, Endpoint, EngineKind, FieldError, HostKey, Outside, Resource,
    Route, SessionCx, SessionError, Step, StepState, Viewport, registrations,
};
use fanlight_engine::host::EmbeddedEngine;
use fanlight_engine::link::{
    Engine, EngineSession, Link, LinkReader, LinkWriter, Opening, Services, Viewer, ViewerAccess,
};
use fanlight_engine::wire::instruction;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use fanlight_driver_ssh as _;

pub(crate) const LIMIT: Duration = Duration::from_secs(20);
const WIDTH: u32 = 1024;
const HEIGHT: u32 = 768;

/// The driver as the server finds it.
pub(crate) fn driver() -> Arc<dyn Driver> {
    let found = registrations().into_iter().find(|one| one.info.id == "ssh").unwrap();
    found.build(json!({ "response_seconds": 5, "prompt_seconds": 5 })).unwrap()
}

pub(crate) fn fields(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn check(value: Value) -> Vec<FieldError> {
    driver().check(fields(value)).err().unwrap_or_default()
}

/// Host keys, remembered at first use.
#[derive(Default)]
pub(crate) struct Gateway {
    known: Mutex<HashMap<Endpoint, HostKey>>,
    pub(crate) steps: Mutex<Vec<String>>,
}

#[async_trait]
impl Services for Gateway {
    fn step(&self, step: Step) {
        let done = if step.state == StepState::Done { ": done" } else { "" };
        self.steps.lock().unwrap().push(format!("{}{done}", step.name));
    }

    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError> {
        let mut known = self.known.lock().unwrap();
        let first = known.entry(key.endpoint.clone()).or_insert_with(|| key.clone());
        if *first == key {
            return Ok(());
        }
        let text = format!("changed from {} to {}", first.fingerprint, key.fingerprint);
        Err(SessionError::new(Cause::Untrusted, text))
    }
}

struct Tcp(SocketAddr);

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self) -> io::Result<BoxedStream> {
        let stream = TcpStream::connect(self.0).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

struct Cx {
    engine: EngineKind,
    only_known: bool,
}

#[async_trait]
impl SessionCx for Cx {
    fn session_id(&self) -> Uuid {
        Uuid::nil()
    }

    fn engine(&self) -> EngineKind {
        self.engine
    }

    fn only_known_host_keys(&self) -> bool {
        self.only_known
    }

    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        let Endpoint::Tcp(_, port) = endpoint else { panic!("{endpoint}") };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
        let dialer = Arc::new(Tcp(address));
        Ok(Route { endpoint: endpoint.clone(), address: Some(address), tunnelled: false, dialer })
    }

    async fn outside(&self) -> Result<Arc<dyn Outside>, SessionError> {
        panic!("SSH goes nowhere else");
    }

    fn keep(&self, _: Box<dyn Resource>) {
        panic!("SSH keeps nothing");
    }
}

/// The plan for the fields, for either engine.
pub(crate) async fn plan(
    value: Value,
    engine: EngineKind,
) -> Result<fanlight_core::Plan, SessionError> {
    plan_where(value, Cx { engine, only_known: false }).await
}

/// The plan where only host keys count that are known or pinned.
pub(crate) async fn plan_of_known(
    value: Value,
    engine: EngineKind,
) -> Result<fanlight_core::Plan, SessionError> {
    plan_where(value, Cx { engine, only_known: true }).await
}

async fn plan_where(value: Value, cx: Cx) -> Result<fanlight_core::Plan, SessionError> {
    let driver = driver();
    let settings = driver.check(fields(value)).map_err(SessionError::invalid)?;
    driver.prepare(&settings, &cx).await
}

pub(crate) async fn open(value: Value) -> Session {
    open_at(value, Arc::default()).await
}

pub(crate) async fn open_at(value: Value, gateway: Arc<Gateway>) -> Session {
    let opening = Opening {
        plan: plan(value, EngineKind::Embedded).await.unwrap(),
        viewport: Viewport { width: WIDTH, height: HEIGHT, dpi: 96 },
        timezone: None,
        client: driver().client(),
        services: gateway.clone(),
    };
    let viewer = Viewer { viewport: opening.viewport, access: ViewerAccess::Own };
    let engine = EmbeddedEngine::new().open(opening).await.unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let Link { reader, writer } = engine.view(viewer).await.unwrap();
    let writer = Arc::new(AsyncMutex::new(writer));
    let (tell, told) = mpsc::unbounded_channel();
    let watching = tokio::spawn(watch(reader, writer.clone(), seen.clone(), tell));
    Session { engine, gateway, writer, seen, told: AsyncMutex::new(told), watching }
}

/// What the viewer was told besides the picture.
#[derive(Default)]
pub(crate) struct Seen {
    copied: Option<String>,
    pub(crate) error: Option<Vec<String>>,
    pub(crate) frames: usize,
}

pub(crate) struct Session {
    pub(crate) engine: Arc<dyn EngineSession>,
    pub(crate) gateway: Arc<Gateway>,
    writer: Arc<AsyncMutex<Box<dyn LinkWriter>>>,
    pub(crate) seen: Arc<Mutex<Seen>>,
    told: AsyncMutex<mpsc::UnboundedReceiver<Vec<String>>>,
    watching: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Session {
    /// The next word about files.
    pub(crate) async fn told(&self) -> Vec<String> {
        let told = timeout(LIMIT, async { self.told.lock().await.recv().await }).await;
        told.expect("nothing is said of files").expect("the viewer is gone")
    }

    /// Whether nothing is said of files for a while.
    pub(crate) async fn is_told_nothing(&self) -> bool {
        let quiet = Duration::from_millis(300);
        timeout(quiet, async { self.told.lock().await.recv().await }).await.is_err()
    }

    pub(crate) async fn send(&self, opcode: &str, arguments: &[&str]) {
        self.writer.lock().await.send(instruction(opcode, arguments).freeze()).await.unwrap();
    }

    /// Types text; a line feed is the Return key.
    pub(crate) async fn type_text(&self, text: &str) {
        for c in text.chars() {
            let keysym = match c {
                '\n' => 0xFF0D,
                '\u{8}' => 0xFF08,
                c if c.is_ascii() => u32::from(c),
                c => 0x0100_0000 + u32::from(c),
            };
            self.press(keysym).await;
        }
    }

    pub(crate) async fn press(&self, keysym: u32) {
        let keysym = keysym.to_string();
        self.send("key", &[&keysym, "1"]).await;
        self.send("key", &[&keysym, "0"]).await;
    }

    pub(crate) async fn ctrl(&self, letter: char) {
        self.send("key", &["65507", "1"]).await;
        self.press(u32::from(letter)).await;
        self.send("key", &["65507", "0"]).await;
    }

    /// Selects the whole screen and takes what arrives in the clipboard.
    pub(crate) async fn text(&self) -> String {
        self.seen.lock().unwrap().copied = None;
        let (right, bottom) = ((WIDTH - 1).to_string(), (HEIGHT - 1).to_string());
        self.send("mouse", &["0", "0", "0"]).await;
        self.send("mouse", &["0", "0", "1"]).await;
        self.send("mouse", &[&right, &bottom, "1"]).await;
        self.send("mouse", &[&right, &bottom, "0"]).await;
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_millis(500) {
            if let Some(text) = self.seen.lock().unwrap().copied.take() {
                return text;
            }
            sleep(Duration::from_millis(5)).await;
        }
        String::new()
    }

    /// Waits until the screen shows a text; returns the whole screen.
    pub(crate) async fn wait_for(&self, needle: &str) -> String {
        let started = Instant::now();
        loop {
            let text = self.text().await;
            if text.contains(needle) {
                return text;
            }
            assert!(started.elapsed() < LIMIT, "{needle:?} is not shown, but:\n{text}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a shell answers.
    pub(crate) async fn wait_for_shell(&self) {
        self.type_text("echo re''ady\n").await;
        self.wait_for("\nready").await;
    }

    pub(crate) async fn ended(&self) -> Result<(), SessionError> {
        timeout(LIMIT, self.engine.ended()).await.expect("the session goes on")
    }

    pub(crate) async fn failed(&self) -> SessionError {
        self.ended().await.expect_err("the session ended well")
    }
}

async fn watch(
    mut reader: Box<dyn LinkReader>,
    writer: Arc<AsyncMutex<Box<dyn LinkWriter>>>,
    seen: Arc<Mutex<Seen>>,
    tell: mpsc::UnboundedSender<Vec<String>>,
) {
    let mut copied = Vec::new();
    while let Ok(Some(bytes)) = reader.next().await {
        for words in elements(std::str::from_utf8(&bytes).unwrap()) {
            if is_about_files(&words) {
                // Only tests of files listen.
                let _ = tell.send(words.clone());
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words[..] {
                ["sync", stamp, _] => {
                    seen.lock().unwrap().frames += 1;
                    let answer = instruction("sync", &[stamp]).freeze();
                    writer.lock().await.send(answer).await.unwrap();
                }
                ["clipboard", ..] => copied.clear(),
                ["blob", "1", data] => {
                    copied.extend(base64_simd::STANDARD.decode_to_vec(data).unwrap());
                }
                ["end", "1"] => {
                    let text = String::from_utf8(std::mem::take(&mut copied)).unwrap();
                    seen.lock().unwrap().copied = Some(text);
                }
                ["error", ..] => {
                    seen.lock().unwrap().error =
                        Some(words.iter().map(ToString::to_string).collect());
                }
                _ => {}
            }
        }
    }
}

/// Streams below 8 are the picture's, the clipboard's and the like.
fn is_about_files(words: &[String]) -> bool {
    match words[0].as_str() {
        "blob" | "end" => words[1].parse::<u32>().unwrap() >= 8,
        opcode => ["ack", "body", "fault", "filesystem", "notice", "undefine"].contains(&opcode),
    }
}

fn elements(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut rest) = (Vec::new(), Vec::new(), text.chars());
    loop {
        let digits: String = rest.by_ref().take_while(|c| *c != '.').collect();
        if digits.is_empty() {
            return all;
        }
        words.push(rest.by_ref().take(digits.parse().unwrap()).collect());
        if rest.next() == Some(';') {
            all.push(std::mem::take(&mut words));
        }
    }
}
