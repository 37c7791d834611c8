use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{FileError, FilePath, FolderEntry, FolderReader};
use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::{File, FileAttributes, StatusCode};

use super::faults::explain;
use super::jail::Jail;
use super::sftp::Kind;

/// Links that are looked up at the same time.
const LOOKUPS: usize = 16;

/// A folder on the server.
pub(super) struct FolderListing {
    server: Arc<RawSftpSession>,
    jail: Arc<Jail>,
    folder: FilePath,
    handle: String,
}

impl FolderListing {
    pub(super) async fn open(
        server: Arc<RawSftpSession>,
        jail: Arc<Jail>,
        folder: FilePath,
        real: String,
    ) -> Result<Self, Error> {
        let handle = server.opendir(real).await?.handle;
        Ok(Self { server, jail, folder, handle })
    }

    /// What a viewer is shown of an entry. A link is what it points to; one that leads
    /// nowhere or out of the root is shown as a file, which cannot be opened.
    async fn entry(&self, file: File) -> FolderEntry {
        let (mut attributes, name) = (file.attrs, file.filename);
        if Kind::of(&attributes) == Kind::Link {
            attributes = self.behind(&name).await.unwrap_or_else(FileAttributes::empty);
        }
        FolderEntry {
            is_folder: Kind::of(&attributes) == Kind::Folder,
            size: attributes.size,
            modified: attributes.mtime.map(u64::from),
            name,
        }
    }

    async fn behind(&self, link: &str) -> Option<FileAttributes> {
        let path = self.folder.join(link)?;
        let real = self.jail.resolve(&self.server, &path).await.ok()?;
        Some(self.server.stat(real).await.ok()?.attrs)
    }
}

#[async_trait]
impl FolderReader for FolderListing {
    async fn next(&mut self) -> Result<Vec<FolderEntry>, FileError> {
        loop {
            let files = match self.server.readdir(self.handle.as_str()).await {
                Ok(names) => names.files,
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(explain(error)),
            };
            let files = files.into_iter().filter(|file| !matches!(&*file.filename, "." | ".."));
            let entries = stream::iter(files).map(|file| self.entry(file)).buffered(LOOKUPS);
            let entries: Vec<_> = entries.collect().await;
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
    }
}

impl Drop for FolderListing {
    fn drop(&mut self) {
        close(&self.server, &self.handle);
    }
}

/// Closes a handle without waiting for the answer, which changes nothing.
pub(super) fn close(server: &RawSftpSession, handle: &str) {
    drop(server.close(handle).now_or_never());
}
