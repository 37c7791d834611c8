use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

use super::ApiError;

/// Holds a link that is good once back from those who only look at it: mail filters ask
/// for the head, browsers fetch ahead of the person who may follow it.
pub(super) struct Follower;

impl<S: Sync> FromRequestParts<S> for Follower {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        if parts.method == Method::HEAD || is_ahead_of_time(&parts.headers) {
            return Err(ApiError::bad_request("This link can be followed once, by a person."));
        }
        Ok(Self)
    }
}

/// `Sec-Purpose` of the Fetch standard, and what browsers sent before it.
fn is_ahead_of_time(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .any(|value| ["prefetch", "prerender", "preview"].iter().any(|word| value.contains(word)))
}
