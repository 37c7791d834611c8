use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::live::Live;
use super::warnings::EndsBy;

/// How long before its longest duration viewers of a session are warned.
const LAST_MINUTES: Duration = Duration::from_secs(5 * 60);

/// Resolves after `most`; viewers are warned some minutes before.
pub(super) async fn time_runs_out(live: &Live, most: Duration) {
    let end = Instant::now() + most;
    sleep_until(end - LAST_MINUTES.min(most / 2)).await;
    live.warnings.set(EndsBy::Duration, Some(end));
    sleep_until(end).await;
}

/// Resolves when nobody typed or pointed for the whole of `limit`; viewers are warned
/// `warning` before, and whoever acts then takes it back.
pub(super) async fn nobody_acts(live: &Live, limit: Option<Duration>, warning: Duration) {
    let Some(limit) = limit else { return std::future::pending().await };
    let quiet = limit.saturating_sub(warning.min(limit / 2));
    let mut last = live.last_input.subscribe();
    live.last_input.send_replace(Instant::now());
    loop {
        let since = *last.borrow_and_update();
        sleep_until(since + quiet).await;
        if *last.borrow_and_update() > since {
            continue;
        }
        live.warnings.set(EndsBy::Idle, Some(since + limit));
        if timeout_at(since + limit, last.changed()).await.is_err() {
            return;
        }
        live.warnings.set(EndsBy::Idle, None);
    }
}
