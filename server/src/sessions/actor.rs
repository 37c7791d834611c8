//! One task for each session: waits for its owner, starts it, watches over it, ends it
//! and gives everything back, whatever happens on the way.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Cause, SessionError, StepState, Viewport};
use fanlight_engine::link::{EngineSession, Opening};
use futures_util::FutureExt as _;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::context::{Context, SessionServices};
use super::live::{Live, Window};
use super::resources::Resources;
use super::state::{Ending, Phase, SessionStatus};
use super::time_limits::{nobody_acts, time_runs_out};
use crate::audit::{Action, Event};
use crate::hops::{Chain, path_through};
use crate::recordings::{Subject, cannot_record};
use crate::store::EndedSession;

/// Longest time from the owner's coming to the engine's acceptance of the plan.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Longest time for the engine to close the target's leg.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// How long viewers may go on reading what the remote side said last.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A session's whole life, and the time after it in which it can be made again.
pub(super) async fn run(live: Arc<Live>, shared: Arc<Shared>) {
    let resources = Resources::default();
    let life = AssertUnwindSafe(live_through(&live, &shared, &resources)).catch_unwind();
    let ending = tokio::select! {
        biased;
        ending = live.end_requested() => ending,
        lived = life => lived.unwrap_or_else(|_| panicked(&live)),
    };
    finish(&live, &shared, &resources, ending).await;
    tokio::select! {
        () = sleep(shared.config.reconnect_grace) => {}
        () = live.forgotten.cancelled() => {}
        () = shared.closing.cancelled() => {}
    }
    shared.forget(live.id);
}

fn panicked(live: &Live) -> Ending {
    tracing::error!(session = %live.id, "the session panicked");
    Ending::failed(SessionError::new(Cause::Internal, "Something went wrong in the gateway."))
}

async fn live_through(live: &Live, shared: &Arc<Shared>, resources: &Resources) -> Ending {
    let Ok(window) = timeout(live.terms.at_most(live.terms.pending), live.opened()).await else {
        return Ending::expired("The session was not opened in time.");
    };
    live.phase.send_replace(Phase::Starting);
    let starting = timeout(live.terms.at_most(START_LIMIT), start(live, shared, resources, window));
    let (started, ()) = tokio::join!(starting, record_start(live, shared));
    let started = match started.unwrap_or_else(|_| Err(start_took_too_long())) {
        Ok(started) => started,
        Err(error) => return Ending::failed(error),
    };
    let most = live.terms.at_most(shared.config.max_duration);
    live.ends_by.get_or_init(|| OffsetDateTime::now_utc() + most);
    live.phase.send_replace(Phase::Running(Arc::clone(&started.session)));
    watch_over(live, shared, &started).await
}

/// In the name of the session's creator: its life goes on without a request.
fn of_session(action: Action, live: &Live) -> Event {
    let Live { id, creator, .. } = live;
    Event::new(action).by_name(&creator.id, &creator.name).about("session", id, &live.label())
}

async fn record_start(live: &Live, shared: &Shared) {
    if let Err(error) = shared.store.start_session(live.id).await {
        tracing::error!(session = %live.id, %error, "the session's start was not recorded");
    }
    shared.audit.note(of_session(Action::SessionStart, live)).await;
}

/// A session that an engine runs.
struct Started {
    session: Arc<dyn EngineSession>,
    /// The jump hosts on the way to its target.
    chain: Option<Arc<Chain>>,
}

async fn start(
    live: &Live,
    shared: &Arc<Shared>,
    resources: &Resources,
    window: Window,
) -> Result<Started, SessionError> {
    let driver = &live.origin.driver;
    let context = Context::new(live.id, &live.origin, shared, &live.ladder, resources)
        .noting(of_session(Action::SessionVisit, live));
    let plan = driver.prepare(&live.origin.settings, &context).await?;
    live.ladder.begin("Start the engine");
    let engine = shared.engines.get(live.origin.engine).ok_or_else(engine_gone)?;
    let opening = Opening {
        plan,
        viewport: window.viewport,
        timezone: window.timezone,
        client: driver.client(),
        services: Arc::new(SessionServices {
            ladder: Arc::clone(&live.ladder),
            host_keys: Arc::clone(&shared.host_keys),
            via: path_through(&live.origin.shared.jump_hosts),
        }),
    };
    let session = engine.open(opening).await?;
    record(live, shared, resources, &session, window.viewport).await?;
    Ok(Started { session, chain: context.chain.into_inner() })
}

