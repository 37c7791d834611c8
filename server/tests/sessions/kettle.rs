//! A driver as somebody else might write it: field names that the server has never
//! heard of, secrets inside a nested object, a target behind a Unix socket or a TCP
//! port, and its own client. Registered by this test binary alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use fanlight_core::{
    Canvas, Capabilities, Cause, ClientSession, Color, DriverInfo, Endpoint, EngineClient,
    FieldError, Hostname, Input, Layer, Painter, Plan, ProtocolDriver, Rect, Resource, Screen,
    Secret, SessionCx, SessionError, Step, Summary, ViewerId, Viewport, register_driver,
};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uuid::Uuid;

/// What was released, in order, with the session that held it.
pub static RELEASED: Mutex<Vec<(Uuid, &'static str)>> = Mutex::new(Vec::new());

pub fn released(session: Uuid) -> Vec<&'static str> {
    RELEASED.lock().iter().filter(|(id, _)| *id == session).map(|(_, name)| *name).collect()
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brew {
    /// Which leaf.
    leaf: Leaf,
    /// Opens the tea chest.
    chest_code: Secret,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Leaf {
    Assam,
    Keemun,
}

/// A fault on the way, for the tests of what happens then.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    #[default]
    None,
    Fails,
    Panics,
    Hangs,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Socket of the kettle on this machine.
    spout: Option<PathBuf>,
    /// Host of a kettle elsewhere.
    kitchen: Option<Hostname>,
    /// Its tap.
    #[schemars(range(min = 1, max = 65535))]
    tap: Option<u16>,
    /// What to brew.
    brew: Brew,
    /// How many.
    #[schemars(range(min = 1, max = 12))]
    #[serde(default = "one")]
    cups: u8,
    #[serde(default)]
    mishap: Mishap,
    /// Free text.
    note: Option<String>,
    /// Tells the scripted engine what to do.
    script: Option<String>,
}

fn one() -> u8 {
    1
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {}

pub struct Kettle;

register_driver!(Kettle);

impl Settings {
    fn endpoint(&self) -> Option<Endpoint> {
        match (&self.spout, &self.kitchen) {
            (Some(path), _) => Some(Endpoint::Unix(path.clone())),
            (None, Some(host)) => Some(Endpoint::Tcp(host.clone(), self.tap.unwrap_or(7))),
            (None, None) => None,
        }
    }
}

impl ProtocolDriver for Kettle {
    const INFO: DriverInfo = DriverInfo {
        id: "kettle",
        label: "Kettle",
        description: "Tea over a socket",
        default_port: None,
        capabilities: Capabilities { clipboard: false, resize: true, terminal: false },
    };
    type Options = Options;
    type Settings = Settings;

    fn new(_: Options) -> Result<Self, SessionError> {
        Ok(Self)
    }

    fn validate(&self, settings: &Settings) -> Vec<FieldError> {
        match settings.endpoint() {
            Some(_) => Vec::new(),
            None => vec![FieldError::new("spout", "or kitchen is required")],
        }
    }

    fn summary(&self, settings: &Settings) -> Summary {
        Summary { endpoint: settings.endpoint(), url: None, username: None }
    }

    async fn prepare(&self, settings: &Settings, cx: &dyn SessionCx) -> Result<Plan, SessionError> {
        for name in ["cup", "saucer"] {
            cx.keep(Box::new(Crockery(cx.session_id(), name)));
        }
        match settings.mishap {
            Mishap::None => {}
            Mishap::Fails => return Err(SessionError::new(Cause::Refused, "The tea is cold.")),
            Mishap::Panics => std::panic::resume_unwind(Box::new("a planned panic")),
            Mishap::Hangs => std::future::pending().await,
        }
        let endpoint = settings.endpoint().unwrap_or_else(|| Endpoint::Unix("/nowhere".into()));
        let route = cx.reach(&endpoint).await?;
        Ok(Plan::new("kettle")
            .target(route)
            .set_secret("chest-code", Some(&settings.brew.chest_code))
            .set_some("script", settings.script.as_ref())
            .set("cups", settings.cups.to_string()))
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        Some(Arc::new(KettleClient))
    }
}

struct Crockery(Uuid, &'static str);

#[async_trait]
impl Resource for Crockery {
    fn name(&self) -> &'static str {
        self.1
    }

    async fn release(self: Box<Self>) {
        RELEASED.lock().push((self.0, self.1));
    }
}

/// Writes its secret and then every typed key to the target, and shows how many bytes
/// came back as the screen's colour.
struct KettleClient;

#[async_trait]
impl EngineClient for KettleClient {
    fn parameters(&self) -> &'static [&'static str] {
        &["chest-code", "cups", "script", "hostname", "port"]
    }

    async fn run(&self, mut session: ClientSession) -> Result<(), SessionError> {
        let lost = |error: std::io::Error| SessionError::new(Cause::Refused, error);
        let target = session
            .target
            .take()
            .ok_or_else(|| SessionError::new(Cause::Internal, "A kettle needs a target."))?;
        session.host.step(Step::running("Heat the water"));
        let mut stream = target.dialer.dial().await.map_err(lost)?;
        let code = session.parameters.get("chest-code").unwrap_or_default();
        stream.write_all(format!("{code}\n").as_bytes()).await.map_err(lost)?;
        let count = Arc::new(AtomicU32::new(0));
        let screen = Steam { count: Arc::clone(&count), window: session.viewport };
        session.host.show(Arc::new(screen));
        session.host.step(Step::running("Pour"));
        let mut buffer = [0; 256];
        loop {
            tokio::select! {
                input = session.input.recv() => match input {
                    Some(Input::Key { keysym, pressed: true }) => {
                        let byte = u8::try_from(keysym).unwrap_or(b'?');
                        stream.write_all(&[byte]).await.map_err(lost)?;
                    }
                    Some(_) => {}
                    None => return Ok(()),
                },
                read = stream.read(&mut buffer) => match read.map_err(lost)? {
                    0 => return Ok(()),
                    read => {
                        count.fetch_add(u32::try_from(read).unwrap_or(0), Ordering::Relaxed);
                        session.host.changed();
                    }
                },
            }
        }
    }
}

/// One colour: as red as bytes came back.
struct Steam {
    count: Arc<AtomicU32>,
    window: Viewport,
}

struct SteamPainter {
    count: Arc<AtomicU32>,
    window: Viewport,
    painted: Option<u32>,
}

impl Screen for Steam {
    fn painter(&self, _: ViewerId) -> Box<dyn Painter> {
        let count = Arc::clone(&self.count);
        Box::new(SteamPainter { count, window: self.window, painted: None })
    }
}

impl Painter for SteamPainter {
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool {
        let Viewport { width, height, .. } = self.window;
        let count = self.count.load(Ordering::Relaxed);
        if self.painted.is_none() {
            canvas.size(Layer::DEFAULT, width, height);
        }
        if self.painted.replace(count) == Some(count) {
            return false;
        }
        let color = Color { r: u8::try_from(count).unwrap_or(u8::MAX), g: 0, b: 0 };
        canvas.fill(Layer::DEFAULT, Rect { x: 0, y: 0, width, height }, color);
        true
    }
}
