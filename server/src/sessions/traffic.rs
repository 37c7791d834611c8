use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::Metrics;

/// What went between the gateway and all who looked at one session, in bytes of
/// instructions: not as they are deflated for the way.
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
    metrics: Arc<Metrics>,
}

impl Traffic {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { received: AtomicU64::new(0), sent: AtomicU64::new(0), metrics }
    }

    pub(super) fn note_received(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.received.fetch_add(bytes, Ordering::Relaxed);
        self.metrics.received(bytes);
    }

    pub(super) fn note_sent(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        self.metrics.sent(bytes);
    }

    /// From viewers.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// To viewers.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}
