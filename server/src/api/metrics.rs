use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use super::ApiError;
use crate::App;
use crate::access::hash_token;

/// What the format calls itself (OpenMetrics 1.0).
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Figures for Prometheus, by the token that is configured for it (`metrics.token`) and no
/// other credential. Without one there is nothing here.
#[utoipa::path(get, path = "/metrics", tag = "Gateway",
    responses((status = 200, description = "OpenMetrics text.", content_type = FORMAT,
            body = String),
        (status = 401, description = "Not the token."),
        (status = 404, description = "No token is configured.")))]
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let token = app.config.metrics.token.as_ref();
    let token = token.ok_or_else(|| ApiError::not_found("There is no such page here."))?;
    // Hashes are compared: the time that it takes tells nothing of the token.
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|text| text.strip_prefix("Bearer ")).map(hash_token);
    if shown != Some(hash_token(token.expose())) {
        return Err(ApiError::unauthenticated());
    }
    page(&app)
}

/// The figures as an answer.
pub(crate) fn page(app: &App) -> Result<impl IntoResponse + use<>, ApiError> {
    let text = app.sessions.metrics_text().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, FORMAT)], text))
}
