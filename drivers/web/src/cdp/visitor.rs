use std::sync::Arc;

use serde_json::{Value, json};

use super::{CdpError, Connection, Event, Subscription};

/// One of several who speak to the same browser without knowing of each other: it has a
/// session of its own with the browser, and through it sessions of its own with every tab
/// and frame.
pub struct Visitor {
    connection: Arc<Connection>,
    root: String,
}

impl Visitor {
    /// Comes to the browser. The subscription has all events of this visitor, `room` of
    /// them unread.
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn come(
        connection: Arc<Connection>,
        room: usize,
    ) -> Result<(Self, Subscription), CdpError> {
        let come = connection.call(None, "Target.attachToBrowserTarget", json!({})).await?;
        let root = come["sessionId"].as_str().ok_or(CdpError::Closed)?.to_owned();
        let mut mine = Sessions::below(root.clone());
        let events = connection.subscribe(room, move |event| mine.hold(event));
        Ok((Self { connection, root }, events))
    }

    /// Asks for a session with every tab that is there or comes. It waits with what it
    /// shows until [`resume`](Self::resume).
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn see_tabs(&self) -> Result<(), CdpError> {
        self.see_below(&self.root).await
    }

    /// The same for the frames and workers of a tab that are processes of their own.
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn see_below(&self, session: &str) -> Result<(), CdpError> {
        let params = json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true});
        self.call(session, "Target.setAutoAttach", params).await.map(drop)
    }

    /// Lets a tab or frame go on.
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn resume(&self, session: &str) -> Result<(), CdpError> {
        self.call(session, "Runtime.runIfWaitingForDebugger", json!({})).await.map(drop)
    }

    /// Has a command carried out in one of its sessions.
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn call(
        &self,
        session: &str,
        method: &str,
        params: Value,
    ) -> Result<Value, CdpError> {
        self.connection.call(Some(session), method, params).await
    }

    /// Gives a command in one of its sessions, without waiting for what becomes of it.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn tell(&self, session: &str, method: &str, params: Value) -> Result<(), CdpError> {
        self.connection.tell(Some(session), method, params).await
    }

    /// Its session with the browser itself.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Leaves: all its sessions end.
    ///
    /// # Errors
    /// See [`CdpError`].
    pub async fn leave(&self) -> Result<(), CdpError> {
        let params = json!({"sessionId": self.root});
        self.connection.call(None, "Target.detachFromTarget", params).await.map(drop)
    }
}

/// The sessions of one visitor: the first, and all that begin in one of them.
pub(super) struct Sessions(Vec<String>);

impl Sessions {
    pub(super) fn below(root: String) -> Self {
        Self(vec![root])
    }

    pub(super) fn have(&self, session: &str) -> bool {
        self.0.iter().any(|known| known == session)
    }

    /// Whether an event is for one of them. To be asked of every event, since they begin
    /// and end by events.
    pub(super) fn hold(&mut self, event: &Event) -> bool {
        if !event.session.as_ref().is_some_and(|session| self.have(session)) {
            return false;
        }
        let other = event.text("/sessionId").map(str::to_owned);
        match (event.method.as_str(), other) {
            ("Target.attachedToTarget", Some(session)) => self.0.push(session),
            ("Target.detachedFromTarget", Some(session)) => {
                self.0.retain(|known| *known != session)
            }
            _ => {}
        }
        true
    }
}
