use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy, sink};
use tokio::time::sleep;

/// Bytes of a flood.
const FLOOD: usize = 24 * 1024 * 1024;
const CHUNK: usize = 16 * 1024;
const GARBAGE: usize = 64 * 1024;
/// Most bytes that are echoed, so that an echo of an echo ends.
const ECHO: u64 = 64 * 1024;
/// Where garbage begins: always the same, so that a failure can be repeated.
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const PAGE: usize = 4096;

/// A target that means no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Does not accept.
    Refuses,
    /// Accepts and hangs up.
    Closes,
    /// Accepts and says nothing.
    Silent,
    /// Says one byte a second.
    Slow,
    /// Says 64 KiB of nonsense, then nothing.
    Garbage,
    /// Says 24 MiB of one and the same letter, then nothing.
    Floods,
    /// Says what it is told.
    Echoes,
}

impl Target {
    /// Serves one connection until the client has closed it.
    pub(super) async fn serve(self, stream: DuplexStream, growth: &AtomicUsize) {
        let (mut reader, mut writer) = tokio::io::split(stream);
        // What goes wrong here is that the client hung up, which is what is waited for.
        let _ = match self {
            Self::Refuses | Self::Closes => return,
            Self::Echoes => echo(&mut reader, &mut writer).await,
            Self::Silent => listen(&mut reader).await,
            Self::Slow => beside(&mut reader, drip(&mut writer)).await,
            Self::Garbage => beside(&mut reader, babble(&mut writer)).await,
            Self::Floods => beside(&mut reader, flood(&mut writer, growth)).await,
        };
    }
}

async fn listen(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    copy(reader, &mut sink()).await.map(drop)
}

/// Reads all while it writes, as a real target does.
async fn beside(
    reader: &mut (impl AsyncRead + Unpin),
    writing: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    tokio::try_join!(listen(reader), writing).map(drop)
}

async fn echo(
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    copy(&mut reader.take(ECHO), writer).await.map(drop)
}

async fn drip(writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    loop {
        writer.write_all(b"x").await?;
        sleep(Duration::from_secs(1)).await;
    }
}

async fn babble(writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut state = SEED;
    let mut byte = || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let nonsense: Vec<u8> = (0..GARBAGE).map(|_| byte()).collect();
    writer.write_all(&nonsense).await
}

async fn flood(writer: &mut (impl AsyncWrite + Unpin), growth: &AtomicUsize) -> io::Result<()> {
    let before = memory();
    for _ in 0..FLOOD / CHUNK {
        writer.write_all(&[b'x'; CHUNK]).await?;
        growth.fetch_max(memory().saturating_sub(before), Ordering::Relaxed);
    }
    Ok(())
}

/// What this process holds in memory, in bytes (`proc_pid_statm(5)`).
fn memory() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * PAGE
}
