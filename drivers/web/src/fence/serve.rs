use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::proxy::Proxy;

/// How long to wait when the system has no descriptors left.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// One of the connections that a session may have; a tunnel keeps it.
pub(super) type Place = Arc<OwnedSemaphorePermit>;

/// What one session's browser may ask of its proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time. Chromium opens 32 to one proxy, and WebSockets besides.
    pub connections: usize,
    /// Time for a request's head, and between requests.
    pub head: Duration,
    /// Time without a byte to or from a host after which the connection to it is closed.
    pub idle: Duration,
    /// Headers of one request.
    pub headers: usize,
    /// Bytes of one request's head; at least 8 KiB.
    pub head_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            head: Duration::from_secs(60),
            idle: Duration::from_secs(3600),
            headers: 100,
            head_size: 64 * 1024,
        }
    }
}

/// Ends what the proxy began, also when `serve` is dropped.
struct CutOnDrop(Arc<Proxy>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut.cancel();
    }
}

impl Proxy {
    /// Serves the session's browser. Never returns; dropping the future ends every
    /// connection.
    pub async fn serve(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let proxy = CutOnDrop(Arc::new(self));
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(AFTER_FAILED_ACCEPT).await;
                continue;
            };
            // One too many is dropped: a browser opens far fewer.
            if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                proxy.0.spawn(Arc::clone(&proxy.0).converse(stream, Arc::new(place)));
            }
        }
    }

    async fn converse(self: Arc<Self>, stream: TcpStream, place: Place) {
        let proxy = Arc::clone(&self);
        let service = service_fn(move |request| {
            let (proxy, place) = (Arc::clone(&proxy), Arc::clone(&place));
            async move { Ok::<_, Infallible>(proxy.answer(request, place).await) }
        });
        let connection = self.http().serve_connection(TokioIo::new(stream), service);
        // What a browser breaks off is nobody's concern.
        let _ = connection.with_upgrades().await;
    }

    fn http(&self) -> http1::Builder {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_headers(self.limits.headers)
            .max_buf_size(self.limits.head_size);
        http
    }
}
