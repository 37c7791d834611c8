//! What every test here stands on: a client moved by hand, a picture that counts, and
//! viewers that answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{
    Canvas, ClientSession, Color, EngineClient, Host, HostKey, Input, Layer, Painter, Plan, Rect,
    Screen, SessionError, Step, ViewerId, Viewport,
};
use fanlight_engine::host::EmbeddedEngine;
use fanlight_engine::link::{
    Engine, EngineSession, Link, LinkReader, LinkWriter, Opening, Services, Viewer, ViewerAccess,
};
use fanlight_engine::wire::instruction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub(crate) const SOON: Duration = Duration::from_secs(5);
/// Long enough for anything that is going to come to have come.
pub(crate) const QUIET: Duration = Duration::from_millis(150);

/// A client whose strings the test pulls.
#[derive(Default)]
pub(crate) struct Puppet {
    strings: Mutex<Option<oneshot::Sender<Strings>>>,
    pub(crate) gone: Arc<AtomicBool>,
}

pub(crate) struct Strings {
    pub(crate) session: ClientSession,
    pub(crate) end: oneshot::Sender<Result<(), SessionError>>,
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl EngineClient for Puppet {
    fn parameters(&self) -> &'static [&'static str] {
        &["colour"]
    }

    async fn run(&self, session: ClientSession) -> Result<(), SessionError> {
        let _gone = SetOnDrop(self.gone.clone());
        let strings = self.strings.lock().unwrap().take().unwrap();
        let (end, ended) = oneshot::channel();
        strings.send(Strings { session, end }).ok().unwrap();
        ended.await.expect("the puppet's strings were cut")
    }
}

pub(crate) struct Quiet;

#[async_trait]
impl Services for Quiet {
    fn step(&self, _: Step) {}

    async fn verify_host_key(&self, _: HostKey) -> Result<(), SessionError> {
        Ok(())
    }
}

/// A session with the puppet's end of it.
pub(crate) struct Stand {
    pub(crate) session: Arc<dyn EngineSession>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) input: mpsc::Receiver<Input>,
    pub(crate) parameters: fanlight_core::Parameters,
    pub(crate) end: oneshot::Sender<Result<(), SessionError>>,
    pub(crate) gone: Arc<AtomicBool>,
}

pub(crate) fn opening(plan: Plan, client: Arc<dyn EngineClient>) -> Opening {
    Opening {
        plan,
        viewport: Viewport::default(),
        timezone: None,
        client: Some(client),
        services: Arc::new(Quiet),
    }
}

pub(crate) async fn stand(plan: Plan) -> Stand {
    let (sender, receiver) = oneshot::channel();
    let puppet = Arc::new(Puppet::default());
    *puppet.strings.lock().unwrap() = Some(sender);
    let gone = puppet.gone.clone();
    let session = EmbeddedEngine::new().open(opening(plan, puppet)).await.unwrap();
    let Strings { session: inner, end } = timeout(SOON, receiver).await.unwrap().unwrap();
    let ClientSession { host, input, parameters, .. } = inner;
    Stand { session, host, input, parameters, end, gone }
}

impl Stand {
    pub(crate) async fn viewer(&self, access: ViewerAccess) -> Seat {
        let viewer = Viewer { viewport: Viewport::default(), access };
        let Link { reader, writer } = self.session.view(viewer).await.unwrap();
        Seat { reader, writer }
    }

    /// Everything that reached the client, but for the owner's first size.
    pub(crate) async fn inputs(&mut self) -> Vec<Input> {
        let mut inputs = Vec::new();
        while let Ok(Some(input)) = timeout(QUIET, self.input.recv()).await {
            inputs.push(input);
        }
        inputs.retain(|input| *input != Input::Resize(Viewport::default()));
        inputs
    }
}

/// A viewer.
pub(crate) struct Seat {
    pub(crate) reader: Box<dyn LinkReader>,
    pub(crate) writer: Box<dyn LinkWriter>,
}

