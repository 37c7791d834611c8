mod bootstrap;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::{Process, tail};

/// A real guacd 1.3.0 on a loopback port, in its own root folder. Its sessions, which
/// are children of it, end with it.
pub struct Guacd {
    process: Process,
    port: u16,
    logs: TempDir,
    shared: TempDir,
}

impl Guacd {
    /// Starts one. The first time on a machine, installs it into the user's cache
    /// folder, which needs root, `mmdebstrap` and a Debian mirror.
    ///
    /// # Errors
    /// When one of these is missing, or guacd does not start.
    pub async fn start() -> Result<Self> {
        let root = tokio::task::spawn_blocking(bootstrap::installed).await??;
        let shared = tempfile::Builder::new().prefix("fanlight").tempdir_in(root.join("tmp"))?;
        let port = free_port()?;
        let logs = tempfile::Builder::new().prefix("fanlight-guacd").tempdir()?;
        let mut command = Command::new("chroot");
        command.arg(&root).args(["/usr/sbin/guacd", "-f", "-b", "127.0.0.1", "-l"]);
        let log = logs.path().join("log");
        let mut process = Process::start(command.arg(port.to_string()), &log)?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(Self { process, port, logs, shared })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A folder that it shares with this machine, and the folder's path as guacd sees it.
    ///
    /// # Errors
    /// When the folder has no name.
    pub fn shared_folder(&self) -> Result<(&Path, PathBuf)> {
        let name = self.shared.path().file_name().context("no name")?;
        Ok((self.shared.path(), Path::new("/tmp").join(name)))
    }

    /// Its process id, which is also its process group's.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Where its log is.
    pub fn log_file(&self) -> PathBuf {
        self.logs.path().join("log")
    }
}
