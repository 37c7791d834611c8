//! A thousand sessions against a gateway of its own, ended in every way there is: what it
//! holds then is what it held before.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::commands::{Running, printed, run};

/// Sessions in all: a seventh of them ends in each way.
const SESSIONS: usize = 1001;
const AT_A_TIME: usize = 25;
const PATIENCE: Duration = Duration::from_secs(60);

/// How a session ends.
#[derive(Debug, Clone, Copy)]
enum Way {
    TargetExits,
    TargetDies,
    NoTarget,
    Deleted,
    OwnerLeaves,
    LongestDuration,
    NeverOpened,
}

const WAYS: [Way; 7] = [
    Way::TargetExits,
    Way::TargetDies,
    Way::NoTarget,
    Way::Deleted,
    Way::OwnerLeaves,
    Way::LongestDuration,
    Way::NeverOpened,
];

/// A machine that greets, and then waits, exits or dies, by the port that is called.
struct Machine {
    waits: SocketAddr,
    exits: SocketAddr,
    dies: SocketAddr,
    guests: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Machine {
    async fn start() -> Self {
        let (mut tasks, guests) = (JoinSet::new(), Arc::<AtomicUsize>::default());
        let mut door = async |way: Way| {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let guests = Arc::clone(&guests);
            tasks.spawn(async move {
                let mut served = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    let guests = Arc::clone(&guests);
                    served.spawn(async move {
                        guests.fetch_add(1, Ordering::Relaxed);
                        serve(stream, way).await;
                        guests.fetch_sub(1, Ordering::Relaxed);
                    });
                    while served.try_join_next().is_some() {}
                }
            });
            address
        };
        let (waits, exits) = (door(Way::Deleted).await, door(Way::TargetExits).await);
        let dies = door(Way::TargetDies).await;
        Self { waits, exits, dies, guests, _tasks: tasks }
    }

    fn port(&self, way: Way) -> u16 {
        match way {
            Way::TargetExits => self.exits.port(),
            Way::TargetDies => self.dies.port(),
            // Nobody listens there.
            Way::NoTarget => 1,
            _ => self.waits.port(),
        }
    }
}

async fn serve(mut stream: TcpStream, way: Way) {
    let _ = stream.write_all(b"Welcome.\r\n").await;
    match way {
        Way::TargetExits => {}
        Way::TargetDies => stream.set_zero_linger().unwrap(),
        _ => while let Ok(1..) = stream.read(&mut [0; 256]).await {},
    }
}

struct Scene {
    gateway: Running,
    key: String,
    http: Client,
    machine: Machine,
}

impl Scene {
    async fn status(&self, id: &str) -> String {
        let url = format!("{}/api/sessions/{id}", self.gateway.url);
        let reply = self.http.get(url).bearer_auth(&self.key).send().await.unwrap();
        let session: Value = reply.json().await.unwrap();
        session["status"].as_str().unwrap().to_owned()
    }

    /// One session from its making to its end.
    async fn live_through(&self, way: Way) {
        let url = format!("{}/api/sessions", self.gateway.url);
        let body = json!({
            "session_type": "telnet", "hostname": "127.0.0.1", "port": self.machine.port(way),
            "width": 160, "height": 64,
        });
        let reply = self.http.post(&url).bearer_auth(&self.key).json(&body).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::CREATED);
        let made: Value = reply.json().await.unwrap();
        let id = made["session_id"].as_str().unwrap();
        if !matches!(way, Way::NeverOpened) {
            self.look(id, way, &format!("{url}/{id}")).await;
        }
        let begun = Instant::now();
        while matches!(self.status(id).await.as_str(), "pending" | "active") {
            assert!(begun.elapsed() < PATIENCE, "{way:?} does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Looks at the session as its owner until it ends, or ends it.
    async fn look(&self, id: &str, way: Way, session: &str) {
        let address = self.gateway.url.strip_prefix("http://").unwrap();
        let mut request = format!("ws://{address}/ws/{id}").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "guacamole".parse().unwrap());
        headers.insert("authorization", format!("Bearer {}", self.key).parse().unwrap());
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut text = String::new();
        let watching = async {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(more) = message {
                    text.push_str(&more);
                }
                let drawn = text.contains(".sync,");
                match way {
                    Way::Deleted if drawn => {
                        let delete = self.http.delete(session).bearer_auth(&self.key);
                        assert!(delete.send().await.unwrap().status().is_success());
                    }
                    Way::OwnerLeaves if drawn => {
                        socket.send(Message::text("10.disconnect;")).await.unwrap();
                        return;
                    }
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, watching).await.unwrap_or_else(|_| panic!("{way:?}"));
    }

    async fn live_through_many(self: &Arc<Self>, count: usize) {
        let mut running = JoinSet::new();
        for number in 0..count {
            if running.len() == AT_A_TIME {
                running.join_next().await.unwrap().unwrap();
            }
            let (scene, way) = (Arc::clone(self), WAYS[number % WAYS.len()]);
            running.spawn(async move { scene.live_through(way).await });
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
    }
}

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    fds: usize,
    threads: usize,
    children: usize,
    files: usize,
}

impl Held {
    fn by(process: u32, temporary: &Path) -> Self {
        let count = |path: String| fs::read_dir(path).unwrap().count();
        let children = format!("/proc/{process}/task/{process}/children");
        Self {
            fds: count(format!("/proc/{process}/fd")),
            threads: count(format!("/proc/{process}/task")),
            children: fs::read_to_string(children).unwrap().split_whitespace().count(),
            files: fs::read_dir(temporary).unwrap().count(),
        }
    }

    fn is_within(&self, before: &Self) -> bool {
        self.fds <= before.fds
            && self.threads <= before.threads
            && self.children <= before.children
            && self.files <= before.files
    }
}

/// What it holds when nothing has changed for a while.
async fn settled(process: u32, temporary: &Path) -> Held {
    let (begun, mut last) = (Instant::now(), Held::by(process, temporary));
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_secs(3) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = Held::by(process, temporary);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bar_79_a_thousand_sessions_ended_in_every_way_leave_nothing() {
    let (folder, temporary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let key = printed(&run(folder.path(), &["key", "add", "--name", "many"]));
    let settings = [
        "log.level=error",
        "server.core_dumps=true",
        "rate_limit.enabled=false",
        "network.allow=[\"127.0.0.0/8\"]",
        "sessions.pending_timeout=2s",
        "sessions.max_duration=3s",
        "sessions.reattach_grace=50ms",
        "sessions.reconnect_grace=1ms",
    ];
    let settings: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let gateway = Running::start_in(folder.path(), &settings, Some(temporary.path()));
    let process = gateway.child.id();
    // A connection that is kept would be held by the gateway, too.
    let http = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let scene = Arc::new(Scene { gateway, key, http, machine: Machine::start().await });
    // What is made once and kept: fonts, connections to the database, threads.
    scene.live_through_many(4 * AT_A_TIME).await;
    let before = settled(process, temporary.path()).await;
    scene.live_through_many(SESSIONS).await;
    let begun = Instant::now();
    let mut after = settled(process, temporary.path()).await;
    // Threads for blocking work end by themselves, 10 s after the last of it.
    while !after.is_within(&before) && begun.elapsed() < PATIENCE {
        after = settled(process, temporary.path()).await;
    }
    assert!(after.is_within(&before), "{after:?}, and {before:?} at the start");
    assert_eq!(scene.machine.guests.load(Ordering::Relaxed), 0, "the target's legs are closed");
}
