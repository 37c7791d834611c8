//! An X display that TigerVNC serves, and other servers that share it.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::display::Display;
use crate::ports::free_port;
use crate::process::{Process, tail};

/// A TigerVNC server with a display of its own, on a loopback port.
pub struct VncDesktop {
    display: Display,
    port: u16,
    process: Process,
    _folder: TempDir,
}

impl Deref for VncDesktop {
    type Target = Display;

    fn deref(&self) -> &Display {
        &self.display
    }
}

impl VncDesktop {
    /// The password that it wants; VNC takes eight characters.
    pub const PASSWORD: &'static str = "geh_heim";

    /// Starts one of that size in pixels, with 24 bits of colour.
    ///
    /// # Errors
    /// When TigerVNC is not installed or does not start.
    pub async fn start(width: u32, height: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-vnc").tempdir()?;
        let port = free_port()?;
        let password = folder.path().join("password");
        fs::write(&password, obfuscated(Self::PASSWORD)?)?;
        let log = folder.path().join("log");
        let display = Display::new(port, folder.path());
        let mut command = Command::new("Xtigervnc");
        command
            .arg(display.name())
            .args(["-localhost", "-nolisten", "tcp", "-depth", "24", "-SecurityTypes", "VncAuth"])
            .args(["-geometry", &format!("{width}x{height}"), "-rfbport", &port.to_string()])
            .arg("-PasswordFile")
            .arg(&password);
        let mut process = Process::start(&mut command, &log)
            .context("TigerVNC is needed (Debian: tigervnc-standalone-server)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(Self { display, port, process, _folder: folder })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Serves the same display over RDP, with Network Level Authentication.
    ///
    /// # Errors
    /// When FreeRDP's shadow server is not installed or does not start.
    pub async fn share_by_rdp(&self) -> Result<RdpShare> {
        let accounts = self.path("accounts");
        fs::write(&accounts, format!("{}:::{}:::\n", RdpShare::USERNAME, RdpShare::NT_HASH))?;
        let log = self.path("shadow");
        let port = free_port()?;
        let mut command = self.command("freerdp-shadow-cli");
        command
            .env("HOME", self.path(""))
            .args(["/bind-address:127.0.0.1", "/sec:nla"])
            .arg(format!("/port:{port}"))
            .arg(format!("/sam-file:{}", accounts.display()));
        let mut process = Process::start(&mut command, &log)
            .context("FreeRDP's shadow server is needed (Debian: freerdp2-shadow-x11)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(RdpShare { port, log, _process: process })
    }

    /// Serves the same display over VNC once more, by x11vnc, with the same password.
    /// Returns its port on 127.0.0.1.
    ///
    /// # Errors
    /// When x11vnc is not installed or does not start.
    pub async fn share_by_x11vnc(&self) -> Result<(u16, Process)> {
        let (port, log) = (free_port()?, self.path("x11vnc"));
        let mut command = Command::new("x11vnc");
        command
            .args(["-display", self.name(), "-localhost", "-forever", "-noipv6", "-noxdamage"])
            .args(["-rfbport", &port.to_string(), "-rfbauth"])
            .arg(self.path("password"));
        let mut process =
            Process::start(&mut command, &log).context("x11vnc is needed (Debian: x11vnc)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok((port, process))
    }

    /// Serves the same display over RDP by xrdp, with the VNC password. Without clipboard:
    /// xrdp 0.9 breaks the connection off when the viewer's is empty.
    ///
    /// # Errors
    /// When xrdp is not installed or does not start.
    pub async fn share_by_xrdp(&self) -> Result<RdpShare> {
        let port = free_port()?;
        let (certificate, key) = (self.path("cert.pem"), self.path("key.pem"));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let log = self.path("xrdp.log");
        let file = self.path("xrdp.ini");
        fs::write(
            &file,
            format!(
                "[Globals]\nini_version=1\nfork=true\nport=tcp://127.0.0.1:{port}\n\
                 security_layer=tls\ncertificate={}\nkey_file={}\n\
                 ssl_protocols=TLSv1.2, TLSv1.3\nautorun=display\nallow_channels=true\n\
                 bitmap_cache=true\nbitmap_compression=true\nmax_bpp=24\nnew_cursors=true\n\
                 use_fastpath=both\n[Logging]\nLogFile={}\nLogLevel=INFO\nEnableSyslog=false\n\
                 [Channels]\ncliprdr=false\n[display]\nname=display\nlib=libvnc.so\n\
                 username=na\npassword=ask\nip=127.0.0.1\nport={}\n",
                certificate.display(),
                key.display(),
                log.display(),
                self.port
            ),
        )?;
        let mut command = Command::new("xrdp");
        command.args(["--nodaemon", "--config"]).arg(&file);
        let mut process = Process::start(&mut command, &self.path("xrdp.out"))
            .context("xrdp is needed (Debian: xrdp)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(RdpShare { port, log, _process: process })
    }
}

/// A display shared over RDP.
pub struct RdpShare {
    port: u16,
    log: PathBuf,
    _process: Process,
}

impl RdpShare {
    /// Whom it lets in.
    pub const USERNAME: &'static str = "jdoe";
    /// With which password.
    pub const PASSWORD: &'static str = "Passw0rd!";
    /// MD4 of the password in UTF-16.
    const NT_HASH: &'static str = "fc525c9683e8fe067095ba2ddc971889";

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        tail(&self.log)
    }
}

/// A password file as VNC servers keep it.
fn obfuscated(password: &str) -> Result<Vec<u8>> {
    let mut echo =
        Command::new("echo").arg(password).stdout(std::process::Stdio::piped()).spawn()?;
    let from = echo.stdout.take().context("no output of echo")?;
    let output = Command::new("vncpasswd").arg("-f").stdin(from).output();
    echo.wait()?;
    let output = output.context("TigerVNC's tools are needed (Debian: tigervnc-tools)")?;
    ensure!(output.status.success() && !output.stdout.is_empty(), "vncpasswd failed");
    Ok(output.stdout)
}
