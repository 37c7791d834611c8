use std::collections::HashMap;
use std::sync::{Arc, Weak};

use futures_util::future::join_all;
use parking_lot::Mutex;

use super::Protocol;
use crate::host::EmbeddedSession;
use crate::link::EngineSession as _;

/// The sessions behind a door, by their ids. Their connections hold them.
#[derive(Default)]
pub(super) struct Registry(Mutex<HashMap<String, Entry>>);

struct Entry {
    session: Weak<EmbeddedSession>,
    protocol: Protocol,
}

impl Registry {
    pub(super) fn add(&self, session: &Arc<EmbeddedSession>, protocol: Protocol) {
        let id = session.connection_id().to_owned();
        let mut sessions = self.0.lock();
        sessions.retain(|_, entry| entry.session.strong_count() > 0);
        sessions.insert(id, Entry { session: Arc::downgrade(session), protocol });
    }

    pub(super) fn find(&self, id: &str) -> Option<(Arc<EmbeddedSession>, Protocol)> {
        let sessions = self.0.lock();
        let entry = sessions.get(id)?;
        Some((entry.session.upgrade()?, entry.protocol.clone()))
    }

    pub(super) async fn close_all(&self) {
        let live: Vec<_> =
            self.0.lock().values().filter_map(|entry| entry.session.upgrade()).collect();
        join_all(live.iter().map(|session| session.close())).await;
    }
}
