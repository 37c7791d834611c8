use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;
use uuid::Uuid;

use crate::App;
use crate::access::ClientAddress;
use crate::api::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;

/// Gives every request an id (the caller's, if it sent a sound one), which stands in all
/// log lines of the request and in the response; a handler that panics becomes a 500.
///
/// What is logged is the route's template, never the path itself: paths and queries carry
/// tokens.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = callers_id(request.headers()).unwrap_or_else(|| Uuid::now_v7().to_string());
    let route = request.extensions().get::<MatchedPath>();
    let client = request.extensions().get::<ClientAddress>();
    let span = tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        route = route.map_or("page", MatchedPath::as_str),
        client = client.map(|client| client.ip.to_string()),
    );
    let template = route.map_or("page", MatchedPath::as_str).to_owned();
    let (method, begin) = (request.method().clone(), Instant::now());
    let mut response = answer(request, next).instrument(span).await;
    let status = response.status().as_u16();
    app.metrics.answered(known(&method), &template, status, begin.elapsed());
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

async fn answer(request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let response = AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        // The panic's own message was written by the panic hook.
        ApiError::internal("a handler panicked").into_response()
    });
    let milliseconds = begin.elapsed().as_millis();
    let status = response.status();
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), milliseconds, "answered");
    } else {
        tracing::debug!(status = status.as_u16(), milliseconds, "answered");
    }
    response
}

/// The method, where it is one of those that routes have: others could be anything.
fn known(method: &Method) -> &str {
    match method.as_str() {
        name @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS") => name,
        _ => "other",
    }
}

/// The id that the caller sent, if it can stand in a log as it is.
fn callers_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(sound);
    fits.then(|| text.to_owned())
}
