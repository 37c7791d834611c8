use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Sshd;
use crate::ports::free_port;
use crate::process::{Process, output_of, tail};

/// The engine that runs a gateway's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The one in the gateway.
    Embedded,
    /// guacd on this port of loopback.
    Guacd(u16),
}

/// The gateway's own binary with a configuration, a database and an API key of its own.
pub struct Gateway {
    folder: TempDir,
    process: Option<Process>,
    port: u16,
    key: String,
    http: Client,
}

impl Gateway {
    /// Starts one whose sessions run in `engine` and may go to loopback.
    ///
    /// # Errors
    /// When the binary was not built, or the gateway does not become healthy.
    pub async fn start(engine: Engine) -> Result<Self> {
        Self::start_with(engine, "").await
    }

    /// As [`start`](Self::start), with further lines for its configuration: whole tables.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(engine: Engine, tables: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-gateway").tempdir()?;
        let port = free_port()?;
        let mut gateway =
            Self { folder, process: None, port, key: String::new(), http: Client::new() };
        fs::write(gateway.config(), gateway.configuration(engine) + tables)?;
        gateway.key = gateway.add_key("tests")?;
        gateway.run().await?;
        Ok(gateway)
    }

    /// Ends it in order and starts it again on the same port with the same data.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> Result<()> {
        self.process = None;
        self.run().await
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    ///
    /// # Errors
    /// When it is not running.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("the gateway does not run")
    }

    /// Its API key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// A one-time link that signs a browser in.
    ///
    /// # Errors
    /// When the command fails.
    pub fn sign_in_link(&self) -> Result<String> {
        let printed = self.command(&["sign-in-link"])?;
        let link = printed.split_whitespace().find(|word| word.starts_with("http"));
        Ok(link.context("no link was printed")?.to_owned())
    }

    /// Imports a table of entries into the address book, for every operator.
    ///
    /// # Errors
    /// With what the command says, where a row was left out.
    pub fn import(&self, table: &str) -> Result<String> {
        let file = self.folder.path().join("entries.csv");
        fs::write(&file, table)?;
        let file = file.display().to_string();
        self.command(&["book", "import", &file, "--format", "csv", "--for-everyone"])
    }

    /// A request with the API key.
    ///
    /// # Errors
    /// When there is no reply.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value)> {
        let request = self.http.request(method, self.url() + path).bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let reply = request.timeout(Duration::from_secs(30)).send().await?;
        let status = reply.status();
        let text = reply.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Creates a session and returns the reply.
    ///
    /// # Errors
    /// With the reply, when it was refused.
    pub async fn create(&self, session: &Value) -> Result<Value> {
        let (status, reply) = self.call(Method::POST, "/api/sessions", Some(session)).await?;
        ensure!(status == StatusCode::CREATED, "{status}: {reply}");
        Ok(reply)
    }

    /// One session as the API shows it.
    ///
    /// # Errors
    /// When there is no such session.
    pub async fn session(&self, id: &str) -> Result<Value> {
        let (status, reply) = self.call(Method::GET, &format!("/api/sessions/{id}"), None).await?;
        ensure!(status == StatusCode::OK, "{status}: {reply}");
        Ok(reply)
    }

    /// A ticket that opens one WebSocket.
    ///
    /// # Errors
    /// With the reply, when it was refused.
    pub async fn ticket(&self) -> Result<String> {
        let (status, reply) = self.call(Method::POST, "/api/ws-ticket", None).await?;
        match reply["ticket"].as_str() {
            Some(ticket) => Ok(ticket.to_owned()),
            None => bail!("{status}: {reply}"),
        }
    }

    async fn run(&mut self) -> Result<()> {
        let mut command = Command::new(binary()?);
        command.args(["serve", "--config"]).arg(self.config());
        let mut process = Process::start(&mut command, &self.log_file())?;
        let ready = process.listens_on(self.port).await;
        self.process = Some(process);
        ready.with_context(|| tail(&self.log_file()))?;
        let (status, _) = self.call(Method::GET, "/api/health", None).await?;
        ensure!(status == StatusCode::OK, "the gateway's health is {status}");
        Ok(())
    }

    fn add_key(&self, name: &str) -> Result<String> {
        let printed = self.command(&["key", "add", "--name", name])?;
        let key = printed.lines().map(str::trim).rfind(|line| !line.is_empty());
        Ok(key.context("no key was printed")?.to_owned())
    }

    fn command(&self, words: &[&str]) -> Result<String> {
        output_of(Command::new(binary()?).args(words).arg("--config").arg(self.config()))
    }

    fn configuration(&self, engine: Engine) -> String {
        let engine = match engine {
            Engine::Embedded => "[engine]\ndefault = \"embedded\"\n".to_owned(),
            Engine::Guacd(port) => format!(
                "[engine]\ndefault = \"guacd\"\n[guacd]\naddresses = [\"127.0.0.1:{port}\"]\n"
            ),
        };
        format!(
            "data_dir = \"{}\"\n[server]\nlisten = \"127.0.0.1:{}\"\ndrain = 0\n\
             [network]\nallow = [\"127.0.0.1/32\"]\n{engine}",
            self.folder.path().join("data").display(),
            self.port
        )
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("fanlight.toml")
    }

    /// Its folder with recordings.
    pub fn recordings(&self) -> PathBuf {
        self.folder.path().join("data/recordings")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// A session to `sshd`, logging in by key.
///
/// # Errors
/// When the key cannot be read.
pub fn ssh_session(sshd: &Sshd) -> Result<Value> {
    Ok(json!({
        "session_type": "ssh",
        "hostname": "127.0.0.1",
        "port": sshd.port(),
        "username": sshd.username()?,
        "private_key": sshd.private_key()?,
    }))
}

/// `GATEWAY_UNDER_TEST`, or the gateway that was built together with the running test.
pub(crate) fn binary() -> Result<PathBuf> {
    if let Some(binary) = std::env::var_os("GATEWAY_UNDER_TEST") {
        return Ok(binary.into());
    }
    beside_the_test("gateway")
}

/// A program of this crate, built together with the running test.
pub(crate) fn beside_the_test(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let mut beside = test.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    beside.find(|file| file.is_file()).with_context(|| format!("{name} was not built"))
}
