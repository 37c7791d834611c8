use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::tunnel::shown_opening_cookie;
use super::{ApiError, ApiPath, ApiQuery};
use crate::App;
use crate::access::MaybeIdentity;
use crate::sessions::{Live, SessionStatus};

/// What is shown before a session starts.
#[derive(Serialize, ToSchema)]
pub(super) struct BannerView {
    /// The banner, and below it the public key of a generated pair; empty where the session
    /// has neither.
    banner: String,
    /// The banner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The public key alone: a line for `authorized_keys` on the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    /// Name of the session for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether the session waits for its owner to continue: nothing is dialled before.
    waits: bool,
}

/// Who asks, where it is not the session's owner.
#[derive(Deserialize)]
pub(super) struct BannerQuery {
    token: Option<String>,
}

/// What is shown before a session starts.
#[utoipa::path(get, path = "/api/sessions/{id}/banner", tag = "Sessions",
    params(("id" = Uuid, Path, description = "The session."),
        ("token" = Option<String>, Query,
            description = "The share token; the session's owner needs none.")),
    responses((status = 200, description = "The banner.", body = BannerView),
        (status = 400, description = "Neither a token nor a credential.",
            body = super::ErrorBody),
        (status = 403, description = "The token is not this session's, or the session is \
            somebody else's.", body = super::ErrorBody),
        (status = 404, description = "There is no such session.", body = super::ErrorBody)))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    MaybeIdentity(identity): MaybeIdentity,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<BannerQuery>,
    headers: HeaderMap,
) -> Result<Json<BannerView>, ApiError> {
    let find =
        || app.sessions.find(id).ok_or_else(|| ApiError::not_found("There is no such session."));
    if let Some(token) = &query.token {
        let entrance = app.sessions.share_entrance(token, id, None).await?;
        entrance.ok_or_else(|| ApiError::forbidden("This share token is not good."))?;
        return Ok(Json(view(&*find()?)));
    }
    if let Some(cookie) = shown_opening_cookie(&headers, id)
        && app.sessions.is_opening_cookie(cookie, id).await?
    {
        return Ok(Json(view(&*find()?)));
    }
    let identity = identity.ok_or_else(|| ApiError::bad_request("The token is missing."))?;
    let live = find()?;
    if !app.sessions.may_own(&identity, &live) {
        return Err(ApiError::forbidden("This is somebody else's session."));
    }
    Ok(Json(view(&live)))
}

fn view(live: &Live) -> BannerView {
    let banner = live.banner_text();
    BannerView {
        waits: banner.is_some() && live.status() == SessionStatus::Pending,
        banner: banner.unwrap_or_default(),
        text: live.banner().map(str::to_owned),
        public_key: live.public_key().map(str::to_owned),
        name: live.name().map(str::to_owned),
    }
}
