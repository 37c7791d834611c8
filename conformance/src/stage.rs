//! A session of a driver's own client against a fake target, with the clock standing still
//! but for what is waited for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{
    BoxedStream, ClientSession, Dial, EngineKind, Files, Host, HostKey, Input, Plan, Screen,
    SessionError, Step, Viewport,
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{Subject, TestCx};

mod target;

pub(crate) use target::Target;

/// Longer than every limit that a client may have until something shows.
const PATIENCE: Duration = Duration::from_secs(600);
/// How soon a connection is closed whose session was dropped.
const CUT_WITHIN: Duration = Duration::from_secs(5);
/// Bytes on the way to or from a target.
const PIPE: usize = 16 * 1024;
/// Events that a client may leave unread.
const INPUTS: usize = 64;

/// What became of a session.
pub(crate) struct Stage {
    /// How it ended by itself, if it did.
    pub(crate) ending: Option<Result<(), SessionError>>,
    /// Whether the viewers saw something.
    pub(crate) shown: bool,
    /// How many connections it opened.
    pub(crate) dialled: usize,
    /// Whether they were all closed soon after the session was dropped.
    pub(crate) cut: bool,
    /// Most memory it took while the target sent, in bytes.
    pub(crate) growth: usize,
    said: String,
}

impl Stage {
    /// Plays a request's session for ten minutes at most.
    ///
    /// # Errors
    /// When there is no plan or no client for it.
    pub(crate) async fn play(
        subject: &Subject,
        request: &Map<String, Value>,
        target: Target,
    ) -> Result<Self, String> {
        Self::play_for(subject, request, target, PATIENCE).await
    }

    /// The same, dropped after another time.
    pub(crate) async fn play_for(
        subject: &Subject,
        request: &Map<String, Value>,
        target: Target,
        patience: Duration,
    ) -> Result<Self, String> {
        let fake = Arc::new(Fake::of(target));
        let cx = TestCx::new(EngineKind::Embedded).dialled_by(fake.clone());
        let client = subject.driver.client().ok_or("the driver has no client")?;
        let plan = subject.plan(request, &cx).await.map_err(|error| error.to_string())?;
        let audience = Arc::new(Audience::default());
        let (keyboard, session) = session(plan, client.parameters(), audience.clone());
        let ending = timeout(patience, client.run(session)).await.ok();
        let cut = timeout(CUT_WITHIN, fake.all_closed()).await.is_ok();
        drop(keyboard);
        cx.release().await;
        let shown = *audience.shown.lock();
        let said = std::mem::take(&mut *audience.said.lock());
        let (dialled, growth) = (*fake.dialled.borrow(), fake.growth.load(Ordering::Relaxed));
        Ok(Self { ending, shown, dialled, cut, growth, said })
    }

    /// All words of the session: steps, titles, copied text, its error.
    pub(crate) fn told(&self) -> String {
        let error = self.ending.as_ref().and_then(|ending| ending.as_ref().err());
        format!("{} {error:?}", self.said)
    }
}

fn session(
    mut plan: Plan,
    known: &[&str],
    audience: Arc<Audience>,
) -> (mpsc::Sender<Input>, ClientSession) {
    plan.parameters.retain(|parameter| known.contains(&parameter.name));
    let (keyboard, input) = mpsc::channel(INPUTS);
    let viewport = Viewport { width: 800, height: 600, dpi: 96 };
    let larger = Viewport { width: 1000, ..viewport };
    let key = |pressed| Input::Key { keysym: u32::from('a'), pressed };
    for event in [key(true), key(false), Input::Resize(larger)] {
        // There is room: nobody else has sent anything yet.
        let _ = keyboard.try_send(event);
    }
    let (parameters, target) = (plan.parameters, plan.target);
    (keyboard, ClientSession { parameters, target, viewport, input, host: audience })
}

/// The world around a session: trusts every host key, and notes all words.
#[derive(Default)]
struct Audience {
    shown: Mutex<bool>,
    said: Mutex<String>,
}

impl Audience {
    fn note(&self, words: &str) {
        let mut said = self.said.lock();
        said.push_str(words);
        said.push('\n');
    }
}

#[async_trait]
impl Host for Audience {
    fn show(&self, _: Arc<dyn Screen>) {
        *self.shown.lock() = true;
    }

    fn changed(&self) {}

    fn clipboard(&self, text: String) {
        self.note(&text);
    }

    fn title(&self, title: String) {
        self.note(&title);
    }

    fn bell(&self) {}

    fn files(&self, _: Files) {}

    fn step(&self, step: Step) {
        self.note(&step.name);
    }

    async fn verify_host_key(&self, _: HostKey) -> Result<(), SessionError> {
        Ok(())
    }
}

/// Where all connections lead to the same fake target.
struct Fake {
    target: Target,
    /// How many were opened.
    dialled: watch::Sender<usize>,
    /// How many the client has closed.
    closed: Arc<watch::Sender<usize>>,
    growth: Arc<AtomicUsize>,
    running: Mutex<JoinSet<()>>,
}

impl Fake {
    fn of(target: Target) -> Self {
        Self {
            target,
            dialled: watch::Sender::new(0),
            closed: Arc::default(),
            growth: Arc::default(),
            running: Mutex::default(),
        }
    }

    async fn all_closed(&self) {
        let dialled = *self.dialled.borrow();
        // Cannot fail: the sender is here.
        let _ = self.closed.subscribe().wait_for(|closed| *closed >= dialled).await;
    }
}

#[async_trait]
impl Dial for Fake {
    async fn dial(&self) -> io::Result<BoxedStream> {
        if self.target == Target::Refuses {
            self.dialled.send_modify(|count| *count += 1);
            self.closed.send_modify(|count| *count += 1);
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = tokio::io::duplex(PIPE);
        self.dialled.send_modify(|count| *count += 1);
        let (target, growth, closed) = (self.target, self.growth.clone(), self.closed.clone());
        self.running.lock().spawn(async move {
            target.serve(ours, &growth).await;
            closed.send_modify(|count| *count += 1);
        });
        Ok(Box::new(theirs))
    }
}
