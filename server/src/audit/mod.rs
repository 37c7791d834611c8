//! The audit log: who did what, and what was refused. Rows are added and never changed; a
//! flood of refusals becomes few of them.

mod event;
mod flood;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use event::{Action, Event, Outcome};

use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use flood::FloodGate;

/// How often repeated refusals are summed up.
const PERIOD: Duration = Duration::from_secs(60);
/// Rows that are deleted at once when they are over age, so that nobody waits long.
const BATCH: u32 = 1000;

/// The audit log of one gateway. Dropping it ends its task.
pub struct Audit {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

struct Shared {
    store: Store,
    gate: FloodGate,
    retention: Option<Duration>,
    metrics: Arc<Metrics>,
}

impl Audit {
    /// Begins to keep the log in `store`; rows older than `retention` are deleted.
    pub fn start(store: Store, retention: Option<Duration>, metrics: Arc<Metrics>) -> Self {
        let gate = FloodGate::default();
        let shared = Arc::new(Shared { store, gate, retention, metrics });
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        let work = Arc::clone(&shared).work();
        tasks.spawn(closing.clone().run_until_cancelled_owned(work));
        Self { shared, tasks, closing }
    }

    /// Keeps an event; it is kept when this returns. For sign-ins, tokens and changes by
    /// admins, whose request fails where it cannot be told.
    ///
    /// # Errors
    /// Those of the database, after the time that a request waits for it.
    pub async fn record(&self, event: Event) -> Result<(), StoreError> {
        self.shared.store.add_audit(&event.into_row()).await
    }

    /// As [`record`](Self::record), for what has happened already and goes on without it: a
    /// failure goes to the log.
    pub async fn note(&self, event: Event) {
        self.shared.note(event).await;
    }

    /// Keeps a refusal. Those that are alike (what, address, who) are kept once a minute,
    /// with their number.
    pub async fn refused(&self, event: Event) {
        self.shared.metrics.refused(event.action());
        if let Some(event) = self.shared.gate.admit(event.refused()) {
            self.shared.note(event).await;
        }
    }

    /// Writes what was counted and ends the log's task.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.shared.tell_repeated().await;
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl Shared {
    async fn note(&self, event: Event) {
        let row = event.into_row();
        if let Err(error) = self.store.add_audit(&row).await {
            tracing::error!(%error, action = row.action, "an event is missing in the audit log");
        }
    }

    async fn work(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PERIOD).await;
            self.tell_repeated().await;
            self.delete_old().await;
        }
    }

    async fn tell_repeated(&self) {
        for event in self.gate.drain() {
            self.note(event).await;
        }
    }

    async fn delete_old(&self) {
        let Some(retention) = self.retention else { return };
        let end = OffsetDateTime::now_utc() - retention;
        if let Err(error) = self.store.delete_audit_before(end, BATCH).await {
            tracing::warn!(%error, "old events could not be deleted from the audit log");
        }
    }
}
