use std::collections::HashSet;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::file::RecordingFile;
use super::{RecordingStatus, Shared, name};
use crate::store::{Extent, RecordingRow, StoreError, from_millis};

impl Shared {
    /// Brings files and rows together again: an earlier run may have been killed, files may
    /// have been put here or taken away.
    pub(super) async fn reconcile(&self) -> Result<(), StoreError> {
        let files = match self.files().await {
            Ok(files) => files,
            Err(error) => {
                let folder = self.config.dir.display();
                tracing::error!(%error, %folder, "there is no folder for recordings");
                return Ok(());
            }
        };
        let rows = self.store.recordings(None).await?;
        for row in &rows {
            if !files.contains(&row.name) {
                tracing::warn!(name = row.name, "a recording's file is gone");
                self.store.drop_recording(&row.name).await?;
            } else if row.ended_at.is_none() {
                self.end_interrupted(&row.name).await?;
            }
        }
        let known: HashSet<_> = rows.iter().map(|row| row.name.as_str()).collect();
        for stray in files.iter().filter(|file| !known.contains(file.as_str())) {
            self.adopt(stray).await?;
        }
        Ok(())
    }

    /// The names of all recordings in the folder, which is made where there is none.
    async fn files(&self) -> io::Result<HashSet<String>> {
        let folder = self.config.dir.clone();
        let listed = spawn_blocking(move || {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let entries = std::fs::read_dir(&folder)?;
            let names = entries.map(|entry| Ok(name::of_file(&entry?.path()).map(str::to_owned)));
            names.filter_map(io::Result::transpose).collect()
        });
        listed.await.map_err(io::Error::other)?
    }

    async fn end_interrupted(&self, name: &str) -> Result<(), StoreError> {
        let Some((row, extent)) = self.repaired(name).await else {
            let (now, none) = (OffsetDateTime::now_utc(), Extent::default());
            return self.store.end_recording(name, RecordingStatus::Failed, now, none).await;
        };
        let ended_at = row.ended_at.unwrap_or(row.started_at);
        self.store.end_recording(name, row.status, ended_at, extent).await
    }

    async fn adopt(&self, name: &str) -> Result<(), StoreError> {
        match self.repaired(name).await {
            Some((row, _)) => self.store.add_recording(&row).await,
            None => Ok(()),
        }
    }

    /// The row of a file that was left behind, which is finished by this.
    async fn repaired(&self, name: &str) -> Option<(RecordingRow, Extent)> {
        let path = self.path(name);
        let row_name = name.to_owned();
        let repaired = spawn_blocking(move || repair(path, row_name)).await;
        repaired
            .map_err(io::Error::other)
            .flatten()
            .inspect_err(|error| tracing::warn!(%error, name, "a recording cannot be read"))
            .ok()
    }
}

fn repair(path: PathBuf, name: String) -> io::Result<(RecordingRow, Extent)> {
    let file = RecordingFile::open(&path)?;
    let (head, finished) = (file.head.clone(), file.finished);
    let extent = file.repair(&path)?;
    let status = if finished { RecordingStatus::Complete } else { RecordingStatus::Interrupted };
    let started_at = from_millis(head.started_at);
    let length = i64::try_from(extent.duration_ms).unwrap_or(i64::MAX);
    let row = RecordingRow {
        name,
        session_id: head.session_id,
        session_type: head.session_type,
        label: head.label,
        hostname: head.hostname,
        username: head.username,
        creator_id: head.creator_id,
        creator_name: head.creator_name,
        status,
        started_at,
        ended_at: Some(started_at.saturating_add(time::Duration::milliseconds(length))),
        extent,
    };
    Ok((row, extent))
}
