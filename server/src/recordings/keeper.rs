use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::Shared;
use super::limits::{Limits, expired};
use crate::audit::{Action, Event};

/// How often the limits are looked at, if no recording ends meanwhile.
const PERIOD: Duration = Duration::from_secs(60);

impl Shared {
    /// Deletes recordings that are beyond the limits, again and again.
    pub(super) async fn keep(self: Arc<Self>) {
        loop {
            if let Err(error) = self.delete_expired().await {
                tracing::warn!(%error, "old recordings could not be deleted");
            }
            let _ = tokio::time::timeout(PERIOD, self.ended.notified()).await;
        }
    }

    async fn delete_expired(&self) -> anyhow::Result<()> {
        let limits = self.limits();
        let mut rows = self.store.recordings(None).await?;
        rows.iter_mut().for_each(|row| self.update(row));
        let now = OffsetDateTime::now_utc();
        for (row, why) in expired(&rows, |name| self.is_live(name), limits, now) {
            self.remove(&row.name).await?;
            let event = Event::new(Action::RecordingExpire);
            let event = event.about("recording", &row.name, &row.label).detail("because_of", why);
            self.audit.note(event).await;
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        let config = &self.config;
        let share = config.max_disk_percent.and_then(|percent| {
            let size = disk_size(&config.dir).inspect_err(|error| {
                tracing::warn!(%error, "the size of the disk with the recordings is not known");
            });
            Some(size.ok()? / 100 * u64::from(percent))
        });
        Limits { age: config.max_age, count: config.max_count, stored: share }
    }
}

fn disk_size(folder: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_blocks.saturating_mul(disk.f_frsize))
}
