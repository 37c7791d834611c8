use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use command_fds::FdMapping;
use fanlight_core::{Cause, Host, SessionError, Step};
use tokio::net::TcpListener;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;

use super::queue::{Place, Queue};
use crate::WebOptions;
use crate::cdp::Connection;
use crate::fence::{Account, CHROMIUM_ARGUMENTS, Enclosure, Gate, Limits, Proxy};
use crate::prepared::Prepared;
use crate::signin::Scripts;

/// How long a browser may take to come up, and to answer a command.
const PATIENCE: Duration = Duration::from_secs(60);
/// The binary that runs, wherever it lies and whatever lies there by now.
const GATEWAY: &str = "/proc/self/exe";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-startup-window",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-features=HttpsUpgrades,MediaRouter,Translate",
];

/// Starts browsers, a limited number at a time.
pub(crate) struct Launcher {
    options: WebOptions,
    queue: Queue,
}

/// A running browser. Dropping it kills all its processes.
pub(crate) struct Browser {
    pub(crate) connection: Arc<Connection>,
    process: Child,
    /// Whether it has a network of its own.
    fenced: bool,
    listener: Option<TcpListener>,
    _place: Place,
}

impl Launcher {
    pub(crate) fn new(options: WebOptions) -> Self {
        let queue = Queue::new(options.max_browsers);
        Self { options, queue }
    }

    /// Whether there may be login scripts.
    pub(crate) fn has_scripts(&self) -> bool {
        self.options.login_scripts_dir.is_some()
    }

    /// How login scripts are run beside `browser`.
    pub(crate) fn scripts(&self, browser: &Browser) -> Option<Scripts> {
        let seconds = u64::from(self.options.login_script_timeout);
        Some(Scripts {
            folder: self.options.login_scripts_dir.clone()?,
            account: self.account(),
            namespaces: browser.fenced,
            limit: Duration::from_secs(seconds),
        })
    }

    /// Where the browser of a session keeps what it needs.
    pub(crate) fn profile(&self, session: Uuid) -> PathBuf {
        self.profile_of(&session.to_string())
    }

    fn profile_of(&self, session: &str) -> PathBuf {
        self.options.profiles.join(format!("fanlight-web-{session}"))
    }

    /// Starts a session's browser when it is its turn.
    pub(crate) async fn launch(
        &self,
        session: &str,
        prepared: &Prepared,
        host: &dyn Host,
    ) -> Result<Browser, SessionError> {
        let place = self.queue.place(|before| {
            let place = before + 1;
            host.step(Step::running(format!(
                "Wait for a free browser, place {place} in the queue"
            )));
        });
        let place = place.await;
        host.step(Step::running("Start a browser"));
        let profile = self.profile_of(session);
        self.make_profile(&profile).map_err(|error| failed(&error))?;
        let mut fenced = true;
        let started = self.start(&profile, prepared, true).await;
        let (connection, process, listener) = match started {
            Err(error) if self.options.allow_unfenced => {
                tracing::warn!(%error, "a browser runs without a network of its own");
                fenced = false;
                self.start(&profile, prepared, false).await
            }
            started => started,
        }
        .map_err(|error| failed(&error))?;
        Ok(Browser { connection, process, fenced, listener: Some(listener), _place: place })
    }

    async fn start(
        &self,
        profile: &Path,
        prepared: &Prepared,
        fenced: bool,
    ) -> io::Result<(Arc<Connection>, Child, TcpListener)> {
        let (commands, hears) = pipe::pipe()?;
        let (tells, answers) = pipe::pipe()?;
        let hears = FdMapping { parent_fd: hears.into_blocking_fd()?, child_fd: 3 };
        let tells = FdMapping { parent_fd: tells.into_blocking_fd()?, child_fd: 4 };
        let (command, gate) = self.command(profile, prepared, vec![hears, tells], fenced)?;
        let process = spawn(command, profile)?;
        let listener = timeout(PATIENCE, gate.listener()).await??;
        Ok((Arc::new(Connection::new(answers, commands, PATIENCE)), process, listener))
    }

    fn command(
        &self,
        profile: &Path,
        prepared: &Prepared,
        descriptors: Vec<FdMapping>,
        fenced: bool,
    ) -> io::Result<(std::process::Command, Gate)> {
        let enclosure = Enclosure { gateway: Path::new(GATEWAY), account: self.account() };
        let mut arguments: Vec<OsString> = ARGUMENTS.iter().map(OsString::from).collect();
        arguments.extend(CHROMIUM_ARGUMENTS.iter().map(OsString::from));
        let mut data = OsString::from("--user-data-dir=");
        data.push(profile);
        arguments.push(data);
        if prepared.ignore_cert {
            arguments.push("--ignore-certificate-errors".into());
        }
        match fenced {
            true => enclosure.command(&self.options.chromium, arguments, descriptors),
            false => enclosure.unfenced_command(&self.options.chromium, arguments, descriptors),
        }
    }

    fn account(&self) -> Option<Account> {
        let account = Account { uid: self.options.uid, gid: self.options.gid };
        rustix::process::geteuid().is_root().then_some(account)
    }

    fn make_profile(&self, profile: &Path) -> io::Result<()> {
        fs::create_dir(profile)?;
        fs::set_permissions(profile, Permissions::from_mode(0o700))?;
        match self.account() {
            Some(Account { uid, gid }) => chown(profile, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

impl Browser {
    /// Lets the browser reach the network, by its session's rules, for as long as the
    /// future lives.
    pub(crate) fn serve(&mut self, prepared: &Prepared) -> impl Future<Output = ()> + use<> {
        let (rules, outside) = (prepared.rules.clone(), Arc::clone(&prepared.outside));
        let listener = self.listener.take();
        async move {
            if let Some(listener) = listener {
                Proxy::new(rules, outside, Limits::default()).serve(listener).await;
            }
        }
    }

    /// Waits until the browser has ended, and says why that is bad.
    pub(crate) async fn ended(&mut self) -> SessionError {
        tokio::select! {
            () = self.connection.closed() => {}
            _ = self.process.wait() => {}
        }
        SessionError::new(Cause::Lost, "The session's browser ended unexpectedly.")
    }
}

fn spawn(command: std::process::Command, profile: &Path) -> io::Result<Child> {
    let mut command = Command::from(command);
    command.env_clear().env("PATH", PATH).env("HOME", profile).env("LANG", "C.UTF-8");
    command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn()
}

fn failed(error: &io::Error) -> SessionError {
    let text = format!(
        "The session's browser could not be started: {error}. It needs chromium, setpriv and \
         unshare, and user and network namespaces."
    );
    SessionError::new(Cause::Unavailable, text)
}
