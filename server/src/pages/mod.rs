//! The user interface: files that were built into this binary, with the start file for
//! every path that the interface itself draws.

mod words;

use std::borrow::Cow;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};
use std::sync::Arc;
use tower_http::compression::CompressionLayer;

use crate::App;
use crate::api::ApiError;

pub use words::Words;
pub(crate) use words::escape;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../ui/dist"]
#[allow_missing = true]
struct Interface;

const START: &str = "index.html";
/// Files here have a hash of their content in their name.
const HASHED: &str = "assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_FIRST: &str = "no-cache";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>Fanlight</title></head><body><h1>The user interface is not in this binary</h1>\
    <p>Build it with <code>npm ci &amp;&amp; npm run build</code> in the folder <code>ui</code>, \
    then build the gateway again. <code>cargo xtask run</code> does both. The API works as it is: \
    <a href=\"/api/docs\">its description</a>.</p></body></html>";

/// Answers whatever the API does not.
pub fn router() -> Router<Arc<App>> {
    Router::new().fallback(serve).layer(CompressionLayer::new())
}

async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut refusal =
            ApiError::new(status, "method_not_allowed", "Pages are only read.").into_response();
        refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Interface::get(path) {
        return send(path, file, &headers);
    }
    if looks_like_a_file(path) {
        return ApiError::not_found("There is no such file.").into_response();
    }
    match Interface::get(START) {
        Some(file) => send(START, file, &headers),
        None => (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response(),
    }
}

/// A page's path has no dot in its last part; a missing file must not come back as HTML.
fn looks_like_a_file(path: &str) -> bool {
    path.starts_with(HASHED) || path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn send(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let caching = if path.starts_with(HASHED) { FOR_EVER } else { ASK_FIRST };
    let about = [(header::CACHE_CONTROL, caching), (header::ETAG, tag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let body = match file.data {
        Cow::Borrowed(bytes) => axum::body::Body::from(bytes),
        Cow::Owned(bytes) => axum::body::Body::from(bytes),
    };
    (about, [(header::CONTENT_TYPE, kind.as_ref())], body).into_response()
}
