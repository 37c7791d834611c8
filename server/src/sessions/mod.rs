//! Sessions: from a checked request over the owner's coming to the end, whatever ends
//! it. Each lives in one task, which owns everything that has to be given back.

mod actor;
mod advice;
mod bearers;
mod context;
mod grant;
mod host_keys;
mod key_pair;
mod ladder;
mod live;
mod outside;
mod passes;
mod presence;
mod probe;
mod relay;
mod request;
mod resources;
mod shared_fields;
mod shares;
mod state;
mod terms;
mod time_limits;
mod traffic;
mod trial;
mod warnings;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Cause, EngineKind, SessionError};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use bearers::Bearer;
pub use grant::Grant;
pub use host_keys::{HostKeys, endpoint_name, known_name};
pub use ladder::{Ladder, LadderWatch, StepView};
pub use live::{Attachment, Creator, Live, Window};
pub use presence::{Entrance, Person, PersonView, Presence, Via};
pub use probe::ProbeError;
pub use relay::{RelayLimits, relay};
pub use request::{ShareMode, common_schema, errors_of_settings};
pub(crate) use shared_fields::{shared_schema, take_shared, with_shared_fields};
pub use shares::ShareRequest;
pub use state::{Ending, SessionStatus};
pub use terms::Terms;
pub use trial::Trial;

use crate::access::{Identity, NewToken, may_manage, owns};
use crate::api::ApiError;
use crate::audit::Audit;
use crate::config::{Config, JumpHostsConfig, Preset, SessionsConfig};
use crate::costly;
use crate::hops::{self, GuacdPeers};
use crate::metrics::Metrics;
use crate::policy::{NetworkPolicy, Resolve};
use crate::recordings::Recordings;
use crate::store::{EndedSession, SessionRow, Store, StoreError};
use crate::{Drivers, Engines};
use bearers::Bearers;
use live::{FirstShare, NotAttached, Origin};
use traffic::Traffic;
use trial::MOST_TRIALS;
use warnings::EndsBy;

/// The name of this gateway in rows. There is one until rows are kept in PostgreSQL.
const NODE: &str = "local";
/// When to come back where a limit on sessions is reached.
const LIMIT_RETRY: Duration = Duration::from_secs(30);
const SOMEBODY_ELSES: &str = "This is somebody else's session.";

/// All sessions of this process. Dropping it ends them.
pub struct Sessions {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

/// What sessions need of the gateway.
pub struct Parts {
    /// The drivers, by id.
    pub drivers: Drivers,
    /// What runs sessions.
    pub engines: Engines,
    /// The database.
    pub store: Store,
    /// Who did what.
    pub audit: Arc<Audit>,
    /// Figures for Prometheus.
    pub metrics: Arc<Metrics>,
    /// What sessions show.
    pub recordings: Arc<Recordings>,
}

/// What sessions have in common.
struct Shared {
    config: SessionsConfig,
    default_engine: EngineKind,
    presets: Vec<Preset>,
    drivers: Drivers,
    engines: Engines,
    store: Store,
    audit: Arc<Audit>,
    metrics: Arc<Metrics>,
    recordings: Arc<Recordings>,
    policy: NetworkPolicy,
    jump_hosts: JumpHostsConfig,
    guacds: GuacdPeers,
    host_keys: Arc<HostKeys>,
    live: Mutex<HashMap<Uuid, Arc<Live>>>,
    /// Places for dry runs.
    trials: Arc<Semaphore>,
    bearers: Arc<Bearers>,
    /// Cancelled when no new session is made any more.
    stopping: CancellationToken,
    /// Cancelled when those that live have to end.
    closing: CancellationToken,
}

/// A request that was found good.
pub struct Checked(Origin);

impl Checked {
    /// The same, to which something else than a role entitles.
    #[must_use]
    pub fn by(mut self, grant: Grant) -> Self {
        self.0.grant = grant;
        self
    }
}

/// A session that was just made, with the opening link that is shown once.
pub struct Created {
    /// The session.
    pub live: Arc<Live>,
    /// Path of the opening link.
    pub open_url: String,
}

impl Shared {
    /// Those of the configuration.
    fn terms_of(&self, origin: &Origin) -> Terms {
        Terms {
            pending: self.config.pending_for(origin.has_banner()),
            opening_link: self.config.opening_link_lifetime,
            ends_at: None,
        }
    }

