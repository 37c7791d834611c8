//! An engine that does what the test says, in place of guacd.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{Cause, EngineKind, SessionError};
use fanlight_engine::link::{Engine, EngineSession, Link, LinkReader, LinkWriter, Opening, Viewer};
use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};

/// One drawing instruction of 4 KiB.
pub fn paint() -> Bytes {
    Bytes::from(format!("3.img,1.0,2.14,1.0,1.0,1.0,4096.{};", "x".repeat(4096)))
}

#[derive(Default)]
pub struct ScriptedEngine {
    sessions: Mutex<Vec<Arc<Scripted>>>,
}

/// One session of it.
pub struct Scripted {
    id: String,
    pub opening: Opening,
    /// What viewers sent.
    pub received: Mutex<Vec<String>>,
    /// How many bytes viewers took.
    pub taken: AtomicUsize,
    pub viewers: AtomicUsize,
    floods: bool,
    live: broadcast::Sender<Bytes>,
    end: watch::Sender<Option<Result<(), SessionError>>>,
}

impl ScriptedEngine {
    /// The session that was opened last.
    pub fn last(&self) -> Arc<Scripted> {
        Arc::clone(self.sessions.lock().last().expect("a session was opened"))
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Guacd
    }

    async fn open(&self, opening: Opening) -> Result<Arc<dyn EngineSession>, SessionError> {
        let script = opening.plan.parameters.get("script").unwrap_or_default().to_owned();
        if script == "refuses" {
            return Err(SessionError::new(Cause::Unavailable, "The engine is down."));
        }
        let session = Arc::new(Scripted {
            id: format!("${}", uuid::Uuid::new_v4()),
            opening,
            received: Mutex::default(),
            taken: AtomicUsize::new(0),
            viewers: AtomicUsize::new(0),
            floods: script == "floods",
            live: broadcast::Sender::new(64),
            end: watch::Sender::new(None),
        });
        self.sessions.lock().push(Arc::clone(&session));
        Ok(Arc::new(Handle(session)))
    }
}

impl Scripted {
    pub fn say(&self, instructions: impl Into<Bytes>) {
        let _ = self.live.send(instructions.into());
    }

    pub fn end(&self, outcome: Result<(), SessionError>) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(outcome);
            first
        });
    }

    pub fn has_ended(&self) -> bool {
        self.end.borrow().is_some()
    }
}

struct Handle(Arc<Scripted>);

#[async_trait]
impl EngineSession for Handle {
    fn connection_id(&self) -> &str {
        &self.0.id
    }

    async fn view(&self, _: Viewer) -> Result<Link, SessionError> {
        self.0.viewers.fetch_add(1, Ordering::Relaxed);
        let session = Arc::clone(&self.0);
        let reader = Reader { greeted: false, live: session.live.subscribe(), session };
        let writer = Writer(Arc::clone(&self.0));
        Ok(Link { reader: Box::new(reader), writer: Box::new(writer) })
    }

    async fn ended(&self) -> Result<(), SessionError> {
        let mut end = self.0.end.subscribe();
        let ended = end.wait_for(Option::is_some).await.expect("the sender is here");
        ended.clone().expect("waited for it")
    }

    async fn close(&self) {
        self.0.end(Ok(()));
    }
}

struct Reader {
    greeted: bool,
    session: Arc<Scripted>,
    live: broadcast::Receiver<Bytes>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.session.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl LinkReader for Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, SessionError> {
        let mut end = self.session.end.subscribe();
        let next = if !self.greeted {
            self.greeted = true;
            Bytes::from_static(b"5.ready,1.x;")
        } else if self.session.floods && !self.session.has_ended() {
            paint()
        } else {
            tokio::select! {
                said = self.live.recv() => said.expect("the script says not too much"),
                _ = end.wait_for(Option::is_some) => return Ok(None),
            }
        };
        self.session.taken.fetch_add(next.len(), Ordering::Relaxed);
        Ok(Some(next))
    }
}

struct Writer(Arc<Scripted>);

#[async_trait]
impl LinkWriter for Writer {
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError> {
        let text = String::from_utf8(instructions.to_vec()).expect("viewers send text");
        self.0.received.lock().push(text);
        Ok(())
    }
}
