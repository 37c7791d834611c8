//! A virtual machine whose screen QEMU serves over VNC.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::picture::Picture;
use crate::ports::free_port;
use crate::process::{Process, tail};

const REPLIES_WITHIN: Duration = Duration::from_secs(20);
/// VNC display 0.
const FIRST_PORT: u16 = 5900;

/// A virtual machine without a disk: its firmware says so on the screen.
pub struct Qemu {
    port: u16,
    folder: TempDir,
    _process: Process,
}

impl Qemu {
    /// The password of its display.
    pub const PASSWORD: &'static str = "geh_heim";

    /// Starts one.
    ///
    /// # Errors
    /// When QEMU is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-qemu").tempdir()?;
        let port = free_port()?;
        let log = folder.path().join("log");
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(["-accel", "tcg", "-m", "16", "-nodefaults", "-vga", "std", "-object"])
            .arg(format!("secret,id=password,data={}", Self::PASSWORD))
            .arg("-vnc")
            .arg(format!("127.0.0.1:{},password-secret=password", port - FIRST_PORT))
            .arg("-qmp")
            .arg(format!("unix:{},server,nowait", folder.path().join("qmp").display()));
        let mut process = Process::start(&mut command, &log)
            .context("QEMU is needed (Debian: qemu-system-x86)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(Self { port, folder, _process: process })
    }

    /// The port of its display on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The screen as the machine itself has it.
    ///
    /// # Errors
    /// When QEMU does not write it down.
    pub fn screenshot(&self) -> Result<Picture> {
        let file = self.folder.path().join("screen.png");
        self.order("screendump", &json!({ "filename": file, "format": "png" }))?;
        Picture::from_png(&std::fs::read(file)?)
    }

    fn order(&self, command: &str, arguments: &Value) -> Result<()> {
        let mut socket = UnixStream::connect(self.socket())?;
        socket.set_read_timeout(Some(REPLIES_WITHIN))?;
        let mut replies = BufReader::new(socket.try_clone()?).lines();
        replies.next().context("no greeting")??;
        for order in [
            json!({ "execute": "qmp_capabilities" }),
            json!({ "execute": command, "arguments": arguments }),
        ] {
            writeln!(socket, "{order}")?;
            let reply = loop {
                let line = replies.next().context("QEMU hung up")??;
                if !line.contains("\"event\"") {
                    break line;
                }
            };
            ensure!(reply.contains("\"return\""), "{reply}");
        }
        Ok(())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("qmp")
    }
}
