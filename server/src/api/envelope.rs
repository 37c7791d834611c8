//! How the VM portal answers: `{"code": 200, "message": "...", "data": ...}`, errors included.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiError;

/// Where it answers so.
const ROOT: &str = "/api/v1/guacamole/";

/// What stands around every answer of the VM portal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Envelope<T> {
    /// The HTTP status once more.
    code: u16,
    /// What happened.
    message: String,
    /// What was asked for; `null` in an error.
    data: Option<T>,
}

/// Status 200 with this data.
pub(super) fn ok<T>(message: impl Into<String>, data: T) -> Json<Envelope<T>> {
    Json(Envelope { code: StatusCode::OK.as_u16(), message: message.into(), data: Some(data) })
}

/// Puts the errors of the portal into its envelope, whoever made them.
pub(crate) async fn speak_as_the_portal(request: Request, next: Next) -> Response {
    let is_portal = request.uri().path().starts_with(ROOT);
    let mut response = next.run(request).await;
    let error = response.extensions_mut().remove::<ApiError>().filter(|_| is_portal);
    let Some(error) = error else { return response };
    let status = error.status();
    let body = Envelope::<()> { code: status.as_u16(), message: error.to_string(), data: None };
    let (parts, _) = response.into_parts();
    let mut enveloped = (status, Json(body)).into_response();
    for (name, value) in &parts.headers {
        if !enveloped.headers().contains_key(name) && name != axum::http::header::CONTENT_LENGTH {
            enveloped.headers_mut().append(name, value.clone());
        }
    }
    *enveloped.extensions_mut() = parts.extensions;
    enveloped
}
