use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fanlight_core::Secret;
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::connection::{Asked, Connection};
use super::message::{Answer, CdpError, Fault};
use super::visitor::Sessions;

/// Messages that may wait for a client.
const ROOM: usize = 4096;
/// Clients at a time.
const MOST_CLIENTS: usize = 8;
/// Time for a client to say what it wants.
const HANDSHAKE: Duration = Duration::from_secs(10);
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);
/// What would end the session with the script.
const NOT_FOR_CLIENTS: [&str; 3] = ["Browser.close", "Browser.crash", "Browser.crashGpuProcess"];
/// The code of Chromium for a session that it does not know.
const NO_SESSION: i64 = -32001;
const REFUSED: i64 = -32000;

/// A WebSocket on loopback through which a program speaks to one browser. Its address cannot
/// be guessed, and it is gone with this.
pub struct Relay {
    url: Secret,
    _serving: JoinSet<()>,
}

impl Relay {
    /// Begins to listen.
    ///
    /// # Errors
    /// Where no port can be listened on, or there is no randomness.
    pub async fn start(connection: Arc<Connection>) -> io::Result<Self> {
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(io::Error::other)?;
        let path = format!("/devtools/browser/{}", hex::encode(token));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address: SocketAddr = listener.local_addr()?;
        let url = Secret::new(format!("ws://{address}{path}"));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Secret::new(path), connection));
        Ok(Self { url, _serving: serving })
    }

    /// Its address: `ws://127.0.0.1:PORT/devtools/browser/TOKEN`.
    pub fn url(&self) -> &Secret {
        &self.url
    }
}

async fn serve(listener: TcpListener, path: Secret, connection: Arc<Connection>) {
    let path = Arc::new(path);
    let mut clients = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(AFTER_FAILED_ACCEPT).await;
            continue;
        };
        while clients.try_join_next().is_some() {}
        if clients.len() < MOST_CLIENTS {
            let (path, connection) = (Arc::clone(&path), Arc::clone(&connection));
            clients.spawn(async move {
                if let Some(socket) = greet(stream, &path).await
                    && let Err(error) = attend(socket, connection).await
                {
                    tracing::debug!(%error, "a program left the browser");
                }
            });
        }
    }
}

/// Lets a client in that knows the path.
async fn greet(stream: TcpStream, path: &Secret) -> Option<WebSocketStream<TcpStream>> {
    #[allow(clippy::result_large_err, reason = "the library's own type")]
    let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let asked = request.uri().path().as_bytes();
        if bool::from(asked.ct_eq(path.expose().as_bytes())) {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::NOT_FOUND;
        Err(refusal)
    };
    timeout(HANDSHAKE, accept_hdr_async(stream, check)).await.ok()?.ok()
}

/// A command of a client.
#[derive(Deserialize)]
struct Wish {
    id: Value,
    method: String,
    #[serde(default)]
    params: Value,
    #[serde(rename = "sessionId")]
    session: Option<String>,
}

/// One client, which sees of the browser what is in sessions of its own.
struct Client {
    connection: Arc<Connection>,
    root: String,
    sessions: Arc<Mutex<Sessions>>,
    outgoing: mpsc::Sender<Value>,
    /// What is still to be answered.
    asked: Vec<Asked>,
}

async fn attend(
    mut socket: WebSocketStream<TcpStream>,
    connection: Arc<Connection>,
) -> Result<(), CdpError> {
    let come = connection.call(None, "Target.attachToBrowserTarget", json!({})).await?;
    let root = come["sessionId"].as_str().ok_or(CdpError::Closed)?.to_owned();
    let (outgoing, mut news) = mpsc::channel(ROOM);
    let sessions = Arc::new(Mutex::new(Sessions::below(root.clone())));
    let (listening, first, tell) = (Arc::clone(&sessions), root.clone(), outgoing.clone());
    connection.listen(move |event| {
        if !listening.lock().hold(event) {
            return !tell.is_closed();
        }
        let session = event.session.as_ref().filter(|session| **session != first);
        tell.try_send(message(json!({"method": event.method, "params": event.params}), session))
            .is_ok()
    });
    let mut client = Client { connection, root, sessions, outgoing, asked: Vec::new() };
    loop {
        tokio::select! {
            said = socket.next() => match said {
                Some(Ok(Message::Text(text))) => client.carry(&text).await?,
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            Some(told) = news.recv() => {
                let text = Utf8Bytes::from(told.to_string());
                if socket.send(Message::Text(text)).await.is_err() {
                    break;
                }
            }
            () = client.connection.closed() => break,
        }
    }
    let params = json!({"sessionId": client.root});
    client.connection.call(None, "Target.detachFromTarget", params).await.map(drop)
}

impl Client {
    /// Has a command carried out. Its answer comes in the browser's order among events.
    async fn carry(&mut self, text: &str) -> Result<(), CdpError> {
        let Ok(Wish { id, method, params, session }) = serde_json::from_str(text) else {
            return Err(CdpError::Closed);
        };
        if let Some(fault) = self.refusal(&method, session.as_ref()) {
            let refused = Answer { id: 0, result: Value::Null, error: Some(fault) };
            let refused = reply(&id, refused, session.as_ref());
            return self.outgoing.try_send(refused).map_err(|_| CdpError::Closed);
        }
        let tell = self.outgoing.clone();
        let of = session.clone().unwrap_or_else(|| self.root.clone());
        let on_answer = move |said: Answer| {
            // One that reads nothing is cut off by the events that it misses.
            let _ = tell.try_send(reply(&id, said, session.as_ref()));
        };
        let asked = self.connection.send(Some(&of), &method, params, on_answer).await?;
        if self.asked.len() > ROOM {
            self.asked.retain(Asked::is_open);
        }
        self.asked.push(asked);
        Ok(())
    }

    fn refusal(&self, method: &str, session: Option<&String>) -> Option<Fault> {
        let known = session.is_none_or(|session| self.sessions.lock().have(session));
        let (code, text) = if !known {
            (NO_SESSION, "Session with given id not found.")
        } else if NOT_FOR_CLIENTS.contains(&method) {
            (REFUSED, "The browser belongs to the session.")
        } else {
            return None;
        };
        Some(Fault { code, message: text.to_owned() })
    }
}

fn reply(id: &Value, answer: Answer, session: Option<&String>) -> Value {
    match answer.error {
        None => message(json!({"id": id, "result": answer.result}), session),
        Some(fault) => message(json!({"id": id, "error": fault}), session),
    }
}

/// A message with the session it belongs to, where it is not the client's first.
fn message(mut message: Value, session: Option<&String>) -> Value {
    if let Some(session) = session {
        message["sessionId"] = Value::from(session.as_str());
    }
    message
}