    /// Whether the network rules allow the target, and the jump hosts before it.
    async fn check_way(&self, origin: &Origin) -> Result<(), SessionError> {
        let driver = origin.driver.info().id;
        let target = origin.settings.summary.endpoint.as_ref();
        let names = self.jump_hosts.remote_names;
        let Some((first, others)) = origin.shared.jump_hosts.split_first() else {
            let Some(target) = target else { return Ok(()) };
            return self.policy.check(driver, target).await.map(drop);
        };
        for host in others {
            self.policy.check_remote(hops::RULES, &host.endpoint(), names)?;
        }
        if let Some(target) = target {
            self.policy.check_remote(driver, target, names)?;
        }
        self.policy.check(hops::RULES, &first.endpoint()).await.map(drop)
    }

    fn forget(&self, id: Uuid) {
        self.live.lock().remove(&id);
    }

    /// Takes a place among the live sessions, if there is one.
    fn take_place(&self, live: &Arc<Live>) -> Result<(), ApiError> {
        let mut all = self.live.lock();
        if self.stopping.is_cancelled() {
            let stopping = SessionError::new(Cause::Unavailable, "The gateway is shutting down.");
            return Err(stopping.into());
        }
        let mut of_creator = 0;
        let mut in_all = 0;
        for other in all.values().filter(|other| other.is_live()) {
            in_all += 1;
            of_creator += usize::from(other.creator.id == live.creator.id);
        }
        if of_creator >= self.config.max_per_user {
            return Err(ApiError::too_many(LIMIT_RETRY, "You have too many sessions open."));
        }
        if in_all >= self.config.max_total {
            return Err(ApiError::too_many(
                LIMIT_RETRY,
                "This gateway has too many sessions open.",
            ));
        }
        forget_oldest(&mut all, &live.creator, self.config.max_per_user);
        all.insert(live.id, Arc::clone(live));
        Ok(())
    }

    async fn record(&self, live: &Live, share_hash: String) -> Result<String, ApiError> {
        self.store.add_session(&row_of(live)).await?;
        let passes = async {
            self.add_first_share(live, &share_hash).await?;
            self.add_opening_pass(live.id, live.terms.opening_link).await
        };
        match passes.await {
            Ok(token) => Ok(format!("/open/{}", token.expose())),
            Err(error) => {
                let because = "It could not be set up.";
                let status = SessionStatus::Error;
                let ended = EndedSession { status, because, bytes_in: 0, bytes_out: 0 };
                if let Err(error) = self.store.end_session(live.id, ended).await {
                    tracing::error!(session = %live.id, %error, "a session's row is left pending");
                }
                Err(error)
            }
        }
    }
}

/// Sessions that ended are held with their settings for a while; of each creator no more
/// than may live.
fn forget_oldest(all: &mut HashMap<Uuid, Arc<Live>>, creator: &Creator, most: usize) {
    let held = all.values().filter(|live| live.creator.id == creator.id && live.has_finished());
    let mut held: Vec<_> = held.map(|live| live.id).collect();
    held.sort_unstable();
    // One more is about to come, in the end.
    for id in held.iter().take((held.len() + 1).saturating_sub(most)) {
        if let Some(live) = all.remove(id) {
            live.forgotten.cancel();
        }
    }
}

/// Records a session and lives it through; `tell` hears the path of its opening link.
async fn begin(
    live: Arc<Live>,
    shared: Arc<Shared>,
    share_hash: String,
    tell: oneshot::Sender<Result<String, ApiError>>,
) {
    let recorded = shared.record(&live, share_hash).await;
    let lives = recorded.is_ok();
    // Where nobody listens any more, nobody opens the session either: it expires.
    let _ = tell.send(recorded);
    if lives {
        actor::run(live, shared).await;
    } else {
        shared.forget(live.id);
    }
}

impl Sessions {
    /// Begins with no sessions; those that an earlier process left behind are closed in
    /// the store.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn start(
        config: &Config,
        parts: Parts,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Arc<Self>, StoreError> {
        let Parts { drivers, engines, store, audit, metrics, recordings } = parts;
        let left = store.end_leftover_sessions(NODE, "The gateway was restarted.").await?;
        if left > 0 {
            tracing::warn!(left, "closed sessions that an earlier run left behind");
        }
        let closing = CancellationToken::new();
        let shared = Arc::new(Shared {
            config: config.sessions.clone(),
            default_engine: config.default_engine,
            presets: config.presets.clone(),
            drivers,
            engines,
            policy: NetworkPolicy::new(config, resolver),
            jump_hosts: config.jump_hosts.clone(),
            guacds: GuacdPeers {
                addresses: config.guacd.as_ref().map(|g| g.addresses.clone()).unwrap_or_default(),
                tunnel_address: config.jump_hosts.tunnel_address,
            },
            host_keys: Arc::new(HostKeys::new(store.clone(), config.host_keys)),
            live: Mutex::default(),
            trials: Arc::new(Semaphore::new(MOST_TRIALS)),
            bearers: Arc::default(),
            stopping: CancellationToken::new(),
            closing,
            store,
            audit,
            metrics,
            recordings,
        });
        let tasks = TaskTracker::new();
        let sweep = Arc::clone(&shared).sweep();
        tasks.spawn(shared.closing.clone().run_until_cancelled_owned(sweep));
        Ok(Arc::new(Self { shared, tasks }))
    }

