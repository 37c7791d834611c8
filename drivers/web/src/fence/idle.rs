use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep_until};

/// Carries bytes both ways until both sides are done, or nothing was read or written for
/// `limit`.
pub(super) async fn carry<A, B>(a: A, mut b: B, limit: Duration) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut a = Watched::new(a);
    let silence = a.silence(limit);
    tokio::select! {
        carried = copy_bidirectional(&mut a, &mut b) => carried.map(drop),
        () = silence => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A stream that notes when bytes went through it.
pub(super) struct Watched<S> {
    inner: S,
    last: Arc<Mutex<Instant>>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, last: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Waits until nothing has gone through it for `limit`.
    pub(super) fn silence(&self, limit: Duration) -> impl Future<Output = ()> + Send + use<S> {
        let last = Arc::clone(&self.last);
        async move {
            loop {
                let end = *last.lock() + limit;
                if end <= Instant::now() {
                    return;
                }
                sleep_until(end).await;
            }
        }
    }

    fn note(&self) {
        *self.last.lock() = Instant::now();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.note();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.note();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
