use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

/// What names of files end with.
const SUFFIX: &str = ".flrec";
/// Longest name, bytes.
const LONGEST: usize = 128;

/// A new name, which says what and when.
pub(super) fn make(session_type: &str, session: Uuid, started_at: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = started_at.format(format).unwrap_or_default();
    format!("{session_type}-{time}-{}", session.simple())
}

/// Whether this can be the name of a recording: it never leads out of the folder.
pub(super) fn is_good(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=LONGEST).contains(&name.len()) && !name.starts_with('.') && name.chars().all(good)
}

/// The file of a recording.
pub(super) fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{SUFFIX}"))
}

/// The name of the recording that a file holds.
pub(super) fn of_file(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    is_good(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_38_no_name_leads_out_of_the_folder() {
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", "a\0", "%2e%2e", "%252f", ".hidden", "ä"]
        {
            assert!(!is_good(bad), "{bad:?}");
        }
        assert!(!is_good(&"a".repeat(LONGEST + 1)));
        let name = make("ssh", Uuid::nil(), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(name, "ssh-19700101T000000Z-00000000000000000000000000000000");
        assert!(is_good(&name));
        assert_eq!(of_file(&path(Path::new("/folder"), &name)), Some(name.as_str()));
    }
}