impl Seat {
    /// The next instructions.
    pub(crate) async fn next(&mut self) -> String {
        let bytes = timeout(SOON, self.reader.next()).await.expect("nothing came").unwrap();
        String::from_utf8(bytes.expect("the link ended").to_vec()).unwrap()
    }

    /// The next frame of the picture.
    pub(crate) async fn frame(&mut self) -> String {
        loop {
            let text = self.next().await;
            if text.contains("4.sync,") {
                return text;
            }
        }
    }

    pub(crate) async fn hears_nothing(&mut self) -> bool {
        timeout(QUIET, self.reader.next()).await.is_err()
    }

    pub(crate) async fn send(&mut self, opcode: &str, arguments: &[&str]) {
        self.writer.send(instruction(opcode, arguments).freeze()).await.unwrap();
    }

    pub(crate) async fn acknowledge(&mut self, frame: &str) {
        let stamp = stamp(frame);
        self.send("sync", &[&stamp]).await;
    }

    pub(crate) async fn paste(&mut self, text: &[u8]) {
        self.send("clipboard", &["7", "text/plain"]).await;
        for chunk in text.chunks(6048) {
            let encoded = base64_simd::STANDARD.encode_to_string(chunk);
            self.send("blob", &["7", &encoded]).await;
        }
        self.send("end", &["7"]).await;
    }
}

/// All instructions, split into their elements: an independent reading of the protocol,
/// with lengths in code points.
pub(crate) fn elements(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut rest) = (Vec::new(), Vec::new(), text.chars());
    loop {
        let digits: String = rest.by_ref().take_while(|c| *c != '.').collect();
        if digits.is_empty() {
            return all;
        }
        words.push(rest.by_ref().take(digits.parse().unwrap()).collect());
        match rest.next().unwrap() {
            ',' => {}
            ';' => all.push(std::mem::take(&mut words)),
            other => panic!("{other} after an element"),
        }
    }
}

fn stamp(frame: &str) -> String {
    let sync = elements(frame).into_iter().find(|words| words[0] == "sync");
    sync.expect("no sync in the frame")[1].clone()
}

/// A picture that is a number: the colour of its one layer. Each frame has as many
/// rectangles as `weight`.
pub(crate) struct Number {
    value: AtomicU64,
    weight: u32,
}

impl Number {
    pub(crate) fn new(weight: u32) -> Arc<Self> {
        Arc::new(Self { value: AtomicU64::new(1), weight })
    }

    pub(crate) fn set(&self, value: u64, host: &dyn Host) {
        self.value.store(value, Ordering::SeqCst);
        host.changed();
    }
}

/// Shows a picture that its painter shares.
pub(crate) struct Shown(pub(crate) Arc<Number>);

impl Screen for Shown {
    fn painter(&self, _: ViewerId) -> Box<dyn Painter> {
        Box::new(NumberPainter { number: self.0.clone(), seen: 0 })
    }
}

struct NumberPainter {
    number: Arc<Number>,
    seen: u64,
}

impl Painter for NumberPainter {
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool {
        let value = self.number.value.load(Ordering::SeqCst);
        if value == self.seen {
            return false;
        }
        if self.seen == 0 {
            canvas.size(Layer::DEFAULT, 640, 480);
        }
        self.seen = value;
        let [.., r, g, b] = value.to_be_bytes();
        for row in 0..self.number.weight {
            let y = i32::try_from(row * 2).unwrap();
            let rect = Rect { x: 0, y, width: 640, height: 1 };
            canvas.fill(Layer::DEFAULT, rect, Color { r, g, b });
        }
        true
    }
}

/// The colour that a frame ends with, as the number it stands for.
pub(crate) fn number(frame: &str) -> u64 {
    let last = elements(frame).into_iter().rfind(|words| words[0] == "cfill");
    let last = last.expect("no fill in the frame");
    let channel = |index: usize| last[index].parse::<u64>().unwrap();
    (channel(3) << 16) + (channel(4) << 8) + channel(5)
}
