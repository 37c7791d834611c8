//! A whole gateway on a free port of loopback, its clients, and a target.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fanlight::access::{NewToken, hash_token};
use fanlight::config::{Config, Sources};
use fanlight::policy::Resolve;
use fanlight::serve::Gateway;
use fanlight::{App, Engines};
use fanlight_engine::host::EmbeddedEngine;
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::postgres;
use crate::script::ScriptedEngine;

/// Names that resolve as a test says, each look-up to the next answer.
#[derive(Default)]
pub struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Names {
    /// `answers` are given one after the other; the last one stays.
    pub fn set(&self, name: &str, answers: &[&[&str]]) {
        let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse().expect("an IP")).collect();
        let answers = answers.iter().rev().map(parse).collect();
        self.0.lock().insert(name.to_owned(), answers);
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        if name == "slow.example" {
            std::future::pending::<()>().await;
        }
        let mut all = self.0.lock();
        let Some(answers) = all.get_mut(name) else { return Ok(Vec::new()) };
        Ok(if answers.len() > 1 {
            answers.pop().unwrap_or_default()
        } else {
            answers.first().cloned().unwrap_or_default()
        })
    }
}

pub struct Fixture {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub key: String,
    pub script: Arc<ScriptedEngine>,
    pub names: Arc<Names>,
    pub kettle: Kettle,
    gateway: Option<Gateway>,
    folder: Arc<TempDir>,
    http: reqwest::Client,
}

