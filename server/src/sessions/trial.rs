//! A dry run: the way of a session up to its screen, and back down. Nothing is recorded,
//! nobody is asked, and whatever was opened is given back.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{
    Cause, ClientSession, EngineKind, Files, Host, HostKey, Plan, Screen, SessionError, Step,
    StepState,
};
use fanlight_engine::link::Services as _;
use futures_util::FutureExt as _;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;
use uuid::Uuid;

use super::context::{Context, SessionServices};
use super::ladder::{Ladder, StepView};
use super::live::Origin;
use super::resources::Resources;
use super::{HostKeys, Sessions, Shared};
use crate::api::ApiError;
use crate::hops::path_through;

/// Dry runs at a time: each holds a connection to some machine.
pub(super) const MOST_TRIALS: usize = 16;
/// Longest dry run, below the time that a request may take.
const LIMIT: Duration = Duration::from_secs(25);
/// When to come back where there are too many.
const RETRY: Duration = Duration::from_secs(5);

/// How a dry run went.
pub struct Trial {
    /// The steps that were climbed, the failing one last.
    pub steps: Vec<StepView>,
    /// Why it did not reach the end.
    pub failure: Option<SessionError>,
}

impl Sessions {
    /// Climbs to the login of what a request describes, or for a driver that needs guacd
    /// to the target's port, and releases everything again.
    ///
    /// # Errors
    /// 400 with every wrong field, 429 where too many try at once. What fails on the way
    /// is no error, but what was to be found out.
    pub async fn try_out(
        &self,
        fields: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Trial, ApiError> {
        let origin = self.check(fields).await?.0;
        let place = Arc::clone(&self.shared.trials).try_acquire_owned();
        let place = place.map_err(|_| ApiError::too_many(RETRY, "Too many dry runs at a time."))?;
        let (tell, told) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        // A task of its own: a caller that hangs up leaves nothing behind.
        self.tasks.spawn(async move {
            let trial = climb(&origin, &shared).await;
            drop(place);
            // Nobody may be listening any more.
            let _ = tell.send(trial);
        });
        told.await.map_err(ApiError::internal)
    }
}

async fn climb(origin: &Origin, shared: &Arc<Shared>) -> Trial {
    let (ladder, resources) = (Arc::<Ladder>::default(), Resources::default());
    let id = Uuid::now_v7();
    let host_keys = Arc::new(shared.host_keys.only_judging());
    let way = async {
        let context = Context::new(id, origin, shared, &ladder, &resources).judged_by(&host_keys);
        let plan = origin.driver.prepare(&origin.settings, &context).await?;
        reach_login(plan, origin, &host_keys, &ladder).await
    };
    let climbed = tokio::select! {
        biased;
        () = shared.stopping.cancelled() => Err(stopping()),
        climbed = timeout(LIMIT, AssertUnwindSafe(way).catch_unwind()) => match climbed {
            Ok(Ok(climbed)) => climbed,
            Ok(Err(_)) => Err(SessionError::new(Cause::Internal, "Something went wrong in the gateway.")),
            Err(_) => Err(SessionError::new(Cause::TimedOut, "The dry run took too long.")),
        },
    };
    resources.release(id).await;
    match &climbed {
        Ok(()) => ladder.close(StepState::Done),
        Err(error) => ladder.fail(error),
    }
    Trial { steps: ladder.view(), failure: climbed.err() }
}

/// A client of the embedded engine logs in; for guacd, which would open a screen at once,
/// reaching the target must do.
async fn reach_login(
    plan: Plan,
    origin: &Origin,
    host_keys: &Arc<HostKeys>,
    ladder: &Arc<Ladder>,
) -> Result<(), SessionError> {
    let client = origin.driver.client().filter(|_| origin.engine == EngineKind::Embedded);
    let (Some(client), Some(target)) = (client, &plan.target) else {
        let Some(target) = &plan.target else { return Ok(()) };
        ladder.begin(format!("Connect to {}", target.endpoint));
        return target.dial().await.map(drop);
    };
    let reached = Arc::new(Notify::new());
    let services = SessionServices {
        ladder: Arc::clone(ladder),
        host_keys: Arc::clone(host_keys),
        via: path_through(&origin.shared.jump_hosts),
    };
    // Nobody types; held, because its end would be the person's leaving.
    let (_keyboard, input) = mpsc::channel(1);
    let session = ClientSession {
        target: Some(target.clone()),
        parameters: plan.parameters,
        viewport: origin.viewport,
        input,
        host: Arc::new(Witness { services, reached: Arc::clone(&reached) }),
    };
    tokio::select! {
        ended = client.run(session) => ended,
        () = reached.notified() => Ok(()),
    }
}

/// The world around a client that is only tried: notes when it has got through.
struct Witness {
    services: SessionServices,
    reached: Arc<Notify>,
}

#[async_trait]
impl Host for Witness {
    /// A client shows something when it is there, unless it knows that it is only tried.
    fn show(&self, _: Arc<dyn Screen>) {
        self.reached.notify_one();
    }
    fn changed(&self) {}
    fn clipboard(&self, _: String) {}
    fn title(&self, _: String) {}
    fn bell(&self) {}
    fn files(&self, _: Files) {}

    fn step(&self, step: Step) {
        self.services.step(step);
    }

    fn is_trial(&self) -> bool {
        true
    }

    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError> {
        self.services.verify_host_key(key).await
    }
}

fn stopping() -> SessionError {
    SessionError::new(Cause::Unavailable, "The gateway is shutting down.")
}
