use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{Files, HostKey, Parameters, Route, Screen, SessionError, Step, Viewport};

/// The two engines that can run a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// The engine in this process.
    Embedded,
    /// An external guacd.
    Guacd,
}

/// A protocol client inside the embedded engine: what a plug-in is to guacd.
#[async_trait]
pub trait EngineClient: Send + Sync {
    /// Parameter names that it understands: its `args`. A plan that requests another
    /// one is refused before [`run`](Self::run).
    fn parameters(&self) -> &'static [&'static str];

    /// Runs one session from dialling to its end. Returns `Ok` when the remote side
    /// ended it in order (a shell's `exit`). Dropping the future must end the
    /// connection: that is how a session is cut.
    async fn run(&self, session: ClientSession) -> Result<(), SessionError>;
}

/// Everything that a client needs for one session.
pub struct ClientSession {
    /// The plan's parameters.
    pub parameters: Parameters,
    /// The way to the target. Dial it only now: nobody else has.
    pub target: Option<Route>,
    /// The owner's window at the start; later sizes arrive as [`Input::Resize`].
    pub viewport: Viewport,
    /// What viewers type, point and paste, in order; bounded, so read it always.
    pub input: mpsc::Receiver<Input>,
    /// The world around the session.
    pub host: Arc<dyn Host>,
}

/// What a client tells the world around it. No call blocks.
#[async_trait]
pub trait Host: Send + Sync {
    /// Shows `screen` to all viewers, present and future.
    fn show(&self, screen: Arc<dyn Screen>);
    /// Says that the screen has something new; cheap, call it as often as you like.
    fn changed(&self);
    /// Offers text for the viewers' clipboards. Not called when `disable-copy` is set.
    fn clipboard(&self, text: String);
    /// Sets the session's title.
    fn title(&self, title: String);
    /// Rings the viewers' bell.
    fn bell(&self);
    /// Offers viewers files beside the screen, or says that there are none any more. Not
    /// called for a session that has none and was asked for none.
    fn files(&self, files: Files);
    /// Reports a step of the connect ladder. The previous one is done.
    fn step(&self, step: Step);
    /// Whether the session is to be tried only: a client that can ends in order as soon as
    /// it is logged in, without opening a screen and without asking anybody.
    fn is_trial(&self) -> bool {
        false
    }
    /// Decides whether a host key is the target's: known, or new and trusted on first use.
    ///
    /// # Errors
    /// `Untrusted`, with both fingerprints where the key changed.
    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError>;
}

/// One viewer of a session, told from the others. The engine numbers them as they come;
/// no number returns within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ViewerId(pub u64);

/// What a viewer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key, by its X11 keysym.
    Key {
        /// X11 keysym.
        keysym: u32,
        /// Down or up.
        pressed: bool,
    },
    /// The mouse, with every button as it is now.
    Mouse {
        /// Whose mouse.
        viewer: ViewerId,
        /// Pixels from the left.
        x: i32,
        /// Pixels from the top.
        y: i32,
        /// Bits: 1 left, 2 middle, 4 right, 8 wheel up, 16 wheel down.
        buttons: u8,
    },
    /// The viewer's clipboard, to be pasted or offered to the remote side. Never
    /// arrives when `disable-paste` is set.
    Clipboard(String),
    /// The owner's window has a new size.
    Resize(Viewport),
    /// A parameter that was missing or changes live (`argv`).
    Argument {
        /// Who sent it.
        viewer: ViewerId,
        /// Name of the parameter.
        name: String,
        /// New value.
        value: String,
    },
}
