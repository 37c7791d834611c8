use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::{Process, tail};

/// An OpenID provider: npm's certified `oidc-provider`, behind a server that can misbehave.
/// It signs in, without asking, whom it was told to.
pub struct OidcProvider {
    folder: TempDir,
    port: u16,
    options: Value,
    process: Option<Process>,
    http: Client,
}

impl OidcProvider {
    /// Starts one.
    ///
    /// # Errors
    /// When Node.js or the packages of `tests/oidc` are not installed.
    pub async fn start() -> Result<Self> {
        let mut provider = Self::prepare(&json!({}))?;
        provider.up().await?;
        Ok(provider)
    }

    /// One that is down, with options of its script: `claimsInIdToken`, and `tls` with the PEM
    /// texts `cert`, `key` and `ca`.
    ///
    /// # Errors
    /// When there is no free port, or `ca` is no certificate.
    pub fn prepare(options: &Value) -> Result<Self> {
        let http = match options["tls"]["ca"].as_str() {
            Some(ca) => Client::builder().tls_certs_only([Certificate::from_pem(ca.as_bytes())?]),
            None => Client::builder(),
        };
        let folder = tempfile::Builder::new().prefix("fanlight-oidc").tempdir()?;
        let (port, options) = (free_port()?, options.clone());
        Ok(Self { folder, port, options, process: None, http: http.build()? })
    }

    /// Starts it on its port.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn up(&mut self) -> Result<()> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc/provider.mjs");
        let installed = script.with_file_name("node_modules").is_dir();
        ensure!(installed, "run `npm ci` in tests/oidc, or `cargo xtask test`");
        let mut options = self.options.clone();
        options["port"] = json!(self.port);
        let mut command = Command::new("node");
        command.arg(script).arg(options.to_string());
        let mut process = Process::start(&mut command, &self.log())?;
        let ready = process.listens_on(self.port).await;
        self.process = Some(process);
        ready.map_err(|error| error.context(tail(&self.log())))
    }

    /// Ends it.
    pub fn down(&mut self) {
        self.process = None;
    }

    /// Its issuer, which is its address.
    pub fn issuer(&self) -> String {
        let scheme = if self.options["tls"].is_object() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The tables of a gateway's configuration that make it the provider; `more` are further
    /// lines of `[oidc]`.
    pub fn tables(&self, more: &str) -> String {
        format!(
            "[oidc]\nissuer = \"{}\"\nclient_id = \"fanlight\"\nclient_secret = \
             \"a secret of the client that is long enough for HS256\"\nlabel = \"Example SSO\"\n\
             scopes = [\"groups\"]\n{more}\n",
            self.issuer()
        )
    }

    /// Changes what it does next: `account` (whom it signs in), `fault`, `users` (their
    /// claims by subject).
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn set(&self, change: Value) -> Result<()> {
        let request = self.http.put(format!("{}/control", self.issuer())).json(&change);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