impl Fixture {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        Self::with_folder(folder, change).await
    }

    /// A gateway on the data of `folder`.
    pub async fn with_folder(folder: Arc<TempDir>, change: impl FnOnce(&mut Config)) -> Self {
        let kettle = Kettle::boil(folder.path().join("run")).await;
        let mut flags = vec![
            ("data_dir".to_owned(), json!(folder.path())),
            ("server.listen".to_owned(), json!("127.0.0.1:0")),
            ("network.unix_sockets".to_owned(), json!([folder.path().join("run")])),
        ];
        let database = postgres::database_url(folder.path());
        flags.extend(database.map(|url| ("database.url".to_owned(), json!(url))));
        let sources = Sources { flags, ..Sources::default() };
        let mut config = sources.load().expect("a good configuration");
        config.server.shutdown_grace = Duration::from_secs(5);
        change(&mut config);
        let (script, names) = (Arc::<ScriptedEngine>::default(), Arc::<Names>::default());
        let guacd: Arc<dyn fanlight_engine::link::Engine> = script.clone();
        let embedded: Arc<dyn fanlight_engine::link::Engine> = EmbeddedEngine::new();
        let engines = Engines { embedded: Some(embedded), guacd: Some(guacd) };
        let gateway =
            Gateway::start_with(config, engines, names.clone()).await.expect("the gateway starts");
        let (app, address) = (Arc::clone(&gateway.app), gateway.address());
        let key = add_key(&app, "owner").await;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { app, address, key, script, names, kettle, gateway: Some(gateway), folder, http }
    }

    /// Stops the gateway in order; its folder stays for the next one.
    pub async fn stop(mut self) -> Arc<TempDir> {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        self.folder
    }

    pub async fn call(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Reply::of(request.send().await.expect("an answer")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(&self.key, Method::POST, path, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(&self.key, Method::GET, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(&self.key, Method::DELETE, path, None).await
    }

    /// A kettle on the scripted engine; `extra` fields replace the usual ones.
    pub async fn scripted(&self, extra: Value) -> Made {
        let mut body = self.kettle_request();
        body["engine"] = json!("guacd");
        self.make(merge(body, extra)).await
    }

    pub async fn make(&self, body: Value) -> Made {
        let reply = self.post("/api/sessions", body).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        Made(reply.body)
    }

    /// A good request: a kettle behind a Unix socket.
    pub fn kettle_request(&self) -> Value {
        json!({
            "session_type": "kettle",
            "spout": self.kettle.path,
            "brew": { "leaf": "assam", "chest_code": "canary-7" },
        })
    }

    /// Opens a WebSocket with these headers.
    pub async fn dial(&self, path: &str, headers: &[(&str, &str)]) -> Result<Viewer, u16> {
        let stream = TcpStream::connect(self.address).await.expect("the gateway listens");
        self.dial_over(stream, path, headers).await
    }

    pub async fn dial_over(
        &self,
        stream: TcpStream,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Viewer, u16> {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().expect("a URL");
        let put = request.headers_mut();
        put.insert("sec-websocket-protocol", "guacamole".parse().expect("a header"));
        for (name, value) in headers {
            let name: reqwest::header::HeaderName = name.parse().expect("a header's name");
            put.insert(name, value.parse().expect("a header's value"));
        }
        let stream = MaybeTlsStream::Plain(stream);
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Viewer { socket, pending: Vec::new() }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The owner's socket.
    pub async fn own(&self, session: &Made) -> Viewer {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str())];
        self.dial(&session.ws_url(), &headers).await.expect("the owner may attach")
    }

    pub async fn wait_for_status(&self, session: &Made, status: &str) -> Value {
        let path = format!("/api/sessions/{}", session.id());
        let mut last = Value::Null;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            last = self.get(&path).await.body;
            if last["status"] == status {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {status}: {last}");
    }
}

/// Another API key, by its secret.
pub async fn add_key(app: &App, name: &str) -> String {
    let secret = NewToken::generate("").expect("randomness").secret.expose().clone();
    let new = fanlight::store::NewApiKey {
        name: format!("{name}-{}", uuid::Uuid::new_v4()),
        secret_hash: hash_token(&secret),
        allowed_networks: Vec::new(),
        expires_at: None,
    };
    app.store.add_api_key(new).await.expect("the key is added");
    secret
}

pub fn merge(mut into: Value, from: Value) -> Value {
    for (name, value) in from.as_object().cloned().unwrap_or_default() {
        into[name] = value;
    }
    into
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }
}

/// The answer to a POST.
pub struct Made(pub Value);

impl Made {
    pub fn id(&self) -> uuid::Uuid {
        self.text("session_id").parse().expect("a UUID")
    }

    pub fn ws_url(&self) -> String {
        self.text("ws_url").to_owned()
    }

    pub fn share_token(&self) -> &str {
        self.text("share_url").split_once("&key=").expect("a share token").1
    }

    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }
}

/// A Guacamole client, as far as these tests need one.
pub struct Viewer {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pending: Vec<Vec<String>>,
}

const PATIENCE: Duration = Duration::from_secs(8);

impl Viewer {
    pub async fn send(&mut self, instructions: &str) {
        self.socket.send(Message::text(instructions)).await.expect("the socket takes it");
    }

    pub async fn key(&mut self, character: char) {
        let keysym = u32::from(character).to_string();
        let length = keysym.len();
        self.send(&format!("3.key,{length}.{keysym},1.1;3.key,{length}.{keysym},1.0;")).await;
    }

    /// The next instruction, or `None` when the socket is closed.
    pub async fn next(&mut self) -> Option<Vec<String>> {
        loop {
            if !self.pending.is_empty() {
                return Some(self.pending.remove(0));
            }
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.expect("something happens in time") {
                Some(Ok(Message::Text(text))) => self.pending = parse(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads until an instruction with this opcode comes; answers `sync`.
    pub async fn until(&mut self, opcode: &str) -> Vec<String> {
        loop {
            let Some(instruction) = self.next().await else { panic!("closed before {opcode}") };
            if instruction[0] == "sync" {
                let time = &instruction[1];
                self.send(&format!("4.sync,{}.{time};", time.len())).await;
            }
            if instruction[0] == opcode {
                return instruction;
            }
        }
    }

    /// Reads to the end; the last instructions, `error` among them.
    pub async fn until_closed(&mut self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        while let Some(instruction) = self.next().await {
            all.push(instruction);
        }
        all
    }

    /// The sentence of the error that ends this socket.
    pub async fn until_error(&mut self) -> (String, String) {
        let all = self.until_closed().await;
        let error = all.iter().find(|i| i[0] == "error");
        let error = error.unwrap_or_else(|| panic!("no error in {all:?}"));
        (error[1].clone(), error[2].clone())
    }
}

/// An independent reading of the protocol: lengths count characters, and a message holds
/// whole instructions.
pub fn parse(text: &str) -> Vec<Vec<String>> {
    let mut characters = text.chars();
    let mut all = Vec::new();
    let mut current = Vec::new();
    while !characters.as_str().is_empty() {
        let length: String = characters.by_ref().take_while(|c| *c != '.').collect();
        let length: usize = length.parse().expect("a length");
        current.push(characters.by_ref().take(length).collect());
        match characters.next() {
            Some(',') => {}
            Some(';') => all.push(std::mem::take(&mut current)),
            other => panic!("{other:?} behind an element"),
        }
    }
    assert!(current.is_empty(), "the message ends within an instruction");
    all
}

/// A target: echoes, and remembers what it got.
pub struct Kettle {
    pub path: PathBuf,
    pub heard: Arc<Mutex<Vec<u8>>>,
    pub open: Arc<std::sync::atomic::AtomicUsize>,
    task: JoinHandle<()>,
}

impl Kettle {
    async fn boil(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("kettle.sock");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).expect("a socket");
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let open = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (heard_there, open_there) = (Arc::clone(&heard), Arc::clone(&open));
        let task = tokio::spawn(async move {
            let mut guests = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (heard, open) = (Arc::clone(&heard_there), Arc::clone(&open_there));
                open.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                guests.spawn(async move {
                    let mut buffer = [0; 256];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        heard.lock().extend_from_slice(&buffer[..count]);
                        if stream.write_all(&buffer[..count]).await.is_err() {
                            break;
                        }
                    }
                    open.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                });
            }
        });
        Self { path, heard, open, task }
    }

    pub fn connections(&self) -> usize {
        self.open.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock()).into_owned()
    }
}

impl Drop for Kettle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < limit, "not in {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
