use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::access::{Credential, Identity, still_valid};
use crate::store::Store;

/// How often the credentials behind open sockets are looked at again.
const SWEEP: Duration = Duration::from_secs(3);

/// The identities whose sockets are open: a request's credential is checked once, but a
/// socket lives on after the credential was revoked.
#[derive(Default)]
pub(super) struct Bearers(Mutex<HashMap<Credential, Entry>>);

struct Entry {
    identity: Identity,
    sockets: usize,
    revoked: CancellationToken,
}

/// One socket of an identity.
pub struct Bearer {
    all: Arc<Bearers>,
    credential: Credential,
    revoked: CancellationToken,
}

impl Bearers {
    pub(super) fn admit(self: &Arc<Self>, identity: Identity) -> Bearer {
        let credential = identity.credential;
        let mut all = self.0.lock();
        let entry = all.entry(credential).or_insert_with(|| Entry {
            identity,
            sockets: 0,
            revoked: CancellationToken::new(),
        });
        entry.sockets += 1;
        let revoked = entry.revoked.clone();
        Bearer { all: Arc::clone(self), credential, revoked }
    }

    /// Looks at all credentials again and again. A database that does not answer cuts
    /// nobody off.
    pub(super) async fn sweep(self: Arc<Self>, store: Store) {
        loop {
            tokio::time::sleep(SWEEP).await;
            let identities: Vec<_> =
                self.0.lock().values().map(|entry| entry.identity.clone()).collect();
            for identity in identities {
                match still_valid(&store, &identity).await {
                    Ok(Some(_)) => {}
                    Ok(None) => self.revoke(identity.credential),
                    Err(error) => tracing::warn!(%error, "open sockets could not be re-checked"),
                }
            }
        }
    }

    fn revoke(&self, credential: Credential) {
        if let Some(entry) = self.0.lock().remove(&credential) {
            entry.revoked.cancel();
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
        if let Some(entry) = all.get_mut(&self.credential) {
            entry.sockets -= 1;
            if entry.sockets == 0 {
                all.remove(&self.credential);
            }
        }
    }
}
