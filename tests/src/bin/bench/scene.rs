use anyhow::{Context, Result};
use fanlight_core::Viewport;
use fanlight_tests::{Engine, Gateway, Guacd, Sshd, TerminalReader, Viewer, ssh_session};
use serde_json::Value;

use crate::processes::Usage;

/// Lines that terminals keep, so that the last 1,000 can be compared.
const SCROLLBACK: u32 = 2000;

/// A gateway with one of the engines, and a machine to log in to.
pub(crate) struct Scene {
    pub(crate) sshd: Sshd,
    pub(crate) gateway: Gateway,
    guacd: Option<Guacd>,
}

/// A session with its viewer.
pub(crate) struct Place {
    pub(crate) viewer: Viewer,
    pub(crate) reader: TerminalReader,
}

impl Scene {
    pub(crate) async fn embedded() -> Result<Self> {
        let gateway = Gateway::start(Engine::Embedded).await?;
        Ok(Self { sshd: Sshd::start().await?, gateway, guacd: None })
    }

    pub(crate) async fn guacd() -> Result<Self> {
        let guacd = Guacd::start().await?;
        let gateway = Gateway::start(Engine::Guacd(guacd.port())).await?;
        Ok(Self { sshd: Sshd::start().await?, gateway, guacd: Some(guacd) })
    }

    /// Creates a session and attaches to it; it may still be connecting.
    pub(crate) async fn attach(&self) -> Result<Viewer> {
        let mut session = ssh_session(&self.sshd)?;
        session["scrollback"] = Value::from(SCROLLBACK);
        let created = self.gateway.create(&session).await?;
        let id = created["session_id"].as_str().context("no session_id")?;
        Viewer::open(&self.gateway, id, Viewport::default()).await
    }

    /// A session at its prompt, and a reader for its screen.
    pub(crate) async fn sit_down(&self) -> Result<Place> {
        let viewer = self.attach().await?;
        let reader = TerminalReader::learn(&viewer, &self.sshd).await?;
        Ok(Place { viewer, reader })
    }

    /// What the gateway and its engine use: the gateway's process and, where there is one,
    /// guacd with its children. OpenSSH is not counted.
    pub(crate) fn usage(&mut self) -> Result<Usage> {
        let gateway = self.gateway.process()?.id();
        Usage::of([gateway].into_iter().chain(self.guacd.as_ref().map(Guacd::id)))
    }
}
