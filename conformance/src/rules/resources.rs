use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fanlight_core::EngineKind;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::{Verdict, hold};
use crate::{Fault, Subject, TestCx};

/// How long a `prepare` that hangs is let hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often what is left is looked at again.
const LOOKS: usize = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What `prepare` takes is gone after a release, whether it succeeded, failed or was
/// dropped on its way: files, open descriptors, child processes.
pub(super) async fn released(subject: &Subject) -> Verdict {
    for example in subject.examples() {
        for engine in subject.engines() {
            let places = leaves_nothing(subject, &example, engine, None).await?;
            for nth in 0..places {
                for fault in [Fault::Denied, Fault::Hangs] {
                    leaves_nothing(subject, &example, engine, Some((nth, fault))).await?;
                }
            }
        }
    }
    Ok(())
}

/// Returns how many places were reached.
async fn leaves_nothing(
    subject: &Subject,
    example: &Map<String, Value>,
    engine: EngineKind,
    fault: Option<(usize, Fault)>,
) -> Result<usize, String> {
    // What the rules before this one left would hide what is left now.
    empty(subject.scratch.path());
    let before = Holdings::now(subject.scratch.path());
    let cx = TestCx::new(engine);
    let cx = match fault {
        Some((nth, fault)) => cx.fault_at(nth, fault),
        None => cx,
    };
    // A plan may hold something, too: it goes before the session's things do.
    drop(timeout(PATIENCE, subject.plan(example, &cx)).await);
    cx.release().await;
    let left = left_beyond(&before, subject.scratch.path());
    hold(left.is_empty(), || {
        let how = match fault {
            None => "a prepare that succeeded".to_owned(),
            Some((nth, Fault::Denied)) => format!("a prepare whose reach {nth} was denied"),
            Some((nth, Fault::Hangs)) => format!("a prepare that was cut in its reach {nth}"),
        };
        format!("{how} and a release leave behind: {}", left.join(", "))
    })?;
    Ok(cx.reached().len())
}

/// What is held beyond `before` and does not go soon: a descriptor may be closed by another
/// thread, and other tests of the same process open and close some.
fn left_beyond(before: &Holdings, scratch: &Path) -> Vec<String> {
    let look = || Holdings::now(scratch).beyond(before);
    let mut left = look();
    for _ in 0..LOOKS {
        if left.is_empty() {
            break;
        }
        thread::sleep(BETWEEN_LOOKS);
        let still = look();
        left.retain(|one| still.contains(one));
    }
    left
}

/// What this process and the scratch folder hold.
struct Holdings(BTreeSet<String>);

impl Holdings {
    fn now(scratch: &Path) -> Self {
        let mut all = BTreeSet::new();
        list_files(scratch, &mut all);
        for descriptor in entries(Path::new("/proc/self/fd")) {
            // The descriptor that lists them is among them, and gone by now.
            if let Ok(target) = fs::read_link(&descriptor) {
                all.insert(format!("{} ({})", descriptor.display(), target.display()));
            }
        }
        for thread in entries(Path::new("/proc/self/task")) {
            let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().map(|id| format!("process {id}")));
        }
        Self(all)
    }

    fn beyond(self, before: &Self) -> Vec<String> {
        self.0.into_iter().filter(|one| !before.0.contains(one)).collect()
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn empty(folder: &Path) {
    for path in entries(folder) {
        // What cannot be removed is there before and after.
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
}

fn list_files(folder: &Path, all: &mut BTreeSet<String>) {
    for path in entries(folder) {
        all.insert(path.display().to_string());
        if path.is_dir() && !path.is_symlink() {
            list_files(&path, all);
        }
    }
}
