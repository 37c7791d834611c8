//! A guacd that does what a test tells it to, on a real socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{BoxedStream, HostKey, Plan, SessionError, Step, Viewport};
use fanlight_engine::guacd::{GuacdAddress, GuacdConfig, GuacdEngine};
use fanlight_engine::link::{
    Engine, EngineSession, Link, LinkReader, Opening, Services, Viewer, ViewerAccess,
};
use fanlight_engine::wire::{Decoder, Limits, instruction};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const ID: &str = "$0b5ee0a2-6f1c-4c56-9f4f-6f1d1c0ffee0";

/// Waits, but not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("takes too long")
}

pub(crate) struct FakeGuacd {
    listener: TcpListener,
    pub(crate) port: u16,
}

impl FakeGuacd {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    pub(crate) fn address(&self) -> GuacdAddress {
        GuacdAddress { host: "127.0.0.1".into(), port: self.port, tls: None }
    }

    /// The next connection on which somebody speaks; health checks do not.
    pub(crate) async fn accept(&self) -> Conversation {
        let speaks = async {
            loop {
                let (stream, _) = self.listener.accept().await.unwrap();
                if stream.peek(&mut [0; 1]).await.unwrap_or(0) > 0 {
                    return Conversation::new(Box::new(stream));
                }
            }
        };
        soon(speaks).await
    }
}

pub(crate) struct Conversation {
    stream: BoxedStream,
    decoder: Decoder,
    /// Instructions of the handshake, in order.
    pub(crate) said: VecDeque<(String, Vec<String>)>,
}

impl Conversation {
    pub(crate) fn new(stream: BoxedStream) -> Self {
        Self { stream, decoder: Decoder::new(Limits::default()), said: VecDeque::new() }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    pub(crate) async fn say_raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// The next instruction; `None` at the end.
    pub(crate) async fn hear(&mut self) -> Option<(String, Vec<String>)> {
        let mut piece = [0; 512];
        loop {
            if let Some(found) = self.decoder.next_instruction().unwrap() {
                let args = found.args.iter().map(|text| (*text).to_owned()).collect();
                return Some((found.opcode.to_owned(), args));
            }
            let length = soon(self.stream.read(&mut piece)).await.unwrap_or(0);
            if length == 0 {
                return None;
            }
            self.decoder.feed(&piece[..length]);
        }
    }

    /// The next instruction's arguments; it has to be `opcode`.
    pub(crate) async fn expect(&mut self, opcode: &str) -> Vec<String> {
        let (heard, args) = self.hear().await.expect("hung up");
        assert_eq!(heard, opcode, "{args:?}");
        args
    }

    /// The timestamp of the next `sync`, whatever comes before it.
    pub(crate) async fn acknowledged(&mut self) -> String {
        loop {
            let (opcode, mut args) = self.hear().await.expect("hung up");
            if opcode == "sync" {
                return args.remove(0);
            }
        }
    }

    /// Answers `select` with `args`, and hears the rest up to `connect`.
    pub(crate) async fn greet(&mut self, args: &[&str]) -> (String, Vec<String>) {
        let selected = self.expect("select").await.remove(0);
        let list = instruction("args", args);
        self.say_raw(&list).await.unwrap();
        loop {
            let (opcode, args) = self.hear().await.expect("hung up");
            if opcode == "connect" {
                return (selected, args);
            }
            self.said.push_back((opcode, args));
        }
    }

    /// The whole handshake, and `more` right behind `ready`.
    pub(crate) async fn start(&mut self, args: &[&str], more: &str) -> (String, Vec<String>) {
        let greeted = self.greet(args).await;
        let ready = instruction("ready", &[ID]);
        let both = [&ready[..], more.as_bytes()].concat();
        self.say_raw(&both).await.unwrap();
        greeted
    }
}

pub(crate) const SSH: [&str; 4] = ["VERSION_1_3_0", "hostname", "port", "read-only"];

pub(crate) struct NoServices;

#[async_trait]
impl Services for NoServices {
    fn step(&self, _: Step) {}

    async fn verify_host_key(&self, _: HostKey) -> Result<(), SessionError> {
        Ok(())
    }
}

pub(crate) fn config(addresses: Vec<GuacdAddress>) -> GuacdConfig {
    GuacdConfig {
        connect_timeout: Duration::from_secs(1),
        handshake_timeout: Duration::from_secs(1),
        check_interval: Duration::from_millis(100),
        silence_limit: Duration::from_secs(1),
        keep_alive: Duration::from_millis(200),
        ..GuacdConfig::new(addresses)
    }
}

pub(crate) fn opening(plan: Plan) -> Opening {
    Opening {
        plan,
        viewport: Viewport { width: 800, height: 600, dpi: 96 },
        timezone: Some("Europe/Berlin".into()),
        client: None,
        services: Arc::new(NoServices),
    }
}

pub(crate) fn plan() -> Plan {
    Plan::new("ssh").set("hostname", "10.0.0.5").set("port", "22")
}

pub(crate) fn viewer(access: ViewerAccess) -> Viewer {
    Viewer { viewport: Viewport { width: 1000, height: 700, dpi: 96 }, access }
}

/// An engine with `guacd` alone, a session of it, and guacd's end of the primary, with
/// `more` right behind `ready`.
pub(crate) async fn session(
    guacd: &FakeGuacd,
    more: &str,
) -> (Arc<GuacdEngine>, Arc<dyn EngineSession>, Conversation) {
    let engine = GuacdEngine::new(config(vec![guacd.address()])).unwrap();
    let serve = async {
        let mut conversation = guacd.accept().await;
        conversation.start(&SSH, more).await;
        conversation
    };
    let (session, conversation) = tokio::join!(engine.open(opening(plan())), serve);
    (engine, session.unwrap(), conversation)
}

pub(crate) async fn owner(session: &Arc<dyn EngineSession>) -> Link {
    session.view(viewer(ViewerAccess::Own)).await.unwrap()
}

/// Joins as `access`; guacd's end of the new leg, and the arguments of its `connect`.
pub(crate) async fn joined(
    guacd: &FakeGuacd,
    session: &Arc<dyn EngineSession>,
    access: ViewerAccess,
    picture: &str,
) -> (Link, Conversation, Vec<String>) {
    let serve = async {
        let mut conversation = guacd.accept().await;
        let (selected, values) = conversation.start(&SSH, picture).await;
        assert_eq!(selected, ID);
        (conversation, values)
    };
    let (link, (conversation, values)) = tokio::join!(session.view(viewer(access)), serve);
    (link.unwrap(), conversation, values)
}

pub(crate) async fn next(reader: &mut Box<dyn LinkReader>) -> String {
    let bytes = soon(reader.next()).await.unwrap().expect("the end");
    String::from_utf8(bytes.to_vec()).unwrap()
}
