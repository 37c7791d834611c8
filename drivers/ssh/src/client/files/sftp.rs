use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{FileError, FilePath, FileRights, FileSystem, FileWriter, Opened};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};

use super::faults::{explain, is_folder, no_file};
use super::jail::{Jail, real_path};
use super::listing::FolderListing;
use super::reading::FileReading;
use super::writing::FileWriting;

/// Rights of a new file: everybody reads it, its owner writes it, as guacd has it.
const NEW_FILE: u32 = 0o644;

/// The files of an SSH server.
pub(super) struct Sftp {
    server: Arc<RawSftpSession>,
    jail: Arc<Jail>,
    name: String,
    rights: FileRights,
    landing: FilePath,
}

impl Sftp {
    /// Shows what is below `root`.
    pub(super) async fn new(
        server: Arc<RawSftpSession>,
        root: &str,
        rights: FileRights,
    ) -> Result<Self, Error> {
        let jail = Arc::new(Jail::new(&server, root).await?);
        let home = real_path(&server, ".").await?;
        let landing = jail.as_seen(&home).unwrap_or_else(FilePath::root);
        Ok(Self { server, jail, name: root.to_owned(), rights, landing })
    }
}

#[async_trait]
impl FileSystem for Sftp {
    fn name(&self) -> &str {
        &self.name
    }

    fn rights(&self) -> FileRights {
        self.rights
    }

    async fn open(&self, path: &FilePath) -> Result<Opened, FileError> {
        let real = self.jail.resolve(&self.server, path).await?;
        let attributes = self.server.stat(real.as_str()).await.map_err(explain)?.attrs;
        match Kind::of(&attributes) {
            Kind::Folder => {
                let (server, jail) = (self.server.clone(), self.jail.clone());
                let listing = FolderListing::open(server, jail, path.clone(), real).await;
                Ok(Opened::Folder(Box::new(listing.map_err(explain)?)))
            }
            Kind::File => {
                let handle = self.server.open(real, OpenFlags::READ, FileAttributes::empty());
                let handle = handle.await.map_err(explain)?.handle;
                Ok(Opened::File(Box::new(FileReading::new(self.server.clone(), handle))))
            }
            Kind::Link | Kind::Other => Err(no_file()),
        }
    }

    async fn create(&self, path: &FilePath) -> Result<Box<dyn FileWriter>, FileError> {
        let real = self.jail.resolve_new(&self.server, path).await?;
        match self.server.stat(real.as_str()).await {
            Ok(found) => match Kind::of(&found.attrs) {
                Kind::File => {}
                Kind::Folder => return Err(is_folder()),
                Kind::Link | Kind::Other => return Err(no_file()),
            },
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {}
            Err(error) => return Err(explain(error)),
        }
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let mut attributes = FileAttributes::empty();
        attributes.permissions = Some(NEW_FILE);
        let opened = self.server.open(real, flags, attributes).await.map_err(explain)?;
        Ok(Box::new(FileWriting::new(self.server.clone(), opened.handle)))
    }

    async fn landing(&self) -> Result<FilePath, FileError> {
        Ok(self.landing.clone())
    }
}

/// What an entry is, by the type in its permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    /// Also where the server does not say.
    File,
    Link,
    Other,
}

impl Kind {
    pub(super) fn of(attributes: &FileAttributes) -> Self {
        match attributes.permissions.unwrap_or_default() & 0o170_000 {
            0o040_000 => Self::Folder,
            0o100_000 | 0 => Self::File,
            0o120_000 => Self::Link,
            _ => Self::Other,
        }
    }
}
