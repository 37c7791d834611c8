use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fanlight_core::BoxedStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::DoorLimits;
use crate::host::EmbeddedSession;
use crate::link::{Link, LinkReader, LinkWriter};
use crate::wire::{Framer, Limits};

/// Bytes of one read.
const PIECE: usize = 16 * 1024;
/// As often as guacd says something.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
const NOP: Bytes = Bytes::from_static(b"3.nop;");

/// A client in its place in a session.
pub(super) struct Guest {
    pub(super) stream: BoxedStream,
    /// What came right behind `connect`.
    pub(super) received: BytesMut,
    /// Held by all its guests: it ends with the last one.
    pub(super) session: Arc<EmbeddedSession>,
    pub(super) link: Link,
}

/// Relays between a client and its session until one of them ends.
pub(super) async fn serve(guest: Guest, limits: DoorLimits) {
    let Guest { stream, received, session, link } = guest;
    let (mut source, mut sink) = tokio::io::split(stream);
    let Link { mut reader, mut writer } = link;
    tokio::select! {
        () = bring(&mut *reader, &mut sink, limits) => {}
        () = take(&mut source, received, &mut *writer, limits) => {}
    }
    // Who has gone already needs no goodbye.
    let _ = timeout(limits.send, sink.shutdown()).await;
    drop((reader, writer));
    drop(session);
}

/// From the session to the client, and a sign of life where there is nothing: some clients
/// take ten seconds of silence for the end. The link says goodbye itself.
async fn bring(reader: &mut dyn LinkReader, sink: &mut WriteHalf<BoxedStream>, limits: DoorLimits) {
    loop {
        let bytes = match timeout(SIGN_OF_LIFE, reader.next()).await {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => NOP,
        };
        let sent = timeout(limits.send, async {
            sink.write_all(&bytes).await?;
            sink.flush().await
        });
        if !matches!(sent.await, Ok(Ok(()))) {
            return;
        }
    }
}

/// From the client to the session.
async fn take(
    source: &mut ReadHalf<BoxedStream>,
    mut buffer: BytesMut,
    writer: &mut dyn LinkWriter,
    limits: DoorLimits,
) {
    let mut framer = Framer::new(Limits::default());
    loop {
        match framer.take(&mut buffer) {
            Ok(whole) if whole.is_empty() => {}
            Ok(whole) => match writer.send(whole).await {
                Ok(()) => continue,
                Err(_) => return,
            },
            Err(error) => {
                tracing::debug!(%error, "a client of guacd's protocol sent what is no instruction");
                return;
            }
        }
        buffer.reserve(PIECE);
        match timeout(limits.idle, source.read_buf(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            _ => return,
        }
    }
}
