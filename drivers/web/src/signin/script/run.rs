use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fanlight_core::Secret;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::file::{ScriptFault, find};
use super::output::{Masks, follow};
use crate::cdp::{Connection, Relay};
use crate::fence::{Account, unprivileged};

/// Where a script finds programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long what a script said may take to be read when it is gone.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where login scripts are, and how they are run.
#[derive(Debug, Clone)]
pub struct Scripts {
    /// The folder.
    pub folder: PathBuf,
    /// Whom they run as; `None` is the gateway's own user.
    pub account: Option<Account>,
    /// Whether each has a process namespace of its own, which nothing that it started can
    /// leave; else what leaves its process group stays.
    pub namespaces: bool,
    /// How long one may take.
    pub limit: Duration,
}

/// What a script is to do. Its secrets go to its standard input, and nowhere else.
pub struct ScriptJob {
    /// The script's file name.
    pub name: String,
    /// The session's user name.
    pub username: Option<Secret>,
    /// The session's password.
    pub password: Option<Secret>,
    /// The page that the session opens.
    pub url: String,
    /// The session.
    pub session_id: Uuid,
}

/// What a script reads.
#[derive(Serialize)]
struct Told<'a> {
    username: Option<&'a str>,
    password: Option<&'a str>,
    url: &'a str,
    cdp_url: &'a str,
    session_id: Uuid,
}

/// A script that runs. Dropping it ends it, and whatever it started.
pub struct Script {
    name: String,
    session: Uuid,
    child: Child,
    group: Group,
    masks: Masks,
    told: Secret,
    limit: Duration,
    _relay: Relay,
}

impl Scripts {
    /// Starts a script, which can speak to the browser as long as it runs.
    ///
    /// # Errors
    /// Where there is no such script, or it cannot be started.
    pub async fn start(
        &self,
        job: ScriptJob,
        connection: Arc<Connection>,
    ) -> Result<Script, ScriptFault> {
        let program = find(&self.folder, &job.name)?;
        let cannot =
            |error: std::io::Error| ScriptFault::NotStarted(job.name.clone(), error.to_string());
        let relay = Relay::start(connection).await.map_err(cannot)?;
        let mut command = Command::from(unprivileged(self.account));
        if self.namespaces {
            command.args(["unshare", "--user", "--map-current-user", "--pid", "--fork"]);
            command.args(["--kill-child=KILL", "--"]);
        }
        command.arg(program).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
        command.current_dir(&self.folder).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(cannot)?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let told = Told {
            username: job.username.as_ref().map(|name| name.expose().as_str()),
            password: job.password.as_ref().map(|word| word.expose().as_str()),
            url: &job.url,
            cdp_url: relay.url().expose(),
            session_id: job.session_id,
        };
        let told = serde_json::to_string(&told).map_err(|error| cannot(error.into()))?;
        let masks = Masks::of(job.password.iter().chain([relay.url()]));
        let ScriptJob { name, session_id: session, .. } = job;
        let (told, limit) = (Secret::new(told), self.limit);
        Ok(Script { name, session, child, group, masks, told, limit, _relay: relay })
    }
}

impl Script {
    /// Waits for its end; one that takes too long is ended, with all that it started. What
    /// it says goes to the log of the session, without secrets.
    ///
    /// # Errors
    /// How it failed; the session goes on.
    pub async fn finish(mut self) -> Result<(), ScriptFault> {
        let (session, name) = (self.session, self.name.as_str());
        let log = |line: &str| tracing::info!(%session, script = name, "{line}");
        let (input, output, errors) =
            (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        let masks = &self.masks;
        let follows = async {
            let output = async {
                if let Some(output) = output {
                    follow(output, masks, log).await;
                }
            };
            let errors = async {
                if let Some(errors) = errors {
                    follow(errors, masks, log).await;
                }
            };
            tokio::join!(output, errors);
        };
        let gone = CancellationToken::new();
        let run = async {
            let ended = timeout(self.limit, async {
                tell(input, &self.told).await;
                self.child.wait().await
            });
            let ended = ended.await;
            drop(self.group);
            gone.cancel();
            ended
        };
        // Its children may still hold its output open, where they are beyond reach.
        let last_words = async {
            gone.cancelled().await;
            sleep(LAST_WORDS).await;
        };
        let follows = async {
            tokio::select! {
                () = follows => {}
                () = last_words => {}
            }
        };
        let (ended, ()) = tokio::join!(run, follows);
        let name = name.to_owned();
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(ScriptFault::Failed(name, how(status))),
            Ok(Err(error)) => Err(ScriptFault::Failed(name, error.to_string())),
            Err(_) => Err(ScriptFault::TimedOut(name)),
        }
    }
}

async fn tell(input: Option<ChildStdin>, told: &Secret) {
    if let Some(mut input) = input {
        // One that does not read may not need it.
        let _ = input.write_all(told.expose().as_bytes()).await;
        let _ = input.shutdown().await;
    }
}

fn how(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("code {code}"),
        None => "a signal".to_owned(),
    }
}

/// A process group, ended when dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
