use fanlight_core::{Cause, Endpoint, HostKey, SessionError};
use time::OffsetDateTime;

use crate::config::HostKeyPolicy;
use crate::store::{KnownHostKey, Store, StoreError};

/// Decides whether a host key is the target's: the store remembers each target's key.
pub struct HostKeys {
    store: Store,
    policy: HostKeyPolicy,
    learns: bool,
}

impl HostKeys {
    /// Keys in `store`, judged by `policy`.
    pub fn new(store: Store, policy: HostKeyPolicy) -> Self {
        Self { store, policy, learns: true }
    }

    /// Judges the same and remembers nothing: for what is only tried.
    #[must_use]
    pub fn only_judging(&self) -> Self {
        Self { store: self.store.clone(), policy: self.policy, learns: false }
    }

    /// What is done with keys that were never seen.
    pub fn policy(&self) -> HostKeyPolicy {
        self.policy
    }

    /// Accepts the key that is known of an endpoint behind the jump hosts `via` (empty: of
    /// one that is reached from here), and a first one where the policy says so: that is
    /// remembered.
    ///
    /// # Errors
    /// `Untrusted` for a changed key, with both fingerprints, and for an unknown one where
    /// only known keys are trusted; `Unavailable` when the store cannot be asked.
    pub async fn verify(&self, key: &HostKey, via: &str) -> Result<(), SessionError> {
        let endpoint = known_name(&key.endpoint, via);
        let known = self.store.host_key(&endpoint).await.map_err(unavailable)?;
        let known = match (known, self.policy) {
            (Some(known), _) => known,
            (None, HostKeyPolicy::Known) => return Err(unknown(&endpoint, key)),
            (None, HostKeyPolicy::FirstUse) if !self.learns => return Ok(()),
            (None, HostKeyPolicy::FirstUse) => {
                let first = KnownHostKey {
                    endpoint: endpoint.clone(),
                    public_key: key.public_key.clone(),
                    fingerprint: key.fingerprint.clone(),
                    added_at: OffsetDateTime::now_utc(),
                };
                tracing::info!(%endpoint, fingerprint = %key.fingerprint, "trusting a first host key");
                self.store.learn_host_key(&first).await.map_err(unavailable)?
            }
        };
        if known.public_key == key.public_key {
            Ok(())
        } else {
            tracing::warn!(
                %endpoint, expected = %known.fingerprint, shown = %key.fingerprint,
                "refused a changed host key"
            );
            Err(changed(&known, key))
        }
    }
}

/// The name under which a target's key is kept: `host:port` in lower case, without the
/// trailing dot that a DNS name may have.
pub fn endpoint_name(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Tcp(host, port) => {
            let host = host.as_str().trim_end_matches('.').to_ascii_lowercase();
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        }
        Endpoint::Unix(path) => path.display().to_string(),
    }
}

/// The name of an endpoint behind jump hosts: the same address is another machine behind
/// others.
pub fn known_name(endpoint: &Endpoint, via: &str) -> String {
    let name = endpoint_name(endpoint);
    if via.is_empty() { name } else { format!("{name} via {via}") }
}

fn unknown(endpoint: &str, key: &HostKey) -> SessionError {
    SessionError::new(
        Cause::Untrusted,
        format!(
            "The host key of {endpoint} is not known here, and only known keys are trusted. \
             It showed {}. If that is right, ask an administrator to add it.",
            key.fingerprint
        ),
    )
}

fn changed(known: &KnownHostKey, key: &HostKey) -> SessionError {
    SessionError::new(
        Cause::Untrusted,
        format!(
            "The host key of {} has changed: expected {}, but it showed {}. Someone may be \
             listening in. If the change is right, ask an administrator to remove the old key.",
            known.endpoint, known.fingerprint, key.fingerprint
        ),
    )
}

fn unavailable(error: StoreError) -> SessionError {
    tracing::error!(%error, "the known host keys cannot be read");
    SessionError::new(Cause::Unavailable, "The known host keys cannot be read just now.")
}
