use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use fanlight_core::{CheckedSettings, Driver, EngineKind, Permits, Secret, Summary, Viewport};
use fanlight_engine::link::{EngineSession, ViewerAccess};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::grant::Grant;
use super::ladder::Ladder;
use super::presence::{Entrance, Person, Presence};
use super::request::ShareMode;
use super::shared_fields::SharedSettings;
use super::shares::share_path;
use super::state::{Ending, Phase, SessionStatus};
use super::terms::Terms;
use super::traffic::Traffic;
use super::warnings::Warnings;
use crate::config::ViewerLimits;
use crate::recordings::{Head, Taping, Wish};
use crate::store::to_millis;

/// Who made a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    /// Stable id.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// The checked request that a session is made from; a reconnect uses it again. Its
/// secrets are in memory only.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) driver: Arc<dyn Driver>,
    pub(super) settings: Arc<CheckedSettings>,
    pub(super) engine: EngineKind,
    pub(super) name: Option<String>,
    pub(super) viewport: Viewport,
    pub(super) share_mode: ShareMode,
    /// What sessions of every type have.
    pub(super) shared: SharedSettings,
    /// The public half of a key pair that was made for it.
    pub(super) public_key: Option<String>,
    pub(super) wish: Wish,
    pub(super) grant: Grant,
    /// Whether the session is recorded.
    pub(super) recorded: bool,
}

/// The owner's window when the session starts.
#[derive(Debug, Clone)]
pub struct Window {
    /// Size and density.
    pub viewport: Viewport,
    /// `Europe/Berlin`, if known.
    pub timezone: Option<String>,
}

/// The share that a session begins with; its token is in memory only.
pub(super) struct FirstShare {
    pub(super) id: Uuid,
    token: Secret,
    withdrawn: AtomicBool,
}

impl FirstShare {
    pub(super) fn new(token: Secret) -> Self {
        Self { id: Uuid::now_v7(), token, withdrawn: AtomicBool::new(false) }
    }
}

/// A session that lives in this process, or whose settings are still held for a reconnect.
pub struct Live {
    /// UUID v7.
    pub id: Uuid,
    /// Who made it.
    pub creator: Creator,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When it expires if nobody opens it.
    pub(super) opened_by: OffsetDateTime,
    pub(super) terms: Terms,
    pub(super) origin: Origin,
    /// Who looks at it.
    pub presence: Presence,
    pub(super) share: FirstShare,
    /// What went to and fro.
    pub traffic: Traffic,
    pub(super) warnings: Warnings,
    /// When somebody last typed or pointed.
    pub(super) last_input: watch::Sender<Instant>,
    pub(super) ladder: Arc<Ladder>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) owners: watch::Sender<usize>,
    pub(super) window: OnceLock<Window>,
    /// When it ends at the latest; set when it has begun.
    pub(super) ends_by: OnceLock<OffsetDateTime>,
    pub(super) taping: OnceLock<Taping>,
    /// Cancelled when viewers must leave at once.
    pub(super) cut: CancellationToken,
    /// Cancelled when everything that the session held was given back.
    pub(super) finished: CancellationToken,
    /// Cancelled when its settings are no longer to be held.
    pub(super) forgotten: CancellationToken,
    requested_end: OnceLock<Ending>,
}

impl Origin {
    /// Whether its owner has to read something, and to continue, before it starts.
    pub(super) fn has_banner(&self) -> bool {
        self.shared.banner.is_some() || self.public_key.is_some()
    }
}

impl Live {
    pub(super) fn new(
        id: Uuid,
        creator: Creator,
        (created_at, terms): (OffsetDateTime, Terms),
        origin: Origin,
        share: FirstShare,
        cut: CancellationToken,
        traffic: Traffic,
    ) -> Self {
        Self {
            id,
            creator,
            created_at,
            opened_by: created_at + terms.pending,
            ends_by: OnceLock::new(),
            terms,
            origin,
            presence: Presence::default(),
            share,
            traffic,
            warnings: Warnings::default(),
            last_input: watch::Sender::new(Instant::now()),
            ladder: Arc::default(),
            phase: watch::Sender::new(Phase::Pending),
            owners: watch::Sender::new(0),
            window: OnceLock::new(),
            taping: OnceLock::new(),
            cut,
            finished: CancellationToken::new(),
            forgotten: CancellationToken::new(),
            requested_end: OnceLock::new(),
        }
    }

