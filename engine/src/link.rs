//! What the gateway sees of an engine, the same for the embedded one and for guacd:
//! an [`Engine`] opens an [`EngineSession`], and each viewer of it is a [`Link`] of
//! whole instructions in both directions.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fanlight_core::{EngineClient, EngineKind, HostKey, Plan, SessionError, Step, Viewport};

/// Something that runs plans.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Which one it is.
    fn kind(&self) -> EngineKind;

    /// Starts a session. Returns as soon as the engine has accepted the plan (guacd said
    /// `ready`); the target may still be dialled then, and [`EngineSession::ended`] tells
    /// how that went.
    ///
    /// # Errors
    /// `EngineLacksParameter` for a requested parameter that the engine does not list;
    /// `Unavailable`, `Refused`, `TimedOut` for an engine that cannot be reached.
    async fn open(&self, opening: Opening) -> Result<Arc<dyn EngineSession>, SessionError>;
}

/// What an engine needs to start a session.
pub struct Opening {
    /// What to run.
    pub plan: Plan,
    /// The owner's window.
    pub viewport: Viewport,
    /// The owner's time zone (`Europe/Berlin`), if known.
    pub timezone: Option<String>,
    /// The driver's client, for the embedded engine.
    pub client: Option<Arc<dyn EngineClient>>,
    /// What the session may ask of the gateway.
    pub services: Arc<dyn Services>,
}

/// What a running session asks of the gateway.
#[async_trait]
pub trait Services: Send + Sync {
    /// Records a step of the connect ladder. The previous running one is done.
    fn step(&self, step: Step);

    /// Decides whether a host key is the target's.
    ///
    /// # Errors
    /// `Untrusted`, with both fingerprints where the key changed.
    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError>;
}

/// A session that runs in an engine, with or without viewers.
#[async_trait]
pub trait EngineSession: Send + Sync {
    /// The engine's name for it: `$` and a UUID. Others join by it.
    fn connection_id(&self) -> &str;

    /// Adds a viewer. It is sent the whole picture first.
    ///
    /// # Errors
    /// `Closed` when the session has ended, and the engine's own failures.
    async fn view(&self, viewer: Viewer) -> Result<Link, SessionError>;

    /// Waits until the target's leg is closed; says why. May be awaited by many and again.
    async fn ended(&self) -> Result<(), SessionError>;

    /// Closes the target's leg, returning when it is closed. Harmless when repeated.
    async fn close(&self);
}

/// Who looks, and through what window.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The viewer's window; only the owner's sizes the session.
    pub viewport: Viewport,
    /// What the viewer may do.
    pub access: ViewerAccess,
}

/// What a viewer may do. The engine drops what it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerAccess {
    /// Everything, and its window sizes the session.
    Own,
    /// Input, but not the size.
    Interact,
    /// Look only.
    View,
}

/// One viewer's connection. Dropping both halves ends the viewer, not the session.
pub struct Link {
    /// From the engine to the viewer.
    pub reader: Box<dyn LinkReader>,
    /// From the viewer to the engine.
    pub writer: Box<dyn LinkWriter>,
}

/// Instructions for the viewer.
#[async_trait]
pub trait LinkReader: Send {
    /// The next whole instructions (one or more, valid UTF-8), or `None` at the end.
    /// Only called when the last ones have left: a slow viewer is its own brake.
    /// Cancel safe.
    ///
    /// # Errors
    /// `Lost` when the engine broke off or sent garbage.
    async fn next(&mut self) -> Result<Option<Bytes>, SessionError>;
}

/// Instructions from the viewer.
#[async_trait]
pub trait LinkWriter: Send {
    /// Hands over whole, well-formed instructions.
    ///
    /// # Errors
    /// `Lost` when the engine is gone.
    async fn send(&mut self, instructions: Bytes) -> Result<(), SessionError>;
}
