//! GNU inetutils' telnetd, with a login of the test's own behind it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process::{cache_folder, output_of};

const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// A telnet server on a loopback port that asks for a name and a password, accepts any, and
/// writes down what it is told.
pub struct Telnetd {
    port: u16,
    folder: TempDir,
    ends: Arc<AtomicBool>,
    serving: Option<JoinHandle<Vec<Child>>>,
}

impl Telnetd {
    /// Starts one.
    ///
    /// # Errors
    /// When the program is neither installed nor to be had.
    pub async fn start() -> Result<Self> {
        let program = tokio::task::spawn_blocking(program).await??;
        let folder = tempfile::Builder::new().prefix("fanlight-telnetd").tempdir()?;
        let login = folder.path().join("login.sh");
        fs::write(&login, login_script(folder.path()))?;
        fs::set_permissions(&login, fs::Permissions::from_mode(0o755))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let serving = std::thread::spawn(move || {
            let mut children = Vec::new();
            while let Ok((socket, _)) = listener.accept() {
                if end.load(Ordering::Relaxed) {
                    break;
                }
                children.extend(serve(&program, &login, socket));
            }
            children
        });
        Ok(Self { port, folder, ends, serving: Some(serving) })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for what was told: `login` is the name and the password with a colon between
    /// them, `typed` the line after that, `size` the terminal's rows and columns.
    ///
    /// # Errors
    /// When nothing is told within 30 s.
    pub async fn told(&self, what: &str) -> Result<String> {
        let (file, begin) = (self.folder.path().join(what), Instant::now());
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some(line) = text.strip_suffix('\n') {
                return Ok(line.to_owned());
            }
            if begin.elapsed() > TOLD_WITHIN {
                bail!("no {what} was told");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Telnetd {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let children = self.serving.take().map(JoinHandle::join);
        for mut child in children.into_iter().flatten().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn serve(program: &Path, login: &Path, socket: TcpStream) -> Option<Child> {
    let socket = OwnedFd::from(socket);
    let mut command = Command::new(program);
    command.arg("-h").arg("-E").arg(login).stdout(Stdio::from(socket.try_clone().ok()?));
    command.stdin(Stdio::from(socket)).spawn().ok()
}

fn login_script(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "#!/bin/sh\nprintf 'test login: '; read name\n\
         stty -echo; printf 'Password: '; read password; stty echo\n\
         echo; echo \"Welcome $name\"\nstty size >{folder}/size\n\
         echo \"$name:$password\" >{folder}/login\nread line\n\
         echo \"$line\" >{folder}/typed\nread last\n"
    )
}

/// An installed one, else out of Debian's package, unpacked and not installed, since
/// installing starts a service for everyone.
fn program() -> Result<PathBuf> {
    let installed = Path::new("/usr/sbin/telnetd");
    if installed.exists() {
        return Ok(installed.to_owned());
    }
    let cache = cache_folder()?;
    fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("telnetd.lock"))?;
    lock.lock()?;
    let unpacked = cache.join("telnetd");
    if !unpacked.join("usr/sbin/telnetd").exists() {
        let script = "apt-get download -q inetutils-telnetd && dpkg-deb -x *.deb unpacked";
        let folder = tempfile::tempdir_in(&cache)?;
        output_of(Command::new("sh").args(["-c", script]).current_dir(&folder))
            .context("inetutils-telnetd is needed (Debian: inetutils-telnetd)")?;
        fs::rename(folder.path().join("unpacked"), &unpacked)?;
    }
    Ok(unpacked.join("usr/sbin/telnetd"))
}