/// Begins to record the session, where it is to be.
async fn record(
    live: &Live,
    shared: &Shared,
    resources: &Resources,
    engine: &Arc<dyn EngineSession>,
    viewport: Viewport,
) -> Result<(), SessionError> {
    if !live.origin.recorded {
        return Ok(());
    }
    let (head, kind) = (live.recording_head(), live.origin.engine);
    let subject = Subject { head, engine: Arc::clone(engine), kind, viewport };
    if let Some(taping) = shared.recordings.begin(subject).await? {
        resources.keep(taping.resource());
        live.taping.get_or_init(|| taping);
    }
    Ok(())
}

/// Resolves when the session is no longer recorded, and must not go on so.
async fn recording_failed(live: &Live) {
    match live.taping() {
        Some(taping) => taping.ends_session().await,
        None => std::future::pending().await,
    }
}

async fn watch_over(live: &Live, shared: &Shared, started: &Started) -> Ending {
    let config = &shared.config;
    tokio::select! {
        ended = started.session.ended() => match ended {
            Ok(()) => Ending::by_remote(),
            Err(error) => Ending::failed(started.reason_for(error).await),
        },
        error = started.way_lost() => Ending::failed(error),
        () = time_runs_out(live, live.terms.at_most(config.max_duration)) => {
            Ending::expired("The session reached its longest duration.")
        }
        () = nobody_acts(live, config.idle_timeout, config.idle_warning) => {
            Ending::expired("Nobody typed or pointed for too long.")
        }
        () = recording_failed(live) => {
            Ending::failed(cannot_record("The recording could not be written any more."))
        }
        () = owner_stays_away(live, shared.config.reattach_grace) => {
            Ending::on_purpose("The owner left the session.")
        }
    }
}

impl Started {
    /// Resolves when a jump host is lost.
    async fn way_lost(&self) -> SessionError {
        match &self.chain {
            Some(chain) => chain.died().await,
            None => std::future::pending().await,
        }
    }

    /// What is behind the end of the target's connection.
    async fn reason_for(&self, end: SessionError) -> SessionError {
        match &self.chain {
            Some(chain) => chain.reason_for(end).await,
            None => end,
        }
    }
}

/// Resolves when no owner has been there for the whole grace time.
async fn owner_stays_away(live: &Live, grace: Duration) {
    let mut owners = live.owners.subscribe();
    loop {
        if owners.wait_for(|count| *count == 0).await.is_err() {
            std::future::pending::<()>().await;
        }
        if timeout(grace, owners.wait_for(|count| *count > 0)).await.is_err() {
            return;
        }
    }
}

/// Tells the viewers, closes the target's leg, gives everything back and records the end.
async fn finish(live: &Live, shared: &Shared, resources: &Resources, ending: Ending) {
    let failed = ending.status == SessionStatus::Error;
    match ending.error.as_ref().filter(|_| failed) {
        Some(error) => live.ladder.fail(error),
        None => live.ladder.close(StepState::Done),
    }
    if ending.is_by_gateway() {
        live.cut.cancel();
    }
    let ended = Phase::Ended(Arc::new(ending.clone()));
    if let Phase::Running(engine) = live.phase.send_replace(ended)
        && timeout(CLOSE_LIMIT, engine.close()).await.is_err()
    {
        tracing::error!(session = %live.id, "the engine did not close in time");
    }
    resources.release(live.id).await;
    record_end(live, shared, &ending).await;
    live.finished.cancel();
    let event = of_session(Action::SessionEnd, live)
        .detail("status", ending.status.as_str())
        .detail("reason", ending.reason());
    shared.audit.note(if failed { event.failed() } else { event }).await;
    let everyone_left = async {
        while live.active_connections() > 0 && !live.cut.is_cancelled() {
            sleep(LAST_WORDS / 10).await;
        }
    };
    let _ = timeout(LAST_WORDS, everyone_left).await;
    live.cut.cancel();
}

async fn record_end(live: &Live, shared: &Shared, ending: &Ending) {
    tracing::info!(
        session = %live.id, status = ending.status.as_str(), reason = ending.reason(),
        "session ended"
    );
    shared.metrics.ended(live, ending.status);
    let ended = EndedSession {
        status: ending.status,
        because: ending.reason(),
        bytes_in: live.traffic.received(),
        bytes_out: live.traffic.sent(),
    };
    let recorded = async {
        shared.store.end_session(live.id, ended).await?;
        shared.store.drop_passes(live.id).await
    };
    if let Err(error) = recorded.await {
        tracing::error!(session = %live.id, %error, "the session's end was not recorded");
    }
}

fn start_took_too_long() -> SessionError {
    SessionError::new(Cause::TimedOut, "Starting the session took too long.")
}

fn engine_gone() -> SessionError {
    SessionError::new(Cause::Unavailable, "The engine for this session is not running.")
}
