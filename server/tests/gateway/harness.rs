//! A gateway on a free port with a database of its own, and a client for it.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use fanlight::access::NewToken;
use fanlight::config::{Config, Sources};
use fanlight::serve::Gateway;
use fanlight::store::NewApiKey;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::postgres;

/// Tests make no key files where their user keeps their own.
pub const BOOK_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

pub struct Fixture {
    pub gateway: Gateway,
    /// A key without limits.
    pub key: String,
    pub folder: TempDir,
    pub http: Client,
}

impl Fixture {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A gateway with these keys of the configuration.
    pub async fn with(settings: &[(&str, Value)]) -> Self {
        let folder = TempDir::new().unwrap();
        let gateway = Gateway::start(configuration(&folder, settings)).await.unwrap();
        let key = add_key(&gateway, "unlimited", &[], None).await;
        Self { gateway, key, folder, http: client(None) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address())
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(self.url(path))
    }

    pub async fn add_key(&self, name: &str, networks: &[&str]) -> String {
        add_key(&self.gateway, name, networks, None).await
    }

    pub async fn add_expired_key(&self, name: &str) -> String {
        let past = OffsetDateTime::now_utc() - time::Duration::minutes(1);
        add_key(&self.gateway, name, &[], Some(past)).await
    }

    /// Signs a browser in and returns the `Cookie` header it sends from then on.
    pub async fn sign_in(&self, key: &str) -> String {
        let reply = self.post("/api/auth/sign-in").json(&json!({ "api_key": key })).send().await;
        cookie_of(&reply.unwrap())
    }
}

pub fn configuration(folder: &TempDir, settings: &[(&str, Value)]) -> Config {
    let own = [
        ("data_dir", json!(folder.path())),
        ("server.listen", json!("127.0.0.1:0")),
        ("book.key", json!(BOOK_KEY)),
    ];
    let url = postgres::database_url(folder.path());
    let database = url.map(|url| ("database.url", json!(url)));
    let all = own.iter().chain(&database).chain(settings);
    let flags = all.map(|(key, value)| ((*key).to_owned(), value.clone()));
    Sources { flags: flags.collect(), ..Sources::default() }.load().unwrap()
}

/// Gives the process of a gateway the database that the tests run on.
pub fn choose_database(command: &mut Command, folder: &Path) {
    if let Some(url) = postgres::database_url(folder) {
        command.env("FANLIGHT_DATABASE__URL", url);
    }
}

/// A client that follows no redirect, from `address` if one is given.
pub fn client(address: Option<IpAddr>) -> Client {
    let stay = reqwest::redirect::Policy::none();
    Client::builder().redirect(stay).local_address(address).build().unwrap()
}

/// `name=value` of the cookie that a reply sets.
pub fn cookie_of(reply: &Response) -> String {
    let header = reply.headers()["set-cookie"].to_str().unwrap();
    header.split(';').next().unwrap().to_owned()
}

async fn add_key(
    gateway: &Gateway,
    name: &str,
    networks: &[&str],
    expires_at: Option<OffsetDateTime>,
) -> String {
    let token = NewToken::generate("").unwrap();
    let new = NewApiKey {
        name: name.to_owned(),
        secret_hash: token.hash,
        allowed_networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        expires_at,
    };
    gateway.app.store.add_api_key(new).await.unwrap();
    token.secret.expose().clone()
}
