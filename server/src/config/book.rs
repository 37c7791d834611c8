use std::fmt;
use std::path::{Path, PathBuf};

use fanlight_core::Secret;

use super::check::Complaints;
use super::raw::RawBook;
use crate::book::Name;

const KEY_FILE: &str = "fanlight/book.keys";

/// The address book.
#[derive(Debug, Clone)]
pub struct BookConfig {
    /// Whose `instance` folders these are.
    pub instance: Name,
    /// What opens entries that are kept in the gateway's database.
    pub master_key: MasterKeySource,
}

/// Where master keys are.
#[derive(Clone)]
pub enum MasterKeySource {
    /// In the configuration itself: base64 of 32 bytes, the newest first.
    Given(Secret<String>),
    /// In a file, which is made when the first entry is kept.
    File(PathBuf),
}

impl MasterKeySource {
    /// What to call it.
    pub fn describe(&self) -> String {
        match self {
            Self::Given(_) => "book.key".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

pub(super) fn check(
    raw: &RawBook,
    data_dir: &Path,
    complaints: &mut Complaints,
) -> Option<BookConfig> {
    let instance = raw.instance.parse::<Name>();
    let instance = instance.map_err(|error| complaints.add("book.instance", error.to_string()));
    let master_key = match (&raw.key, &raw.key_file) {
        (Some(_), Some(_)) => {
            complaints.add("book.key_file", "cannot be combined with book.key");
            return None;
        }
        (Some(key), None) => MasterKeySource::Given(key.clone()),
        (None, file) => {
            let file = file.clone().unwrap_or_else(default_key_file);
            if is_inside(&file, data_dir) {
                complaints.add("book.key_file", "must lie outside data_dir");
            }
            MasterKeySource::File(file)
        }
    };
    Some(BookConfig { instance: instance.ok()?, master_key })
}

fn is_inside(file: &Path, folder: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute(file).starts_with(absolute(folder))
}

/// Where programs keep their configuration: for this user, else for the machine.
fn default_key_file() -> PathBuf {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || folder("HOME").map(|home| home.join(".config"));
    let folder = folder("XDG_CONFIG_HOME").or_else(home).unwrap_or_else(|| "/etc".into());
    folder.join(KEY_FILE)
}
