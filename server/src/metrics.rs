//! Figures for Prometheus. One set for each gateway, so that two in one process do not count
//! into each other.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use crate::audit::Action;
use crate::sessions::{Live, SessionStatus};

/// Bounds of the time that requests take, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// A request's route, by its template: paths carry ids and tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: String,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SessionLabels {
    session_type: &'static str,
    engine: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    action: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    refusals: Family<RefusalLabels, Counter>,
    sessions: Family<SessionLabels, Gauge>,
    ended: Family<SessionLabels, Counter>,
    viewers: Gauge,
    bytes_in: Counter,
    bytes_out: Counter,
    frames: Counter,
}

fn register<M: Metric + EncodeMetric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("fanlight");
        let to = &mut registry;
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> _);
        Self {
            requests: register(to, "http_requests", "Requests answered", Family::default()),
            request_seconds: register(
                to,
                "http_request_seconds",
                "Time from a request to its answer",
                seconds,
            ),
            refusals: register(
                to,
                "refusals",
                "Credentials and requests that were refused, as the audit log names them",
                Family::default(),
            ),
            sessions: register(to, "sessions", "Sessions that are live now", Family::default()),
            ended: register(to, "sessions_ended", "Sessions that ended", Family::default()),
            viewers: register(to, "viewers", "Sockets that look at sessions now", Gauge::default()),
            bytes_in: register(
                to,
                "viewer_received_bytes",
                "Bytes of instructions from viewers, inflated",
                Counter::default(),
            ),
            bytes_out: register(
                to,
                "viewer_sent_bytes",
                "Bytes of instructions to viewers, before they are deflated",
                Counter::default(),
            ),
            frames: register(
                to,
                "frames",
                "Batches of instructions that engines handed over for one viewer",
                Counter::default(),
            ),
            registry,
        }
    }
}

impl Metrics {
    /// Counts an answered request.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        let labels = RouteLabels { method: method.clone(), route: route.clone() };
        self.request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, action: Action) {
        self.refusals.get_or_create(&RefusalLabels { action: action.name() }).inc();
    }

    /// Counts what a viewer sent.
    pub(crate) fn received(&self, bytes: u64) {
        self.bytes_in.inc_by(bytes);
    }

    /// Counts a batch that was sent to a viewer.
    pub(crate) fn sent(&self, bytes: u64) {
        self.bytes_out.inc_by(bytes);
        self.frames.inc();
    }

    /// Counts a session's end.
    pub(crate) fn ended(&self, live: &Live, status: SessionStatus) {
        self.ended.get_or_create(&labels(live, status)).inc();
    }

    /// All figures in the text format of OpenMetrics; those of `sessions` are of now.
    ///
    /// # Errors
    /// What the encoder returns.
    pub(crate) fn text<'a>(
        &self,
        sessions: impl Iterator<Item = &'a Live>,
    ) -> Result<String, std::fmt::Error> {
        self.sessions.clear();
        let mut viewers = 0;
        for live in sessions.filter(|live| live.is_live()) {
            self.sessions.get_or_create(&labels(live, live.status())).inc();
            viewers += live.active_connections();
        }
        self.viewers.set(i64::try_from(viewers).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn labels(live: &Live, status: SessionStatus) -> SessionLabels {
    let (session_type, engine) = (live.session_type(), live.engine_name());
    SessionLabels { session_type, engine, status: status.as_str() }
}
