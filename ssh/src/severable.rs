use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use fanlight_core::BoxedStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A stream that breaks when a token is cancelled. russh's task lives as long as its
/// stream, even while it waits for a peer that reads nothing.
pub struct Severable {
    stream: BoxedStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Severable {
    /// `stream`, until `cut` is cancelled.
    pub fn new(stream: BoxedStream, cut: CancellationToken) -> Self {
        Self { stream, cut: Box::pin(cut.cancelled_owned()) }
    }

    /// The stream, unless it is cut; being cut later wakes the task.
    fn poll_whole(&mut self, cx: &mut Context<'_>) -> io::Result<Pin<&mut BoxedStream>> {
        match self.cut.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(Pin::new(&mut self.stream)),
        }
    }
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_whole(cx)?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_whole(cx)?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_whole(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_whole(cx)?.poll_shutdown(cx)
    }
}
