use std::fmt::Write as _;

use bytes::Bytes;
use fanlight_core::{Cause, SessionError};
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
};
use hyper::{Response, StatusCode};

/// HTTP status of a page that is not let through.
pub const BLOCKED_STATUS: u16 = 403;

/// Why the proxy does not fetch what it was asked for.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// The session's domains do not cover this host.
    Domain(String),
    /// The gateway's network policy does not allow this host.
    Policy(String),
    /// There is no way to this host now.
    Unreachable(String, SessionError),
    /// This host does not speak HTTP, or broke off.
    NoHttp(String),
    /// Neither HTTP nor a tunnel.
    Scheme,
    /// A request that no browser makes of a proxy.
    NotAProxyRequest,
}

impl Refusal {
    /// What a failure to reach `host` is to a browser.
    pub(super) fn of(host: String, error: SessionError) -> Self {
        match error.cause {
            Cause::Denied => Self::Policy(host),
            _ => Self::Unreachable(host, error),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Domain(_) | Self::Policy(_) | Self::Scheme => StatusCode::FORBIDDEN,
            Self::Unreachable(_, error) if error.cause == Cause::TimedOut => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::Unreachable(..) | Self::NoHttp(_) => StatusCode::BAD_GATEWAY,
            Self::NotAProxyRequest => StatusCode::BAD_REQUEST,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Domain(host) | Self::Policy(host) => format!("{host} is blocked"),
            Self::Unreachable(host, _) | Self::NoHttp(host) => {
                format!("{host} cannot be reached")
            }
            Self::Scheme => "This kind of address is blocked".into(),
            Self::NotAProxyRequest => "This request makes no sense".into(),
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Domain(host) => format!(
                "This session may visit certain sites only, and {host} is not one of them. If \
                 you need it, ask whoever set this session up to add {host} to its allowed domains."
            ),
            Self::Policy(host) => format!(
                "The network rules of this gateway do not allow connections to {host}. If you \
                 need it, ask an administrator."
            ),
            Self::Unreachable(_, error) => error.message.clone(),
            Self::NoHttp(host) => {
                format!("{host} broke off, or answered with something else than a web page.")
            }
            Self::Scheme => "A session's browser opens http and https addresses only.".into(),
            Self::NotAProxyRequest => "The session's proxy does not understand it.".into(),
        }
    }

    /// The page that explains it: HTML that refers to nothing.
    pub fn page(&self) -> String {
        let (title, reason) = (escaped(&self.title()), escaped(&self.reason()));
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
             <main><h1>{title}</h1><p>{reason}</p></main></html>"
        )
    }

    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.page()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        for (name, value) in PAGE_HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Those of a page that explains itself.
pub(super) const PAGE_HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
];

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;display:grid;\
    min-height:100vh;place-items:center;background:#f6f7f9;color:#1b1f24}main{max-width:34rem;\
    padding:2rem}h1{font-size:1.5rem;overflow-wrap:anywhere}@media(prefers-color-scheme:dark)\
    {body{background:#14171a;color:#e6e8eb}}";

/// Text for HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '<' | '>' | '&' | '"' | '\'' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_page_names_the_domain_and_runs_nothing_of_it() {
        let page = Refusal::Domain("evil.example".into()).page();
        assert!(page.contains("<h1>evil.example is blocked</h1>"));
        let page = Refusal::Domain("<script>alert(1)</script>".into()).page();
        assert!(!page.contains("<script"));
    }
}
