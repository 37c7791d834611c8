use std::sync::Arc;

use bytes::Bytes;
use fanlight_core::{BoxedStream, Outside, Visit};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRAILER, UPGRADE,
};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::authority::Authority;
use super::blocked::Refusal;
use super::idle::{Watched, carry};
use super::rules::Rules;
use super::serve::{Limits, Place};

type Body = BoxBody<Bytes, hyper::Error>;

/// Headers that belong to one connection (RFC 9110 section 7.6.1), besides those that
/// `Connection` names.
const OF_A_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHORIZATION,
    PROXY_AUTHENTICATE,
    TE,
    TRAILER,
    UPGRADE,
];

/// The filtering proxy of one session: absolute-form HTTP, and tunnels by CONNECT for
/// everything else (RFC 9110 section 9.3.6), WebSockets among it.
pub struct Proxy {
    rules: Rules,
    outside: Arc<dyn Outside>,
    pub(super) limits: Limits,
    pub(super) tasks: TaskTracker,
    pub(super) cut: CancellationToken,
}

impl Proxy {
    /// A proxy that lets through what `rules` allow and `outside` finds a way to.
    pub fn new(rules: Rules, outside: Arc<dyn Outside>, limits: Limits) -> Self {
        let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
        Self { rules, outside, limits, tasks, cut }
    }

    /// Never fails: what goes wrong is told to the browser.
    pub(super) async fn answer(&self, request: Request<Incoming>, place: Place) -> Response<Body> {
        let answered = match *request.method() {
            Method::CONNECT => self.tunnel(request, place).await,
            _ => self.forward(request).await,
        };
        answered.unwrap_or_else(|refusal| explain(&refusal))
    }

    async fn tunnel(
        &self,
        mut request: Request<Incoming>,
        place: Place,
    ) -> Result<Response<Body>, Refusal> {
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, _) = request.into_parts();
        let stream = self.dial(&Authority::of(&parts)?).await?;
        let limit = self.limits.idle;
        self.spawn(async move {
            if let Ok(browser) = upgrade.await {
                // Either side may break off; there is nobody left to tell.
                let _ = carry(TokioIo::new(browser), stream, limit).await;
            }
            drop(place);
        });
        Ok(Response::new(Empty::new().map_err(|never| match never {}).boxed()))
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let (mut parts, body) = request.into_parts();
        let authority = Authority::of(&parts)?;
        let stream = self.dial(&authority).await?;
        let path = parts.uri.path_and_query().cloned();
        parts.uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        drop_connection_headers(&mut parts.headers);
        let host = HeaderValue::from_str(&authority.host_header());
        parts.headers.insert(HOST, host.map_err(|_| Refusal::NotAProxyRequest)?);
        parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let response = self.exchange(stream, Request::from_parts(parts, body)).await;
        response.ok_or_else(|| Refusal::NoHttp(authority.name()))
    }

    async fn exchange(
        &self,
        stream: BoxedStream,
        request: Request<Incoming>,
    ) -> Option<Response<Body>> {
        let watched = Watched::new(stream);
        let silence = watched.silence(self.limits.idle);
        let (mut sender, connection) = handshake(TokioIo::new(watched)).await.ok()?;
        self.spawn(async move {
            // Whoever waits for the response hears of either end.
            tokio::select! {
                _ = connection => {}
                () = silence => {}
            }
        });
        let mut response = sender.send_request(request).await.ok()?;
        drop_connection_headers(response.headers_mut());
        Some(response.map(|body| body.boxed()))
    }

    /// Dials the very address that was checked.
    async fn dial(&self, authority: &Authority) -> Result<BoxedStream, Refusal> {
        let host = authority.name();
        let (covered, endpoint) = (self.rules.covers(&authority.host), authority.endpoint()?);
        let way = if covered {
            self.outside.reach(&endpoint).await.map_err(|error| Refusal::of(host.clone(), error))
        } else {
            Err(Refusal::Domain(host.clone()))
        };
        let allowed = !matches!(way, Err(Refusal::Domain(_) | Refusal::Policy(_)));
        self.outside.visited(Visit { host: host.clone(), allowed }).await;
        way?.dial().await.map_err(|error| Refusal::of(host, error))
    }

    /// Ends with the proxy.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.tasks.spawn(async move {
            cut.run_until_cancelled_owned(task).await;
        });
    }
}

fn explain(refusal: &Refusal) -> Response<Body> {
    refusal.response().map(|body| body.map_err(|never| match never {}).boxed())
}

fn drop_connection_headers(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_A_CONNECTION) {
        headers.remove(name);
    }
}
