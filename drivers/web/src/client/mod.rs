//! The client for the embedded engine: a browser's page as a screen, and what viewers do as
//! input to it.

mod attendants;
mod desk;
mod dialogs;
mod frames;
mod keys;
mod mouse;
mod screen;
mod tabs;

use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{Cause, ClientSession, EngineClient, SessionError, Step};

use crate::browser::Launcher;
use crate::cdp::{CdpError, Visitor};
use crate::prepared::{Prepared, PreparedSessions};
use attendants::Attendants;
use desk::{Desk, Permitted};
use frames::Frames;

/// Events that may wait.
const ROOM: usize = 1024;
/// The step under which viewers wait for the first picture.
const OPEN: &str = "Open the page";

/// Runs web sessions in the embedded engine. Its parameter is the name of a session that
/// its driver has prepared.
pub(crate) struct WebClient {
    pub(crate) sessions: Arc<PreparedSessions>,
    pub(crate) launcher: Arc<Launcher>,
}

#[async_trait]
impl EngineClient for WebClient {
    fn parameters(&self) -> &'static [&'static str] {
        &["session", "disable-copy", "disable-paste", "read-only"]
    }

    async fn run(&self, session: ClientSession) -> Result<(), SessionError> {
        let id = session.parameters.get("session").unwrap_or_default();
        let prepared = self.sessions.get(id).ok_or_else(not_prepared)?;
        self.try_target(&session).await?;
        if session.host.is_trial() {
            return Ok(());
        }
        let mut browser = self.launcher.launch(id, &prepared, &*session.host).await?;
        let serving = browser.serve(&prepared);
        let attendants = Attendants::of(&browser, &self.launcher, &prepared, id);
        let shown = show(Arc::clone(&browser.connection), &prepared, session);
        tokio::select! {
            biased;
            () = serving => Err(lost()),
            never = attendants.attend() => match never {},
            ending = shown => ending,
            error = browser.ended() => Err(error),
        }
    }
}

impl WebClient {
    /// Sees whether anybody answers where the page is: a browser would explain less.
    async fn try_target(&self, session: &ClientSession) -> Result<(), SessionError> {
        let target = session.target.as_ref().ok_or_else(not_prepared)?;
        let connect = format!("Connect to {}", target.endpoint);
        session.host.step(Step::running(connect.as_str()));
        drop(target.dial().await?);
        session.host.step(Step::done(connect));
        Ok(())
    }
}

/// Shows the page, and what it opens, until its last tab is closed.
async fn show(
    connection: Arc<crate::cdp::Connection>,
    prepared: &Prepared,
    session: ClientSession,
) -> Result<(), SessionError> {
    let ClientSession { parameters, viewport, mut input, host, .. } = session;
    let (visitor, mut events) = Visitor::come(connection, ROOM).await.map_err(explain)?;
    let visitor = Arc::new(visitor);
    host.step(Step::running(OPEN));
    let (frames, painting) = Frames::new(Arc::clone(&visitor), Arc::clone(&host));
    let copy = !parameters.is_true("disable-copy");
    let input_allowed = !parameters.is_true("read-only");
    let permitted = Permitted { copy, input: input_allowed };
    let mut desk = Desk::new(visitor, frames, viewport, host, permitted);
    let using = async {
        desk.open(&prepared.url).await?;
        desk.run(&mut events, &mut input).await
    };
    tokio::select! {
        ending = using => ending.map_err(explain),
        () = painting => Err(lost()),
    }
}

fn explain(error: CdpError) -> SessionError {
    SessionError::new(Cause::Lost, format!("The session failed: {error}."))
}

fn not_prepared() -> SessionError {
    SessionError::new(Cause::Internal, "The web session was not prepared by its driver.")
}

fn lost() -> SessionError {
    SessionError::new(Cause::Lost, "The session's browser ended unexpectedly.")
}
