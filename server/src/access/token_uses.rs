use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use crate::store::{Store, UserToken};

/// How exact the time of a token's last use is.
const EXACTNESS: time::Duration = time::Duration::minutes(1);
/// How often the times are written.
const WRITTEN_EVERY: Duration = Duration::from_secs(5);

/// When tokens were last used. A request only notes it; the row is written later, at most
/// once a minute for a token.
pub struct TokenUses {
    noted: Arc<Noted>,
    store: Store,
    writer: JoinHandle<()>,
}

type Noted = Mutex<HashMap<i64, OffsetDateTime>>;

impl TokenUses {
    /// Starts to write to `store`, until this is dropped.
    pub fn start(store: Store) -> Self {
        let noted = Arc::<Noted>::default();
        let writer = tokio::spawn(write_again_and_again(Arc::clone(&noted), store.clone()));
        Self { noted, store, writer }
    }

    /// Notes that `token`, as it was just read, is used now.
    pub fn note(&self, token: &UserToken, now: OffsetDateTime) {
        if token.last_used_at.is_none_or(|last| now - last >= EXACTNESS) {
            self.noted.lock().insert(token.id, now);
        }
    }

    /// Writes what is noted.
    pub async fn write(&self) {
        write(&self.noted, &self.store).await;
    }
}

impl Drop for TokenUses {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

async fn write_again_and_again(noted: Arc<Noted>, store: Store) {
    loop {
        tokio::time::sleep(WRITTEN_EVERY).await;
        write(&noted, &store).await;
    }
}

async fn write(noted: &Noted, store: &Store) {
    let uses = std::mem::take(&mut *noted.lock());
    for (id, used) in uses {
        if let Err(error) = store.touch_user_token(id, used).await {
            tracing::warn!(%error, "the last use of a token was not recorded");
        }
    }
}
