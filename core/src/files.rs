use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

/// Longest path that is looked at, in bytes: PATH_MAX of Linux.
const LONGEST_PATH: usize = 4096;

/// What a session has to offer beside its screen.
#[derive(Clone)]
pub enum Files {
    /// Files that viewers can browse, fetch and put.
    Offered(Arc<dyn FileSystem>),
    /// None, and why: a sentence for people, or nothing where none were asked for.
    Missing(String),
}

/// Files beside a session's screen: what SFTP or a redirected drive shows. The engine
/// speaks to viewers about them, so that an implementation only has to find and move bytes.
///
/// Every call ends within the implementation's own time limits.
#[async_trait]
pub trait FileSystem: Send + Sync {
    /// Its name for people, such as the folder that it shows.
    fn name(&self) -> &str;

    /// What viewers may do; the engine refuses the rest.
    fn rights(&self) -> FileRights;

    /// Opens a file or a folder for reading.
    ///
    /// # Errors
    /// When it is not there, may not be read, or is outside what is offered.
    async fn open(&self, path: &FilePath) -> Result<Opened, FileError>;

    /// Makes a file, or empties it if it is there.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    async fn create(&self, path: &FilePath) -> Result<Box<dyn FileWriter>, FileError>;

    /// The folder for files that come without one, such as those dropped on the screen.
    ///
    /// # Errors
    /// When the remote side does not say.
    async fn landing(&self) -> Result<FilePath, FileError>;
}

/// What viewers may do with files. Folders can always be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRights {
    /// Fetch files.
    pub download: bool,
    /// Put files.
    pub upload: bool,
}

/// What a path stood for.
pub enum Opened {
    /// A folder, to be listed.
    Folder(Box<dyn FolderReader>),
    /// A file, to be read.
    File(Box<dyn FileReader>),
}

/// A folder that is being listed. Dropping it closes it.
#[async_trait]
pub trait FolderReader: Send {
    /// The next entries, some hundred at most, without `.` and `..`; none at the end.
    ///
    /// # Errors
    /// When the remote side fails.
    async fn next(&mut self) -> Result<Vec<FolderEntry>, FileError>;
}

/// One entry of a folder; of a link, what it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name within the folder.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
    /// Size in bytes, where it has one.
    pub size: Option<u64>,
    /// Last change, in seconds since 1970.
    pub modified: Option<u64>,
}

/// A file that is being read. Dropping it closes it.
#[async_trait]
pub trait FileReader: Send {
    /// The next bytes, some ten thousand at most; none at the end.
    ///
    /// # Errors
    /// When the remote side fails: what was read is not the whole file.
    async fn next(&mut self) -> Result<Bytes, FileError>;
}

/// A file that is being written. Dropping it closes it with what has been written.
#[async_trait]
pub trait FileWriter: Send {
    /// Takes the next bytes, which may be on their way still when it returns: a failure
    /// may be told by a later call.
    ///
    /// # Errors
    /// When the remote side fails: the file is incomplete.
    async fn write(&mut self, bytes: Bytes) -> Result<(), FileError>;

    /// Closes the file. Returns when all of it has been written.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    async fn finish(self: Box<Self>) -> Result<(), FileError>;
}

/// A path below the root of a [`FileSystem`]: `/` between names, none of them `.` or `..`,
/// so that it leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(String);

impl FilePath {
    /// The root.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Reads an absolute path. `.` and `..` are resolved, and above the root is the root.
    /// `None` for a relative or overlong one, for one with a NUL, and for a name which
    /// climbs where backslashes count as well.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('/') || text.len() > LONGEST_PATH || text.contains('\0') {
            return None;
        }
        let mut names = Vec::new();
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(names.pop()),
                name if climbs(name) => return None,
                name => names.push(name),
            }
        }
        Some(Self(format!("/{}", names.join("/"))))
    }

    /// The path of an entry of this folder; `None` unless `name` is one name.
    pub fn join(&self, name: &str) -> Option<Self> {
        let is_one = !matches!(name, "" | "." | "..") && !name.contains('/');
        let folder = self.0.trim_end_matches('/');
        is_one.then(|| Self::parse(&format!("{folder}/{name}"))).flatten()
    }

    /// The path as text: `/`, or `/` before each name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn climbs(name: &str) -> bool {
    name.contains('\\') && name.split('\\').any(|part| part == "..")
}

/// Why something could not be done with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// What kind of failure it is.
    pub fault: FileFault,
    /// What happened, for people.
    pub message: String,
}

impl FileError {
    /// A failure and its words.
    pub fn new(fault: FileFault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FileError {}

/// The kinds of failures with files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// There is no such file or folder.
    NotFound,
    /// The remote side, the root or a switch does not permit it.
    Denied,
    /// What was asked makes no sense, such as a broken path.
    Invalid,
    /// The remote side cannot do this at all.
    Unsupported,
    /// It took too long.
    TimedOut,
    /// The way to the files is lost.
    Lost,
    /// Too much is going on already.
    TooMany,
    /// The remote side failed: it often does not say why.
    Failed,
}

impl FileFault {
    /// Its status code in the Guacamole protocol ("Status codes").
    pub const fn guacamole_status(self) -> u16 {
        match self {
            Self::Unsupported => 0x0100,
            Self::Failed => 0x0200,
            Self::TimedOut => 0x0202,
            Self::Lost => 0x0203,
            Self::NotFound => 0x0204,
            Self::Invalid => 0x0300,
            Self::Denied => 0x0303,
            Self::TooMany => 0x031D,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        FilePath::parse(text).map(|path| path.0)
    }

    #[test]
    fn paths_are_normalised_and_never_leave_the_root() {
        for (given, meant) in [
            ("/", "/"),
            ("//", "/"),
            ("/a//b/", "/a/b"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/../../etc/passwd", "/etc/passwd"),
            ("/a/../../../..", "/"),
            ("/ä\n\u{1F600} b\\c", "/ä\n\u{1F600} b\\c"),
            ("/...", "/..."),
        ] {
            assert_eq!(parsed(given).as_deref(), Some(meant), "{given:?}");
        }
    }

    #[test]
    fn bar_38_what_is_no_path_is_refused() {
        let overlong = "/a".repeat(LONGEST_PATH);
        for given in ["", "a", "./a", "../a", "/a\0b", "/a\\..\\b", "/..\\..", &overlong] {
            assert_eq!(parsed(given), None, "{given:?}");
        }
    }

    #[test]
    fn only_single_names_are_joined() {
        let folder = FilePath::parse("/home").unwrap();
        assert_eq!(folder.join("ä").unwrap().as_str(), "/home/ä");
        assert_eq!(FilePath::root().join("x").unwrap().as_str(), "/x");
        for name in ["", ".", "..", "a/b", "../a", "a\0", "..\\x"] {
            assert_eq!(folder.join(name), None, "{name:?}");
        }
    }
}
