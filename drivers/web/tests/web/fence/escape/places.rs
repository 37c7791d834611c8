//! Where the page comes from, and what it must not reach.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::world::{answer, read_request};

/// Listens on loopback, IPv4 and IPv6, TCP and UDP, and notes whatever comes.
pub(crate) struct Canary {
    pub(crate) tcp: SocketAddr,
    pub(crate) udp: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

const ESCAPED: &str = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n\
                       Content-Length: 7\r\nConnection: close\r\n\r\nescaped";

impl Canary {
    pub(crate) async fn start() -> Self {
        let four = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = four.local_addr().unwrap();
        let six = TcpListener::bind(("::1", tcp.port())).await.unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let udp = datagrams.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let mut tasks = JoinSet::new();
        for listener in [four, six] {
            let heard = Arc::clone(&heard);
            tasks.spawn(async move {
                let mut all = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    all.spawn(hear(stream, Arc::clone(&heard)));
                }
            });
        }
        let noting = Arc::clone(&heard);
        tasks.spawn(async move {
            while datagrams.recv_from(&mut [0; 2048]).await.is_ok() {
                noting.lock().push("udp".into());
            }
        });
        Self { tcp, udp, heard, _tasks: tasks }
    }

    /// The paths that were asked for, and `udp` or `tcp` for what was no HTTP.
    pub(crate) fn heard(&self) -> Vec<String> {
        let mut heard = self.heard.lock().clone();
        heard.sort();
        heard.dedup();
        heard
    }
}

async fn hear(mut stream: TcpStream, heard: Arc<Mutex<Vec<String>>>) {
    let mut bytes = [0; 2048];
    let length = stream.read(&mut bytes).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..length]);
    let path = text.split(' ').nth(1).filter(|path| path.starts_with('/'));
    heard.lock().push(path.unwrap_or("tcp").to_owned());
    let _ = stream.write_all(ESCAPED.as_bytes()).await;
}

/// The site that may be visited.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) reports: mpsc::Receiver<String>,
    _task: JoinSet<()>,
}

impl Origin {
    pub(crate) async fn start(canary: &Canary) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (report, reports) = mpsc::channel(1);
        let ports = (canary.tcp.port(), canary.udp.port());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(serve(stream, ports, report.clone()));
            }
        });
        Self { address, reports, _task: task }
    }
}

async fn serve(mut stream: TcpStream, (tcp, udp): (u16, u16), report: mpsc::Sender<String>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let fill = |text: &str| text.replace("TCP", &tcp.to_string()).replace("UDP", &udp.to_string());
    let page = |kind, body| ("200 OK", kind, String::new(), body);
    let moved = |to: &str| {
        let there = format!("Location: http://{to}:{tcp}{}\r\n", request.path);
        ("302 Found", "text/plain", there, String::new())
    };
    let found = match request.path.as_str() {
        "/" => page("text/html", fill(include_str!("page.html"))),
        "/worker.js" => page("text/javascript", fill(include_str!("worker.js"))),
        "/redirect" => moved("evil.test"),
        "/redirect-to-address" => moved("127.0.0.1"),
        "/report" => {
            // A second report has nobody waiting for it.
            let _ = report.try_send(request.body);
            page("text/plain", String::new())
        }
        _ => page("text/plain", String::new()),
    };
    answer(&mut stream, found).await;
}
