use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{Ending, Live, Shared};
use crate::access::{Credential, Identity, Role, still_valid, subject_has_access};
use crate::store::Store;

/// How often the credentials behind open sockets are looked at again.
const SWEEP: Duration = Duration::from_secs(3);

/// The identities whose sockets are open: a request's credential is checked once, but a
/// socket lives on after the credential was revoked.
#[derive(Default)]
pub(super) struct Bearers(Mutex<HashMap<Standing, Entry>>);

/// What a socket was admitted by. The role is part of it: one that shrinks closes the
/// sockets that were opened with more.
type Standing = (Credential, Role);

struct Entry {
    identity: Identity,
    sockets: usize,
    revoked: CancellationToken,
}

/// One socket of an identity.
pub struct Bearer {
    all: Arc<Bearers>,
    standing: Standing,
    revoked: CancellationToken,
}

impl Bearers {
    pub(super) fn admit(self: &Arc<Self>, identity: Identity) -> Bearer {
        let standing = (identity.credential, identity.role);
        let mut all = self.0.lock();
        let entry = all.entry(standing).or_insert_with(|| Entry {
            identity,
            sockets: 0,
            revoked: CancellationToken::new(),
        });
        entry.sockets += 1;
        let revoked = entry.revoked.clone();
        Bearer { all: Arc::clone(self), standing, revoked }
    }

    /// Looks at all credentials again.
    async fn sweep(&self, store: &Store) {
        let identities: Vec<_> =
            self.0.lock().values().map(|entry| entry.identity.clone()).collect();
        for identity in identities {
            match still_valid(store, &identity).await {
                Ok(Some(_)) => {}
                Ok(None) => self.revoke((identity.credential, identity.role)),
                Err(error) => tracing::warn!(%error, "open sockets could not be re-checked"),
            }
        }
    }

    fn revoke(&self, standing: Standing) {
        if let Some(entry) = self.0.lock().remove(&standing) {
            entry.revoked.cancel();
        }
    }
}

impl Shared {
    /// Looks again and again whether those who hold sockets and sessions still may. A
    /// database that does not answer cuts nobody off.
    pub(super) async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SWEEP).await;
            self.look_again().await;
        }
    }

    /// Looks whether those who hold sockets and sessions still may.
    pub(super) async fn look_again(&self) {
        self.bearers.sweep(&self.store).await;
        self.end_sessions_of_the_revoked().await;
    }

    /// A session is its creator's, whoever came by a link: it ends with that one's access.
    async fn end_sessions_of_the_revoked(&self) {
        let mut by_creator: HashMap<String, Vec<Arc<Live>>> = HashMap::new();
        for live in self.live.lock().values().filter(|live| live.is_live()) {
            by_creator.entry(live.creator.id.clone()).or_default().push(Arc::clone(live));
        }
        for (creator, sessions) in by_creator {
            match subject_has_access(&self.store, &creator).await {
                Ok(true) => {}
                Ok(false) => sessions.iter().for_each(|live| live.end(Ending::revoked())),
                Err(error) => tracing::warn!(%error, "sessions' creators could not be re-checked"),
            }
        }
    }
}

impl Bearer {
    /// Resolves when the identity's credential is no longer good.
    pub async fn revoked(&self) {
        self.revoked.cancelled().await;
    }
}

impl Drop for Bearer {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if self.revoked.is_cancelled() {
            return;
        }
        if let Some(entry) = all.get_mut(&self.standing) {
            entry.sockets -= 1;
            if entry.sockets == 0 {
                all.remove(&self.standing);
            }
        }
    }
}
