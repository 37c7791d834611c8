use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::message::{Answer, CdpError, Command, Event, Incoming};

/// Longest message, bytes: a screenshot of a large window, in base64.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Commands that may wait to be written.
const OUTGOING: usize = 256;

/// Events, in their order. It ends with the connection, or when its reader is too slow.
pub type Subscription = mpsc::Receiver<Arc<Event>>;

/// A connection to one browser. Dropping it closes the pipe, which ends the browser.
pub struct Connection {
    shared: Arc<Shared>,
    limit: Duration,
    _tasks: JoinSet<()>,
}

struct Shared {
    next: AtomicU64,
    outgoing: mpsc::Sender<Vec<u8>>,
    waiting: Mutex<HashMap<u64, OnAnswer>>,
    listeners: Mutex<Vec<Listener>>,
    closed: CancellationToken,
}

type OnAnswer = Box<dyn FnOnce(Answer) + Send>;
/// Says whether it wants to hear more.
type Listener = Box<dyn FnMut(&Arc<Event>) -> bool + Send>;

impl Connection {
    /// Speaks over the pipe's two ends; each command may take `limit`.
    pub fn new<R, W>(reader: R, writer: W, limit: Duration) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (outgoing, commands) = mpsc::channel(OUTGOING);
        let shared = Arc::new(Shared {
            next: AtomicU64::new(1),
            outgoing,
            waiting: Mutex::default(),
            listeners: Mutex::default(),
            closed: CancellationToken::new(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(read(BufReader::new(reader), Arc::clone(&shared)));
        tasks.spawn(write(writer, commands, shared.closed.clone()));
        Self { shared, limit, _tasks: tasks }
    }

    /// Has a command carried out, in a session or, without one, by the browser.
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, CdpError> {
        let (answer, answered) = oneshot::channel();
        let said = async {
            let _asked = self
                .send(session, method, params, move |said| {
                    // Whoever asked may have gone.
                    let _ = answer.send(said);
                })
                .await?;
            tokio::select! {
                biased;
                said = answered => said.map_err(|_| CdpError::Closed),
                () = self.closed() => Err(CdpError::Closed),
            }
        };
        let late = |_| CdpError::TimedOut(method.to_owned());
        let answer = timeout(self.limit, said).await.map_err(late)??;
        match answer.error {
            None => Ok(answer.result),
            Some(fault) => {
                Err(CdpError::Refused { method: method.to_owned(), message: fault.message })
            }
        }
    }

    /// Gives a command without waiting for what becomes of it: the browser carries out what
    /// it is told in that order, and may take as long as a page does.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn tell(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<(), CdpError> {
        self.send(session, method, params, |_| {}).await.map(drop)
    }

    /// Asks, and calls `on_answer` in the order in which the browser answers and tells
    /// events. Whoever drops what is returned is not answered any more.
    pub(super) async fn send(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
        on_answer: impl FnOnce(Answer) + Send + 'static,
    ) -> Result<Asked, CdpError> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let command = Command { id, method, params, session };
        let mut bytes = serde_json::to_vec(&command).map_err(|_| CdpError::Closed)?;
        bytes.push(0);
        self.shared.waiting.lock().insert(id, Box::new(on_answer));
        let asked = Asked { id, shared: Arc::clone(&self.shared) };
        self.shared.outgoing.send(bytes).await.map_err(|_| CdpError::Closed)?;
        Ok(asked)
    }

    /// The events that `wants` says yes to, from now on. One whose reader falls `room`
    /// behind gets no more.
    pub fn subscribe(
        &self,
        room: usize,
        mut wants: impl FnMut(&Event) -> bool + Send + 'static,
    ) -> Subscription {
        let (events, subscription) = mpsc::channel(room);
        self.listen(move |event| !wants(event) || events.try_send(Arc::clone(event)).is_ok());
        subscription
    }

    /// Calls `listener` with each event, until it says no.
    pub(super) fn listen(&self, listener: impl FnMut(&Arc<Event>) -> bool + Send + 'static) {
        if !self.shared.closed.is_cancelled() {
            self.shared.listeners.lock().push(Box::new(listener));
        }
    }

    /// Waits until the browser is gone.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }
}

/// A command that was sent. Its drop forgets it.
pub(super) struct Asked {
    id: u64,
    shared: Arc<Shared>,
}

impl Asked {
    /// Whether it is still to be answered.
    pub(super) fn is_open(&self) -> bool {
        self.shared.waiting.lock().contains_key(&self.id)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.shared.waiting.lock().remove(&self.id);
    }
}

impl Shared {
    fn take(&self, message: &[u8]) -> io::Result<()> {
        match serde_json::from_slice(message)? {
            Incoming::Answer(answer) => {
                let waiting = self.waiting.lock().remove(&answer.id);
                if let Some(on_answer) = waiting {
                    on_answer(answer);
                }
            }
            Incoming::Event(event) => self.tell(&Arc::new(event)),
        }
        Ok(())
    }

    fn tell(&self, event: &Arc<Event>) {
        self.listeners.lock().retain_mut(|listener| listener(event));
    }
}

async fn read<R: AsyncBufRead + Send + Unpin>(mut reader: R, shared: Arc<Shared>) {
    let reading = async {
        let mut message = Vec::new();
        loop {
            message.clear();
            (&mut reader).take(LONGEST).read_until(0, &mut message).await?;
            if message.pop() != Some(0) {
                return Ok::<(), io::Error>(());
            }
            shared.take(&message)?;
        }
    };
    if let Err(error) = reading.await {
        tracing::warn!(%error, "what a browser said could not be understood");
    }
    shared.closed.cancel();
    shared.listeners.lock().clear();
}

async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut commands: mpsc::Receiver<Vec<u8>>,
    closed: CancellationToken,
) {
    while let Some(command) = commands.recv().await {
        if writer.write_all(&command).await.is_err() || writer.flush().await.is_err() {
            closed.cancel();
            return;
        }
    }
}