    /// Checks a request and makes a pending session from it. Nothing is dialled.
    ///
    /// # Errors
    /// 400 with every wrong field, 403 and 502 by the network policy, 429 at a limit.
    pub async fn create(
        &self,
        creator: &Identity,
        fields: Map<String, Value>,
        grant: Grant,
    ) -> Result<Created, ApiError> {
        let checked = self.check(fields).await?.by(grant);
        let terms = self.shared.terms_of(&checked.0);
        self.create_checked(creator, checked, terms).await
    }

    /// Checks a request, and does nothing else.
    ///
    /// # Errors
    /// 400 with every wrong field, 429 where too many private keys are being opened.
    pub async fn check(&self, fields: Map<String, Value>) -> Result<Checked, ApiError> {
        let shared = Arc::clone(&self.shared);
        let read = costly::check(fields, move |fields| request::read(fields, &shared)).await?;
        Ok(Checked(read.map_err(SessionError::invalid)?))
    }

    /// Makes a pending session of a request that was checked.
    ///
    /// # Errors
    /// 403 and 502 by the network policy, 429 at a limit.
    pub async fn create_checked(
        &self,
        creator: &Identity,
        checked: Checked,
        terms: Terms,
    ) -> Result<Created, ApiError> {
        let mut origin = checked.0;
        let driver = origin.driver.info().id;
        origin.recorded = self.shared.recordings.decide(driver, origin.wish, creator.role)?;
        self.create_from(creator, origin, terms).await
    }

    /// What entitled `creator` to a session that ended, whose settings are held: it has to be
    /// asked again before [`reconnect`](Self::reconnect).
    ///
    /// # Errors
    /// 404 for an unknown session, 403 for somebody else's, 409 while it lives.
    pub async fn grant_of(&self, creator: &Identity, id: Uuid) -> Result<Grant, ApiError> {
        Ok(self.held(creator, id).await?.origin.grant.clone())
    }

    /// Makes a new session from the settings of one that ended, while they are held.
    ///
    /// # Errors
    /// Those of [`grant_of`](Self::grant_of) and [`create`](Self::create).
    pub async fn reconnect(&self, creator: &Identity, id: Uuid) -> Result<Created, ApiError> {
        let origin = self.held(creator, id).await?.origin.clone();
        let terms = self.shared.terms_of(&origin);
        self.create_checked(creator, Checked(origin), terms).await
    }

    async fn held(&self, creator: &Identity, id: Uuid) -> Result<Arc<Live>, ApiError> {
        let Some(live) = self.find(id) else {
            return Err(match self.shared.store.session(id).await? {
                Some(_) => ApiError::conflict(
                    "settings_forgotten",
                    "The settings of this session are no longer held. Start a new one.",
                ),
                None => no_such_session(),
            });
        };
        if !owns(creator, &live.creator.id) {
            return Err(ApiError::forbidden(SOMEBODY_ELSES));
        }
        if live.is_live() {
            return Err(ApiError::conflict("session_is_live", "This session has not ended."));
        }
        Ok(live)
    }

    async fn create_from(
        &self,
        creator: &Identity,
        origin: Origin,
        terms: Terms,
    ) -> Result<Created, ApiError> {
        self.shared.check_way(&origin).await?;
        let share_token = NewToken::generate("")?;
        let created_at = OffsetDateTime::now_utc();
        let live = Arc::new(Live::new(
            Uuid::now_v7(),
            Creator { id: creator.subject.clone(), name: creator.name.clone() },
            (created_at, terms),
            origin,
            FirstShare::new(share_token.secret),
            self.shared.closing.child_token(),
            Traffic::new(Arc::clone(&self.shared.metrics)),
        ));
        self.shared.take_place(&live)?;
        // A task of its own from here on: a caller that hangs up leaves nothing half made.
        let (tell, told) = oneshot::channel();
        let (shared, begun) = (Arc::clone(&self.shared), Arc::clone(&live));
        self.tasks.spawn(begin(begun, shared, share_token.hash, tell));
        let open_url = told.await.map_err(ApiError::internal)??;
        Ok(Created { live, open_url })
    }

