use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use fanlight_core::{BoxedStream, Cause, Dial, Endpoint, Outside, Route, SessionError, Visit};
use fanlight_driver_web::fence::{Limits, Proxy, Rules};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The hosts that there are, and what was asked of them.
#[derive(Default)]
pub(crate) struct World {
    hosts: Mutex<HashMap<String, SocketAddr>>,
    pub(crate) reached: Mutex<Vec<String>>,
    pub(crate) visits: Mutex<Vec<(String, bool)>>,
    /// Browsers try HTTPS first: where it is refused they need not wait for an answer.
    pub(crate) http_only: AtomicBool,
}

impl World {
    pub(crate) fn add(&self, name: &str, address: SocketAddr) {
        self.hosts.lock().insert(name.to_owned(), address);
    }

    pub(crate) fn reached(&self) -> Vec<String> {
        self.reached.lock().clone()
    }
}

struct To(SocketAddr);

#[async_trait]
impl Dial for To {
    async fn dial(&self) -> io::Result<BoxedStream> {
        Ok(Box::new(TcpStream::connect(self.0).await?))
    }
}

#[async_trait]
impl Outside for World {
    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        self.reached.lock().push(endpoint.to_string());
        let Endpoint::Tcp(host, port) = endpoint else { panic!("{endpoint}") };
        if self.http_only.load(Ordering::Relaxed) && *port == 443 {
            return Err(SessionError::new(Cause::Refused, "There is no HTTPS."));
        }
        let found = self.hosts.lock().get(host.as_str()).copied();
        let denied = || SessionError::new(Cause::Denied, "The network rules say no.");
        let address = found.ok_or_else(denied)?;
        let (endpoint, dialer) = (endpoint.clone(), Arc::new(To(address)));
        Ok(Route { endpoint, address: Some(address), tunnelled: false, dialer })
    }

    async fn visited(&self, visit: Visit) {
        self.visits.lock().push((visit.host, visit.allowed));
    }
}

/// A proxy on loopback, and the world behind it.
pub(crate) struct Fenced {
    pub(crate) world: Arc<World>,
    pub(crate) serving: JoinHandle<()>,
    address: SocketAddr,
}

impl Fenced {
    pub(crate) async fn with(domains: &[&str], limits: Limits) -> Self {
        let rules = match domains {
            [] => Rules::open(),
            some => Rules::only(some.iter().map(|domain| domain.parse().unwrap()).collect()),
        };
        let world = Arc::new(World::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::new(rules, Arc::clone(&world) as Arc<dyn Outside>, limits);
        Self::serving(world, proxy, listener)
    }

    pub(crate) fn serving(world: Arc<World>, proxy: Proxy, listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        Self { world, serving: tokio::spawn(proxy.serve(listener)), address }
    }

    pub(crate) async fn to(domains: &[&str]) -> Self {
        Self::with(domains, Limits::default()).await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request` on a connection of its own, and reads all that comes.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // A proxy that hangs up on nonsense may do so before all was read.
        let _ = stream.read_to_end(&mut said).await;
        String::from_utf8_lossy(&said).into_owned()
    }

    /// A tunnel to `authority`.
    pub(crate) async fn tunnel(&self, authority: &str) -> TcpStream {
        let mut stream = self.connect().await;
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        stream
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A host that says what it heard, or echoes; it ends with its drop.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Site {
    /// Answers every request, after its head came, with `response`.
    pub(crate) async fn answering(response: &'static str) -> Self {
        Self::start(move |mut stream, heard| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            heard.lock().push(String::from_utf8(head).unwrap());
            let _ = stream.write_all(response.as_bytes()).await;
        })
        .await
    }

    /// Says everything back.
    pub(crate) async fn echoing() -> Self {
        Self::start(|mut stream, _| async move {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        })
        .await
    }

    async fn start<F, T>(serve: F) -> Self
    where
        F: Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let noting = Arc::clone(&heard);
        let serving = tokio::spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(serve(stream, Arc::clone(&noting)));
            }
        });
        Self { address, heard, serving }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A request, as far as tests look at it.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) body: String,
}

/// Reads one request with its body.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let value = |name: &str| {
                let of_name = |line: &str| {
                    let (key, value) = line.split_once(": ")?;
                    key.eq_ignore_ascii_case(name).then(|| value.to_owned())
                };
                head.lines().find_map(of_name)
            };
            let length = value("content-length").and_then(|length| length.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let mut words = head.split(' ').map(str::to_owned);
                let (method, path) = (words.next()?, words.next()?);
                let host = value("host")?;
                return Some(Request { method, path, host, body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// Status, content type, further header lines and body.
pub(crate) type Answer<'a> = (&'a str, &'a str, String, String);

pub(crate) async fn answer(stream: &mut TcpStream, (status, kind, headers, body): Answer<'_>) {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{headers}\r\n{body}"
    );
    // Whoever asked may have gone.
    let _ = stream.write_all(text.as_bytes()).await;
}
