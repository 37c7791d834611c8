use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use crate::config::OidcConfig;

/// Longest answer of a provider, bytes. Key sets and tokens are a few kilobytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// How the provider is asked: no redirect is followed, every answer has limits of time and
/// length, and a provider with https leads to https addresses only.
pub(super) struct Http(Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("{}", with_causes(.0))]
    Exchange(#[from] reqwest::Error),
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
    #[error(transparent)]
    Malformed(#[from] http::Error),
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

impl Http {
    pub(super) fn new(config: &OidcConfig) -> io::Result<Self> {
        let mut client = Client::builder()
            .redirect(Policy::none())
            .timeout(config.timeout)
            .https_only(config.issuer.starts_with("https:"))
            .user_agent(concat!("fanlight/", env!("CARGO_PKG_VERSION")));
        if let Some(ca) = &config.ca {
            client = client.tls_certs_only(read(ca)?);
        }
        client.build().map(Self).map_err(io::Error::other)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut reply = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::builder().status(reply.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(reply.headers().clone());
        }
        Ok(response.body(body)?)
    }
}

fn read(file: &Path) -> io::Result<Vec<Certificate>> {
    let found = Certificate::from_pem_bundle(&fs::read(file)?).map_err(io::Error::other)?;
    if found.is_empty() {
        return Err(io::Error::other("holds no certificate"));
    }
    Ok(found)
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}
