//! The section `[recordings]`: as it is written, and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Period;
use super::check::Complaints;
use crate::access::Role;
use crate::recordings::Spacing;

/// Recordings of sessions: Guacamole streams, compressed on disk.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRecordings {
    /// Whether sessions are recorded whose driver, preset and request say nothing of it.
    pub record: bool,
    /// The same for the sessions of one driver, by its id: `ssh = true`.
    pub drivers: BTreeMap<String, bool>,
    /// Least role of those who may ask that a session is not recorded that would be:
    /// `operator`, `poweruser` or `admin`.
    pub may_switch_off: String,
    /// Folder for the files. Default: `recordings` in `data_dir`.
    pub dir: Option<PathBuf>,
    /// Whether typed keys are recorded too, passwords among them.
    pub include_keys: bool,
    /// What to do when a recording cannot be written, as on a full disk: `stop` goes on
    /// without it, `end-session` ends the session.
    pub on_failure: OnFailure,
    /// Most frames of one second that are kept, where the engine is the embedded one.
    #[schemars(range(min = 1, max = 60))]
    pub frames_per_second: u32,
    /// The same while frames follow each other for more than two seconds and nobody types or
    /// points, as with a build's output.
    #[schemars(range(min = 1, max = 60))]
    pub steady_frames_per_second: u32,
    /// Recordings are deleted when they are older than this. Default: they are kept.
    pub max_age: Option<Period>,
    /// Most recordings that are kept; the oldest go first. Default: all.
    #[schemars(range(min = 1))]
    pub max_count: Option<usize>,
    /// Largest part of the disk that recordings may fill, in percent; the oldest go first.
    /// Default: all of it.
    #[schemars(range(min = 1, max = 100))]
    pub max_disk_percent: Option<u8>,
    /// Whether people who are not admins see only recordings of their own sessions.
    pub list_own_only: bool,
}

impl Default for RawRecordings {
    fn default() -> Self {
        Self {
            record: false,
            drivers: BTreeMap::new(),
            may_switch_off: "admin".into(),
            dir: None,
            include_keys: false,
            on_failure: OnFailure::Stop,
            frames_per_second: 10,
            steady_frames_per_second: 2,
            max_age: None,
            max_count: None,
            max_disk_percent: None,
            list_own_only: false,
        }
    }
}

/// What to do when a recording cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The session goes on without.
    Stop,
    /// The session ends.
    EndSession,
}

/// What is recorded, where to, and how long it is kept.
#[derive(Debug, Clone)]
pub struct RecordingsConfig {
    /// Whether sessions are recorded of which nothing else is said.
    pub record: bool,
    /// The same by driver id.
    pub drivers: BTreeMap<String, bool>,
    /// Least role of those who may switch a recording off.
    pub may_switch_off: Role,
    /// Folder for the files.
    pub dir: PathBuf,
    /// Whether typed keys are recorded too.
    pub include_keys: bool,
    /// What to do when a recording cannot be written.
    pub on_failure: OnFailure,
    /// Shortest times between two frames, where the engine waits for its viewers.
    pub spacing: Spacing,
    /// Recordings are deleted when they are older than this.
    pub max_age: Option<Duration>,
    /// Most recordings that are kept.
    pub max_count: Option<usize>,
    /// Largest part of the disk that recordings may fill, percent.
    pub max_disk_percent: Option<u8>,
    /// Whether people who are not admins see only recordings of their own sessions.
    pub list_own_only: bool,
}

pub(super) fn check(
    raw: &RawRecordings,
    data_dir: &Path,
    complaints: &mut Complaints,
) -> RecordingsConfig {
    let role = raw.may_switch_off.parse().ok().filter(|role| *role > Role::Viewer);
    let key = "recordings.may_switch_off";
    let role = complaints.take(key, role, "must be operator, poweruser or admin");
    if raw.max_age.is_some_and(|age| age.0.is_zero()) {
        complaints.add("recordings.max_age", "must be above 0");
    }
    RecordingsConfig {
        record: raw.record,
        drivers: raw.drivers.clone(),
        may_switch_off: role.unwrap_or(Role::Admin),
        dir: raw.dir.clone().unwrap_or_else(|| data_dir.join("recordings")),
        include_keys: raw.include_keys,
        on_failure: raw.on_failure,
        spacing: Spacing {
            usual: Duration::from_secs(1) / raw.frames_per_second.max(1),
            steady: Duration::from_secs(1) / raw.steady_frames_per_second.max(1),
        },
        max_age: raw.max_age.map(|age| age.0),
        max_count: raw.max_count,
        max_disk_percent: raw.max_disk_percent,
        list_own_only: raw.list_own_only,
    }
}
