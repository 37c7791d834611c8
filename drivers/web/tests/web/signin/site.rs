//! Sites that want a log-in, each in its own way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::world::{World, answer, read_request};

const HOSTS: [&str; 11] = [
    "simple.test",
    "tracked.test",
    "two.test",
    "shadow.test",
    "sso.test",
    "login.test",
    "code.test",
    "framed.test",
    "inner.test",
    "wrong.test",
    "sub.simple.test",
];

/// What was sent to a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sent {
    pub(super) host: String,
    pub(super) body: String,
}

/// A host for each kind of log-in: `simple.test` and so on.
pub(super) struct Sites {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
    _task: JoinSet<()>,
}

impl Sites {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let noting = Arc::clone(&sent);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(serve(stream, Arc::clone(&noting)));
            }
        });
        Self { address, sent, _task: task }
    }

    pub(super) fn world(&self) -> Arc<World> {
        let world = Arc::<World>::default();
        for name in HOSTS {
            world.add(name, self.address);
        }
        world.http_only.store(true, Ordering::Relaxed);
        world
    }

    /// What was sent in forms, sorted.
    pub(super) fn sent(&self) -> Vec<Sent> {
        let mut sent = self.sent.lock().clone();
        sent.sort();
        sent
    }
}

async fn serve(mut stream: TcpStream, sent: Arc<Mutex<Vec<Sent>>>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let html = |text: &str| ("200 OK", "text/html; charset=utf-8", String::new(), text.to_owned());
    let moved = |to: &str| {
        ("303 See Other", "text/html; charset=utf-8", format!("Location: {to}\r\n"), String::new())
    };
    if request.method == "POST" {
        sent.lock().push(Sent { host: request.host.clone(), body: request.body.clone() });
    }
    let page = match (request.host.as_str(), request.path.as_str()) {
        ("simple.test", "/register") => html(include_str!("pages/register.html")),
        ("simple.test" | "simple.test:8080" | "sub.simple.test", "/") => {
            html(include_str!("pages/simple.html"))
        }
        ("tracked.test", "/") => html(include_str!("pages/tracked.html")),
        ("two.test", "/") => html(include_str!("pages/two.html")),
        ("two.test", "/next") => html(include_str!("pages/two-next.html")),
        ("shadow.test", "/") => html(include_str!("pages/shadow.html")),
        ("sso.test", "/") => moved("http://login.test/"),
        ("login.test", "/") => html(include_str!("pages/sso-login.html")),
        ("login.test", "/done") => moved("http://sso.test/back"),
        ("sso.test", "/back") => html(include_str!("pages/sso-back.html")),
        ("code.test", "/") => html(include_str!("pages/code.html")),
        ("framed.test", "/") => html(include_str!("pages/framed.html")),
        ("inner.test", "/") | ("wrong.test", _) => html(include_str!("pages/sso-login.html")),
        _ => html("<!doctype html>"),
    };
    answer(&mut stream, page).await;
}
