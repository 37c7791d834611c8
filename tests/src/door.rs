use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Sshd;
use crate::gateway::binary;
use crate::ports::free_port;
use crate::process::{Process, output_of, tail};

/// How long a foreign client may take.
const CLIENT_LIMIT: Duration = Duration::from_secs(90);

/// A `fanlight guacd` whose sessions may go to loopback.
pub struct Door {
    _process: Process,
    port: u16,
    folder: TempDir,
}

impl Door {
    /// Starts one, with further arguments.
    ///
    /// # Errors
    /// When the binary was not built, or it does not start.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-door").tempdir()?;
        let port = free_port()?;
        let log = folder.path().join("log");
        let mut command = Command::new(binary()?);
        command.arg("guacd").args(["--listen", &format!("127.0.0.1:{port}"), "--data-dir"]);
        command.arg(folder.path().join("data"));
        command.args(["--set", r#"network.allow=["127.0.0.1/32"]"#]).args(arguments);
        let mut process = Process::start(&mut command, &log)?;
        process.listens_on(port).await.with_context(|| tail(&log))?;
        Ok(Self { _process: process, port, folder })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// A foreign client of guacd's protocol, of `tests/foreign`.
#[derive(Debug, Clone, Copy)]
pub enum Foreign {
    /// PyPI's pyguacamole.
    Python,
    /// npm's guacamole-lite.
    Lite,
}

impl Foreign {
    /// Has it open a session to `sshd` by way of the guacd on `port`; what it says came of
    /// it.
    ///
    /// # Errors
    /// When it cannot be installed, or fails.
    pub async fn run(self, port: u16, sshd: &Sshd) -> Result<Value> {
        let command = tokio::task::spawn_blocking(move || self.command()).await??;
        let settings = json!({
            "hostname": "127.0.0.1",
            "port": sshd.port().to_string(),
            "username": sshd.username()?,
            self.key_name(): sshd.private_key()?,
        });
        let mut client = tokio::process::Command::from(command);
        client.arg(port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        client.stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = client.spawn()?;
        let mut input = child.stdin.take().context("no input")?;
        tokio::io::AsyncWriteExt::write_all(&mut input, settings.to_string().as_bytes()).await?;
        drop(input);
        let output = tokio::time::timeout(CLIENT_LIMIT, child.wait_with_output()).await??;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "{self:?}: {complaint}");
        // guacamole-lite has words of its own for standard output.
        let output = String::from_utf8(output.stdout)?;
        let last = output.lines().last().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("{output}{complaint}"))
    }

    fn key_name(self) -> &'static str {
        match self {
            Self::Python => "private_key",
            Self::Lite => "private-key",
        }
    }

    /// Installs it at first use, into a folder of its own in the user's cache.
    fn command(self) -> Result<Command> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
        let cache = cache_folder()?;
        fs::create_dir_all(&cache)?;
        let lock = fs::File::create(cache.join("foreign.lock"))?;
        lock.lock()?;
        match self {
            Self::Python => python(&scripts, &cache),
            Self::Lite => lite(&scripts, &cache),
        }
    }
}

fn python(scripts: &Path, cache: &Path) -> Result<Command> {
    let folder = cache.join("pyguacamole");
    if !folder.join("guacamole").is_dir() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--break-system-packages", "--target"]);
        output_of(pip.arg(&folder).arg("-r").arg(scripts.join("requirements.txt")))?;
    }
    let mut command = Command::new("python3");
    command.arg(scripts.join("pyguacamole_client.py")).env("PYTHONPATH", folder);
    Ok(command)
}

fn lite(scripts: &Path, cache: &Path) -> Result<Command> {
    let folder = cache.join("guacamole-lite");
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json", "lite.cjs"] {
        fs::copy(scripts.join(file), folder.join(file))?;
    }
    if !folder.join("node_modules/guacamole-lite").is_dir() {
        output_of(Command::new("npm").args(["ci", "--silent"]).current_dir(&folder))?;
    }
    let mut command = Command::new("node");
    command.arg("lite.cjs").current_dir(folder);
    Ok(command)
}

fn cache_folder() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("fanlight/foreign"))
}
