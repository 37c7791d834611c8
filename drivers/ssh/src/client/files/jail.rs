use fanlight_core::{FileError, FilePath};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::StatusCode;

use super::faults::{explain, not_found, outside};

/// The folder that viewers' paths stay below.
///
/// A path is normalised before it comes here, so that only links could lead out: where
/// the root is not the server's own, the server is asked for the real path (`REALPATH`),
/// which has to be below the real root, and only that one is used. This keeps viewers in;
/// it does not guard against somebody who changes links in the shell at the same moment.
pub(super) struct Jail {
    /// The real root without a slash at its end; empty where all is shown.
    root: String,
}

impl Jail {
    pub(super) async fn new(server: &RawSftpSession, root: &str) -> Result<Self, Error> {
        let real =
            if is_everything(root) { String::new() } else { real_path(server, root).await? };
        if !real.is_empty() {
            // It must be there: servers also have real paths for what is not.
            server.stat(real.as_str()).await?;
        }
        Ok(Self { root: real.trim_end_matches('/').to_owned() })
    }

    /// The server's path for something that is there.
    pub(super) async fn resolve(
        &self,
        server: &RawSftpSession,
        path: &FilePath,
    ) -> Result<String, FileError> {
        if self.root.is_empty() {
            return Ok(path.to_string());
        }
        let real = real_path(server, &self.below(path)).await.map_err(explain)?;
        self.checked(real)
    }

    /// The server's path for something that may be there or not.
    pub(super) async fn resolve_new(
        &self,
        server: &RawSftpSession,
        path: &FilePath,
    ) -> Result<String, FileError> {
        if self.root.is_empty() {
            return Ok(path.to_string());
        }
        let full = self.below(path);
        match real_path(server, &full).await {
            Ok(real) => self.checked(real),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                self.resolve_absent(server, &full).await
            }
            Err(error) => Err(explain(error)),
        }
    }

    /// Some servers have no real path for what is not there: then its folder has to be
    /// inside, and no link may hang in its place.
    async fn resolve_absent(
        &self,
        server: &RawSftpSession,
        full: &str,
    ) -> Result<String, FileError> {
        let (folder, name) = full.rsplit_once('/').ok_or_else(not_found)?;
        let folder = self.checked(real_path(server, folder).await.map_err(explain)?)?;
        let place = format!("{}/{name}", folder.trim_end_matches('/'));
        match server.lstat(place.as_str()).await {
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(place),
            Err(error) => Err(explain(error)),
            Ok(_) => Err(outside()),
        }
    }

    /// Where a path of the server's is for viewers, if they may see it.
    pub(super) fn as_seen(&self, real: &str) -> Option<FilePath> {
        let inside = real.strip_prefix(&self.root)?;
        match inside {
            "" => Some(FilePath::root()),
            inside => FilePath::parse(inside),
        }
    }

    fn below(&self, path: &FilePath) -> String {
        format!("{}{path}", self.root)
    }

    fn checked(&self, real: String) -> Result<String, FileError> {
        let inside = real.strip_prefix(&self.root);
        let is_inside = inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_inside { Ok(real) } else { Err(outside()) }
    }
}

fn is_everything(root: &str) -> bool {
    FilePath::parse(root) == Some(FilePath::root())
}

pub(super) async fn real_path(server: &RawSftpSession, path: &str) -> Result<String, Error> {
    let names = server.realpath(path).await?;
    let first = names.files.into_iter().next().map(|file| file.filename);
    first.ok_or_else(|| Error::UnexpectedBehavior("no name for a path".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_38_only_what_is_below_the_root_passes() {
        let jail = Jail { root: "/srv/data".to_owned() };
        for inside in ["/srv/data", "/srv/data/", "/srv/data/a/b"] {
            assert!(jail.checked(inside.to_owned()).is_ok(), "{inside}");
        }
        for outside in ["/srv/data2", "/srv", "/", "", "/srv/database/x", "srv/data"] {
            assert!(jail.checked(outside.to_owned()).is_err(), "{outside}");
        }
    }

    #[test]
    fn everything_is_shown_only_where_the_root_says_so() {
        assert!(is_everything("/") && is_everything("//") && is_everything("/a/.."));
        assert!(!is_everything("/a") && !is_everything(""));
    }

    #[test]
    fn the_servers_paths_are_seen_from_the_root() {
        let jail = Jail { root: "/srv".to_owned() };
        assert_eq!(jail.as_seen("/srv"), Some(FilePath::root()));
        assert_eq!(jail.as_seen("/srv/x"), FilePath::parse("/x"));
        assert_eq!(jail.as_seen("/srv2"), None);
        assert_eq!(jail.as_seen("/home"), None);
    }
}
