use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::one_time::Follower;
use super::tunnel::opening_cookies;
use super::{ApiError, ApiPath};
use crate::App;
use crate::access::Identity;

/// A ticket for one WebSocket.
#[derive(Serialize, ToSchema)]
pub(super) struct Ticket {
    /// Good once, within 30 seconds, as `?ticket=` of `/ws/{id}`.
    ticket: String,
}

/// Makes a ticket that carries the caller's identity, for clients that can set no header
/// when they open a WebSocket.
#[utoipa::path(post, path = "/api/ws-ticket", tag = "Sessions",
    responses((status = 200, description = "Single use, 30 s.", body = Ticket)))]
pub(super) async fn issue(
    State(app): State<Arc<App>>,
    identity: Identity,
) -> Result<Json<Ticket>, ApiError> {
    let ticket = app.sessions.issue_ticket(&identity).await?;
    Ok(Json(Ticket { ticket: ticket.expose().clone() }))
}

fn used() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "link_used",
        "This link was used before, or it is no longer good.",
    )
}

/// Follows an opening link: a cookie for this one session, and on to its page.
#[utoipa::path(get, path = "/open/{token}", tag = "Sessions",
    params(("token" = String, Path, description = "The link's token; it is used up.")),
    responses((status = 303, description = "To the session's page, with the cookie.")))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    _: Follower,
    ApiPath(token): ApiPath<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some((session, cookie)) = app.sessions.follow_opening(&token).await? else {
        let title = "This link could not be opened";
        return Ok(used().for_person(&headers, title));
    };
    let [stream, banner] = opening_cookies(session, cookie.expose(), &app.config)
        .ok_or_else(|| ApiError::internal("cookie is no header"))?;
    let page = HeaderValue::try_from(format!("/client/{session}")).map_err(ApiError::internal)?;
    let fixed = HeaderValue::from_static;
    let headers: [(HeaderName, HeaderValue); 5] = [
        (header::SET_COOKIE, stream),
        (header::SET_COOKIE, banner),
        (header::LOCATION, page),
        (header::CACHE_CONTROL, fixed("no-store")),
        (header::REFERRER_POLICY, fixed("no-referrer")),
    ];
    Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response())
}