    /// Driver id.
    pub fn session_type(&self) -> &'static str {
        self.origin.driver.info().id
    }

    /// `embedded` or `guacd`.
    pub fn engine_name(&self) -> &'static str {
        match self.origin.engine {
            EngineKind::Embedded => "embedded",
            EngineKind::Guacd => "guacd",
        }
    }

    /// What people know it by: its name, or where it goes.
    pub fn label(&self) -> String {
        let Summary { endpoint, url, .. } = self.summary();
        let target = endpoint.as_ref().map(ToString::to_string).or_else(|| url.clone());
        let name = self.origin.name.clone().or(target);
        name.unwrap_or_else(|| self.session_type().to_owned())
    }

    /// Its name for people, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.origin.name.as_deref()
    }

    /// The banner that was asked for.
    pub fn banner(&self) -> Option<&str> {
        self.origin.shared.banner.as_deref()
    }

    /// The public key of a pair that was made for it: a line for `authorized_keys`.
    pub fn public_key(&self) -> Option<&str> {
        self.origin.public_key.as_deref()
    }

    /// What its owner is shown before it starts: banner, public key, or both.
    pub fn banner_text(&self) -> Option<String> {
        let parts: Vec<_> = self.banner().into_iter().chain(self.public_key()).collect();
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    /// What may be shown of the settings.
    pub fn summary(&self) -> &Summary {
        &self.origin.settings.summary
    }

    /// Its recording, once that has begun.
    pub fn taping(&self) -> Option<&Taping> {
        self.taping.get()
    }

    /// What its recording says of it.
    pub(super) fn recording_head(&self) -> Head {
        let Summary { endpoint, url, username } = self.summary().clone();
        Head {
            session_id: self.id,
            session_type: self.session_type().to_owned(),
            label: self.label(),
            hostname: endpoint.as_ref().map(ToString::to_string).or(url),
            username,
            creator_id: self.creator.id.clone(),
            creator_name: self.creator.name.clone(),
            started_at: to_millis(OffsetDateTime::now_utc()),
        }
    }

    /// The window that the request asked for.
    pub fn viewport(&self) -> Viewport {
        self.origin.viewport
    }

    /// How far its life is.
    pub fn status(&self) -> SessionStatus {
        self.phase.borrow().status()
    }

    /// Why it ended, if it did.
    pub fn ending(&self) -> Option<Arc<Ending>> {
        match &*self.phase.borrow() {
            Phase::Ended(ending) => Some(Arc::clone(ending)),
            _ => None,
        }
    }

    /// Whether it is pending or active.
    pub fn is_live(&self) -> bool {
        matches!(self.status(), SessionStatus::Pending | SessionStatus::Active)
    }

    /// Whether its settings are held for a reconnect, and may be used once more.
    pub fn can_be_made_again(&self) -> bool {
        !self.is_live() && !matches!(self.origin.grant, Grant::Machine | Grant::Once)
    }

    /// When it ends by itself, at the latest: for a pending one, unless its owner comes.
    pub fn expires_at(&self) -> OffsetDateTime {
        self.ends_by.get().copied().unwrap_or(self.opened_by)
    }

    /// The connect ladder.
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// How many sockets look at it.
    pub fn active_connections(&self) -> usize {
        self.presence.count()
    }

    /// The path of the share that it began with, unless that was withdrawn.
    pub fn share_url(&self) -> Option<String> {
        let withdrawn = self.share.withdrawn.load(Ordering::Relaxed);
        (!withdrawn).then(|| share_path(self.id, &self.share.token))
    }

    pub(super) fn forget_share(&self, share: Uuid) {
        if share == self.share.id {
            self.share.withdrawn.store(true, Ordering::Relaxed);
        }
    }

    /// Adds a viewer; the first owner starts the session.
    pub(super) fn attach(
        self: &Arc<Self>,
        entrance: Entrance,
        window: Window,
        limits: ViewerLimits,
    ) -> Result<Attachment, NotAttached> {
        let owns = entrance.access == ViewerAccess::Own;
        let admitted = match self.status() {
            SessionStatus::Pending => owns,
            SessionStatus::Active => true,
            _ => false,
        };
        if !admitted || self.cut.is_cancelled() {
            return Err(NotAttached::NotOpen);
        }
        let person = self.presence.enter(entrance, limits).ok_or(NotAttached::Full)?;
        let viewport = window.viewport;
        if owns {
            self.window.get_or_init(|| window);
            self.owners.send_modify(|count| *count += 1);
        }
        Ok(Attachment { live: Arc::clone(self), person, viewport })
    }

    /// Asks the session to end; the first reason counts.
    pub fn end(&self, ending: Ending) {
        if self.is_live() {
            self.requested_end.get_or_init(|| ending);
        }
        self.cut.cancel();
    }

    /// Returns when the session has ended and everything it held was given back.
    pub async fn finished(&self) {
        self.finished.cancelled().await;
    }

    pub(super) fn has_finished(&self) -> bool {
        self.finished.is_cancelled()
    }

    /// Resolves when somebody asked for the end.
    pub(super) async fn end_requested(&self) -> Ending {
        self.cut.cancelled().await;
        let shutdown = || Ending::on_purpose("The gateway is shutting down.");
        self.requested_end.get().cloned().unwrap_or_else(shutdown)
    }

    /// Resolves when the first owner came.
    pub(super) async fn opened(&self) -> Window {
        let mut owners = self.owners.subscribe();
        loop {
            if let Some(window) = self.window.get() {
                return window.clone();
            }
            if owners.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// A viewer's place at a session; leaving is dropping it.
pub struct Attachment {
    live: Arc<Live>,
    person: Arc<Person>,
    viewport: Viewport,
}

impl Attachment {
    /// What the session's settings leave its viewers to do.
    pub(super) fn permits(&self) -> Permits {
        self.live.origin.settings.permits
    }

    /// The session.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// What the viewer may do now.
    pub fn access(&self) -> ViewerAccess {
        self.person.access()
    }

    /// Who the viewer is.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The viewer's window.
    pub fn viewport(&self) -> Viewport {
        self.viewport
    }

    /// Waits until the engine runs the session.
    ///
    /// # Errors
    /// How it ended, where it did before that.
    pub async fn engine(&self) -> Result<Arc<dyn EngineSession>, Arc<Ending>> {
        self.wait(|phase| match phase {
            Phase::Running(session) => Some(Ok(Arc::clone(session))),
            Phase::Ended(ending) => Some(Err(Arc::clone(ending))),
            Phase::Pending | Phase::Starting => None,
        })
        .await
    }

    /// Waits for the end.
    pub async fn ended(&self) -> Arc<Ending> {
        self.wait(|phase| match phase {
            Phase::Ended(ending) => Some(Arc::clone(ending)),
            _ => None,
        })
        .await
    }

    async fn wait<T>(&self, pick: impl Fn(&Phase) -> Option<T>) -> T {
        let mut phases = self.live.phase.subscribe();
        loop {
            let picked = pick(&phases.borrow_and_update());
            match picked {
                Some(picked) => return picked,
                None if phases.changed().await.is_err() => std::future::pending().await,
                None => {}
            }
        }
    }

    /// Resolves when the viewer must leave at once.
    pub async fn cut(&self) {
        self.live.cut.cancelled().await;
    }
}

/// Why somebody is no viewer of a session.
pub(super) enum NotAttached {
    /// It has ended, or they are no owner and none has come.
    NotOpen,
    /// There are as many as may be.
    Full,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.live.presence.leave(self.person.id);
        if self.person.entrance.access == ViewerAccess::Own {
            self.live.owners.send_modify(|count| *count -= 1);
        }
    }
}
