//! Master keys: what opens the keys that seal entries. They are never in the database.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fanlight_core::Secret;
use uuid::Uuid;

use super::crypt::{CannotOpen, SealingKey};
use crate::config::MasterKeySource;

/// Others on the machine may read or write the file.
const OTHERS: u32 = 0o077;

const HEADER: &str = "\
# Master keys of Fanlight's address book, the newest first. Whoever has this file and the
# database can read every password in it; without this file nobody can. Keep a copy of it
# apart from the copies of the database.
";

/// Why there are no master keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum MasterKeyError {
    /// The file cannot be read or made.
    #[error("the master key's file {path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What went wrong.
        error: io::Error,
    },
    /// What is there is no key.
    #[error("{0} holds no master key: it must be base64 of 32 bytes, one on each line")]
    Malformed(String),
    /// Somebody else changes the keys at the moment.
    #[error("another run changes the keys in {0} at the moment: wait for its end, and run again")]
    Busy(String),
    /// No random numbers, or the cipher failed.
    #[error("no key could be made: {0}")]
    Cipher(#[from] CannotOpen),
}

fn of_file(path: &Path, error: io::Error) -> MasterKeyError {
    MasterKeyError::File { path: path.display().to_string(), error }
}

/// Master keys, the newest first.
pub(super) struct MasterKeys(Vec<SealingKey>);

impl MasterKeys {
    /// Those that there are; none where the file is still to be made.
    pub(super) fn read(source: &MasterKeySource) -> Result<Self, MasterKeyError> {
        match source {
            MasterKeySource::Given(text) => parse(text.expose(), "book.key"),
            MasterKeySource::File(path) => match fs::read_to_string(path) {
                Ok(text) => {
                    warn_if_open(path);
                    parse(Secret::new(text).expose(), &path.display().to_string())
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(Vec::new())),
                Err(error) => Err(of_file(path, error)),
            },
        }
    }

    /// The same, making the file with a key where there is none.
    pub(super) fn read_or_make(source: &MasterKeySource) -> Result<Self, MasterKeyError> {
        let found = Self::read(source)?;
        match source {
            MasterKeySource::File(path) if found.0.is_empty() => {
                let text = file_text(&[SealingKey::generate()?]);
                write_new(path, &text).map_err(|error| of_file(path, error))?;
                tracing::warn!(
                    file = %path.display(),
                    "made the address book's master key: keep a copy of it apart from the database"
                );
                // Another gateway may have been first: what is in the file counts.
                Self::read(source)
            }
            _ => Ok(found),
        }
    }

    /// Puts a new key before the others, in the file. Given keys are their giver's to change.
    /// Only for the holder of the [`lock`](Self::lock).
    pub(super) fn renew(source: &MasterKeySource) -> Result<Self, MasterKeyError> {
        let MasterKeySource::File(path) = source else { return Self::read(source) };
        let mut keys = vec![SealingKey::generate()?];
        // A gateway that makes the file meanwhile must not find its key replaced.
        keys.extend(Self::read_or_make(source)?.0);
        replace(path, &file_text(&keys)).map_err(|error| of_file(path, error))?;
        // What is in the file counts, and nothing else.
        Self::read(source)
    }

    /// Keeps others from changing the file until what is returned is dropped, or the process
    /// ends: of two who read, add and replace at once, the keys of one would be lost.
    pub(super) fn lock(source: &MasterKeySource) -> Result<Option<File>, MasterKeyError> {
        let MasterKeySource::File(path) = source else { return Ok(None) };
        let file = open_lock(path).map_err(|error| of_file(path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(MasterKeyError::Busy(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(of_file(path, error)),
        }
    }

    /// The key to seal with.
    pub(super) fn newest(&self) -> Option<&SealingKey> {
        self.0.first()
    }

    /// The key with that fingerprint.
    pub(super) fn find(&self, fingerprint: &str) -> Option<&SealingKey> {
        self.0.iter().find(|key| key.fingerprint() == fingerprint)
    }
}

fn parse(text: &str, whose: &str) -> Result<MasterKeys, MasterKeyError> {
    let malformed = || MasterKeyError::Malformed(whose.to_owned());
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(|line| line.split([',', ' '])).filter(|word| !word.is_empty());
    let keys = words.map(|word| {
        let bytes = base64_simd::STANDARD.decode_to_vec(word).map_err(|_| malformed())?;
        SealingKey::from_bytes(Secret::new(bytes).expose()).map_err(|_| malformed())
    });
    let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(malformed()) } else { Ok(MasterKeys(keys)) }
}

fn file_text(keys: &[SealingKey]) -> Secret<String> {
    let lines = keys.iter().map(|key| base64_simd::STANDARD.encode_to_string(key.expose()));
    let mut text = HEADER.to_owned();
    for line in lines.map(Secret::new) {
        text.push_str(line.expose());
        text.push('\n');
    }
    Secret::new(text)
}

/// The file itself is replaced, so that a lock on it would hold nobody off. This one stays.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(name)
}

/// Writes a file beside `path` that is whole and on the disk; nobody else may read it.
fn write_beside(path: &Path, text: &Secret<String>) -> io::Result<PathBuf> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("{}.new", Uuid::now_v7().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.expose().as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}

/// Makes the file unless somebody else has made it.
fn write_new(path: &Path, text: &Secret<String>) -> io::Result<()> {
    let beside = write_beside(path, text)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(path),
    }
}

/// Puts a new file in the place of the old one, so that there is one at every moment.
fn replace(path: &Path, text: &Secret<String>) -> io::Result<()> {
    let beside = write_beside(path, text)?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// A name is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn warn_if_open(path: &Path) {
    let mode = fs::metadata(path).map(|data| data.permissions().mode()).unwrap_or_default();
    if mode & OTHERS != 0 {
        tracing::warn!(file = %path.display(), "others may read the master key: chmod 600 it");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_file_is_made_once_for_its_owner_alone_and_keeps_old_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/book.keys");
        let source = MasterKeySource::File(path.clone());
        assert!(MasterKeys::read(&source).unwrap().newest().is_none());
        let first = MasterKeys::read_or_make(&source).unwrap().newest().unwrap().fingerprint();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = MasterKeys::read_or_make(&source).unwrap().newest().unwrap().fingerprint();
        assert_eq!(first, again);
        let newest = MasterKeys::renew(&source).unwrap().newest().unwrap().fingerprint();
        let read = MasterKeys::read(&source).unwrap();
        assert_eq!(read.newest().unwrap().fingerprint(), newest);
        assert!(newest != first && read.find(&first).is_some());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn one_at_a_time_changes_the_file_and_the_end_of_the_first_lets_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let source = MasterKeySource::File(folder.path().join("keys/book.keys"));
        let first = MasterKeys::lock(&source).unwrap();
        let error = MasterKeys::lock(&source).err().unwrap().to_string();
        assert!(error.contains("book.keys") && error.contains("wait"), "{error}");
        drop(first);
        assert!(MasterKeys::lock(&source).unwrap().is_some());
    }

    #[test]
    fn what_is_no_key_is_told_without_being_shown() {
        for text in ["", "# nothing", "canary", "Y2FuYXJ5"] {
            let given = MasterKeySource::Given(Secret::new(text.to_owned()));
            let error = MasterKeys::read(&given).err().unwrap().to_string();
            assert!(error.contains("book.key") && !error.contains("canary"), "{error}");
        }
    }
}