    /// Adds a viewer to a session; the first owner starts it.
    ///
    /// # Errors
    /// 409 if it has ended, or if the viewer is no owner and none has come; 429 where there
    /// are as many as may be; 403 where the share that they followed was taken back.
    pub async fn attach(
        &self,
        live: &Arc<Live>,
        entrance: Entrance,
        window: Window,
    ) -> Result<Attachment, ApiError> {
        let share = entrance.share;
        let attachment = live.attach(entrance, window, self.shared.config.viewers);
        let attachment = attachment.map_err(|why| match why {
            NotAttached::NotOpen => not_open(),
            NotAttached::Full => {
                ApiError::too_many(LIMIT_RETRY, "Too many people look at this session.")
            }
        })?;
        // A share that is taken back sends those away who are there: whoever looked it up
        // before and came in after that looks once more.
        if let Some(share) = share
            && !self.has_share(live.id, share).await?
        {
            return Err(ApiError::forbidden("This share link is not good."));
        }
        Ok(attachment)
    }

    /// A session that lives here, or whose settings are still held.
    pub fn find(&self, id: Uuid) -> Option<Arc<Live>> {
        self.shared.live.lock().get(&id).cloned()
    }

    /// Ends a session and waits until the target's leg is closed. Harmless for one that
    /// has ended.
    ///
    /// # Errors
    /// 404 for an unknown session, 403 for somebody else's unless `who` is an admin.
    pub async fn end(&self, who: &Identity, id: Uuid) -> Result<(), ApiError> {
        let Some(live) = self.find(id) else {
            let row = self.shared.store.session(id).await?.ok_or_else(no_such_session)?;
            return may_manage(who, &row.creator_id, SOMEBODY_ELSES);
        };
        may_manage(who, &live.creator.id, SOMEBODY_ELSES)?;
        live.end(Ending::on_purpose(format!("{} ended the session.", who.name)));
        live.finished().await;
        Ok(())
    }

    /// Life and limits of sessions.
    pub fn config(&self) -> &SessionsConfig {
        &self.shared.config
    }

    /// Runs a viewer's socket as one of this process's tasks: shutdown waits for it.
    pub fn run(&self, socket: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(socket);
    }

    /// Looks now whether those who hold sockets and sessions still may: after the access
    /// of somebody was changed.
    pub async fn look_again(&self) {
        self.shared.look_again().await;
    }

    /// The figures for Prometheus.
    ///
    /// # Errors
    /// Those of their encoder.
    pub fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        let all: Vec<_> = self.shared.live.lock().values().cloned().collect();
        self.shared.metrics.text(all.iter().map(|live| &**live))
    }

    /// Takes no new sessions, and lets those that run go on for up to `drain`: their
    /// viewers see how long.
    pub async fn drain(&self, drain: Duration) {
        let left: Vec<_> = {
            // New sessions take their place under this lock: none slips in behind it.
            let all = self.shared.live.lock();
            self.shared.stopping.cancel();
            all.values().cloned().collect()
        };
        let end = Instant::now() + drain;
        let running = left.into_iter().filter(|live| live.status() == SessionStatus::Active);
        let running: Vec<_> =
            running.inspect(|live| live.warnings.set(EndsBy::Shutdown, Some(end))).collect();
        if running.is_empty() || drain.is_zero() {
            return;
        }
        tracing::info!(sessions = running.len(), "sessions may go on for a while");
        let all_ended = futures_util::future::join_all(running.iter().map(|live| live.finished()));
        let _ = tokio::time::timeout_at(end, all_ended).await;
    }

    /// Takes no new sessions, tells the viewers of the others, and ends them. Returns
    /// when all is given back, or after `limit`.
    pub async fn shutdown(&self, limit: Duration) {
        {
            let _places = self.shared.live.lock();
            self.shared.stopping.cancel();
            self.shared.closing.cancel();
        }
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::error!(left = self.tasks.len(), "sessions did not end in time");
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.shared.closing.cancel();
    }
}

fn no_such_session() -> ApiError {
    ApiError::not_found("There is no such session.")
}

fn not_open() -> ApiError {
    ApiError::conflict(
        "session_not_open",
        "This session has ended, or its owner has not opened it yet.",
    )
}

fn row_of(live: &Live) -> SessionRow {
    let summary = live.summary().clone();
    SessionRow {
        id: live.id,
        session_type: live.session_type().to_owned(),
        name: live.origin.name.clone(),
        creator_id: live.creator.id.clone(),
        creator_name: live.creator.name.clone(),
        hostname: summary.endpoint.map(|endpoint| match endpoint {
            fanlight_core::Endpoint::Tcp(host, _) => host.to_string(),
            socket @ fanlight_core::Endpoint::Unix(_) => socket.to_string(),
        }),
        url: summary.url,
        username: summary.username,
        engine: live.engine_name().to_owned(),
        node: NODE.to_owned(),
        status: SessionStatus::Pending,
        ended_because: None,
        created_at: live.created_at,
        started_at: None,
        ended_at: None,
        bytes_in: 0,
        bytes_out: 0,
    }
}
