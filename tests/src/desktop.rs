//! An X display that TigerVNC serves, and what is seen on it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::picture::Picture;
use crate::ports::free_port;
use crate::process::{Process, tail};

const READY_WITHIN: Duration = Duration::from_secs(10);
/// Side of the pattern's tile, in pixels.
const TILE: u32 = 64;

/// A TigerVNC server with a display of its own, on a loopback port.
pub struct VncDesktop {
    folder: TempDir,
    port: u16,
    _process: Process,
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
        let mut command = Command::new("Xtigervnc");
        command
            .arg(display_name(port))
            .args(["-localhost", "-nolisten", "tcp", "-depth", "24", "-SecurityTypes", "VncAuth"])
            .args(["-geometry", &format!("{width}x{height}"), "-rfbport", &port.to_string()])
            .arg("-PasswordFile")
            .arg(&password);
        let mut process = Process::start(&mut command, &log)
            .context("TigerVNC is needed (Debian: tigervnc-standalone-server)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(Self { folder, port, _process: process })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A command that works on its display.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", display_name(self.port));
        command
    }

    /// A program that works on its display until it is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, command: &mut Command) -> Result<Process> {
        let log = self.folder.path().join("programs");
        Process::start(command.env("DISPLAY", display_name(self.port)), &log)
    }

    /// Covers the display with a pattern that `seed` decides, in two colours.
    ///
    /// # Errors
    /// When `xsetroot` fails (Debian: x11-xserver-utils).
    pub fn paint(&self, seed: u32) -> Result<()> {
        let bitmap = self.folder.path().join("pattern.xbm");
        fs::write(&bitmap, pattern(seed))?;
        let mut command = self.command("xsetroot");
        let colours = ["-fg", "#103060", "-bg", "#f0c020"];
        ensure!(command.args(colours).arg("-bitmap").arg(&bitmap).status()?.success());
        Ok(())
    }

    /// The display as the server itself has it, without the mouse pointer.
    ///
    /// # Errors
    /// When `xwd` fails (Debian: x11-apps).
    pub fn screenshot(&self) -> Result<Picture> {
        let output = self.command("xwd").args(["-root", "-silent"]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        from_xwd(&output.stdout)
    }

    /// Waits until something is on the display's clipboard, and returns it.
    ///
    /// # Errors
    /// When `wanted` is not there within 10 s (Debian: xclip).
    pub async fn clipboard(&self, wanted: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            let output = self.command("xclip").args(["-o", "-selection", "clipboard"]).output()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            if text == wanted {
                return Ok(());
            }
            if begin.elapsed() > READY_WITHIN {
                bail!("the clipboard holds {text:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
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
            .env("HOME", self.folder.path())
            .args(["/bind-address:127.0.0.1", "/sec:nla"])
            .arg(format!("/port:{port}"))
            .arg(format!("/sam-file:{}", accounts.display()));
        let mut process = Process::start(&mut command, &log)
            .context("FreeRDP's shadow server is needed (Debian: freerdp2-shadow-x11)")?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(RdpShare { port, log, _process: process })
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

    /// A path for files of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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

/// The port doubles as the display's number: both are free together.
fn display_name(port: u16) -> String {
    format!(":{port}")
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

/// An X bitmap file of pseudo-random squares: large enough for guacd to take them for
/// drawings, which it sends without loss, and not for a photograph.
fn pattern(seed: u32) -> String {
    let mut state = seed | 1;
    let mut squares = || -> Vec<&str> {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (0..TILE / 8).map(|column| if state >> column & 1 == 1 { "0xff" } else { "0x00" }).collect()
    };
    let rows = (0..TILE / 8).map(|_| squares()).flat_map(|row| std::iter::repeat_n(row, 8));
    let bytes = rows.flatten().collect::<Vec<_>>().join(",\n");
    format!(
        "#define p_width {TILE}\n#define p_height {TILE}\n\
         static unsigned char p_bits[] = {{\n{bytes} }};\n"
    )
}

/// A picture from an X window dump of 32 bits a pixel (XWDFile.h).
fn from_xwd(bytes: &[u8]) -> Result<Picture> {
    let number = |index: usize| -> Result<usize> {
        let field = bytes.get(index * 4..index * 4 + 4).context("the dump is cut off")?;
        Ok(u32::from_be_bytes(field.try_into()?) as usize)
    };
    let (header, width, height) = (number(0)?, number(4)?, number(5)?);
    let (little_endian, bits, line, colours) =
        (number(7)? == 0, number(11)?, number(12)?, number(19)?);
    ensure!(bits == 32 && little_endian, "a dump of another kind");
    let pixels = bytes.get(header + colours * 12..).context("the dump is cut off")?;
    let rows = pixels.chunks_exact(line).take(height);
    let rgba = rows
        .flat_map(|row| row[..width * 4].chunks_exact(4))
        .flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 0xff])
        .collect();
    Picture::from_rgba(width, height, rgba)
}
