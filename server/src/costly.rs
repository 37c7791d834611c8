//! Checks that may take long: what it costs to undo a private key's encryption was chosen by
//! whoever made the key. Such a check must not hold up the tasks of others.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::api::ApiError;

/// Costly checks at a time: each keeps a processor busy.
static PLACES: Semaphore = Semaphore::const_new(2);
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does a check of `fields`: here if it takes no time, else on a thread of its own.
///
/// # Errors
/// 429 where too many costly checks are under way.
pub(crate) async fn check<T: Send + 'static>(
    fields: Map<String, Value>,
    by: impl FnOnce(Map<String, Value>) -> T + Send + 'static,
) -> Result<T, ApiError> {
    if !fields.iter().any(|(name, value)| name == "preset" || holds_pem(value)) {
        return Ok(by(fields));
    }
    let busy = || ApiError::too_many(PATIENCE, "Too many private keys are to be opened at a time.");
    let place = timeout(PATIENCE, PLACES.acquire()).await.map_err(|_| busy())?;
    let place = place.map_err(ApiError::internal)?;
    let checking = spawn_blocking(move || {
        // Held to the end, also where nobody waits for it any more.
        let _place = place;
        by(fields)
    });
    checking.await.map_err(ApiError::internal)
}

/// Keys are PEM (RFC 7468), whatever the field is called.
fn holds_pem(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("-----BEGIN "),
        Value::Array(values) => values.iter().any(holds_pem),
        Value::Object(fields) => fields.values().any(holds_pem),
        _ => false,
    }
}
