use std::time::Duration;

use fanlight_core::Secret;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ProxmoxConfigError;
use super::trust;
use crate::config::ProxmoxConfig;

/// Longest answer, bytes. A cluster of 10,000 machines lists itself in about 4 MiB.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// Asks one API. Never follows a redirect: the token is for this server alone.
pub(super) struct Client {
    http: reqwest::Client,
    root: Url,
    token: Secret<String>,
    timeout: Duration,
}

/// What came instead of an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("{}", with_causes(.0))]
    Exchange(#[from] reqwest::Error),
    #[error("{path} answers {status}: {reason}")]
    Refused { path: String, status: StatusCode, reason: String },
    #[error("the answer to {0} is longer than {LONGEST_ANSWER} bytes")]
    TooLong(String),
    #[error("the answer to {path} cannot be read: {error}")]
    Unreadable { path: String, error: serde_json::Error },
    #[error("{0} is no path of the API")]
    Path(String),
}

/// Every answer of the API stands in such an object.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

/// reqwest says only "error sending request": what went wrong stands behind it.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl Client {
    pub(super) fn new(config: &ProxmoxConfig) -> Result<Self, ProxmoxConfigError> {
        let tls = |error: &dyn std::fmt::Display| {
            ProxmoxConfigError::Tls(config.name.clone(), error.to_string())
        };
        let http = trust::apply(reqwest::Client::builder(), config)?
            .redirect(Policy::none())
            .timeout(config.timeout)
            .https_only(true)
            .user_agent(concat!("fanlight/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| tls(&error))?;
        let root = config.url.join("api2/json/").map_err(|error| tls(&error))?;
        let token = format!("PVEAPIToken={}={}", config.token_id, config.token_secret.expose());
        Ok(Self { http, root, token: token.into(), timeout: config.timeout })
    }

    /// What the API says at `path`, relative to `api2/json/`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let wrong = || ClientError::Path(path.to_owned());
        let url = self.root.join(path).map_err(|_| wrong())?;
        let mut token = HeaderValue::from_str(self.token.expose()).map_err(|_| wrong())?;
        token.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, token)]);
        let request = self.http.get(url).headers(headers).timeout(self.timeout);
        let mut reply = request.send().await?;
        let status = reply.status();
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(ClientError::TooLong(path.to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if status != StatusCode::OK {
            return Err(ClientError::Refused {
                path: path.to_owned(),
                status,
                reason: reason(&body),
            });
        }
        let read = serde_json::from_slice::<Envelope<T>>(&body);
        let unreadable = |error| ClientError::Unreadable { path: path.to_owned(), error };
        Ok(read.map_err(unreadable)?.data)
    }
}

/// Why the API says no, if its answer tells: `{"message": "..."}`, `{"errors": {...}}` or text.
fn reason(body: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(body);
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}
