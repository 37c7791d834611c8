use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use futures_util::future::Either;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Accepts connections while there are fewer than the limit; closes the others at once.
/// A WebSocket counts for as long as it lives.
#[derive(Clone)]
pub(super) struct Limited<A> {
    places: Arc<Semaphore>,
    inner: A,
}

impl<A> Limited<A> {
    pub(super) fn new(limit: usize, inner: A) -> Self {
        Self { places: Arc::new(Semaphore::new(limit)), inner }
    }
}

type Refused<T> = Ready<io::Result<T>>;

impl<A, S> Accept<TcpStream, S> for Limited<A>
where
    A: Accept<Held, S>,
{
    type Stream = A::Stream;
    type Service = A::Service;
    type Future = Either<Refused<(A::Stream, A::Service)>, A::Future>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("the limit of connections is reached");
            return Either::Left(ready(Err(io::Error::other("too many connections"))));
        };
        // Small drawing instructions must not wait for more to come.
        if let Err(error) = stream.set_nodelay(true) {
            return Either::Left(ready(Err(error)));
        }
        Either::Right(self.inner.accept(Held { stream, _place: place }, service))
    }
}

/// A connection with its place.
pub(super) struct Held {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
