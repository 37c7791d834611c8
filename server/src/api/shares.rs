use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fanlight_core::FieldError;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::audit::{Action, Event};
use crate::sessions::{Live, PersonView, ShareMode, ShareRequest};
use crate::store::ShareRow;

const LONGEST_LABEL: usize = 100;
/// Seconds that a share may be good.
const LIFETIME: std::ops::RangeInclusive<u64> = 60..=31_536_000;

/// A share to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewShare {
    /// What its bearer may do; `view` unless given.
    #[serde(default)]
    mode: ShareMode,
    /// For whom it is: shown to those who are there until its bearer's own name is known.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    label: Option<String>,
    /// Seconds that it is good; as long as the session unless given.
    #[serde(default)]
    #[schema(minimum = 60, maximum = 31_536_000)]
    expires_in: Option<u64>,
}

/// A share of a session.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareView {
    /// Its id.
    share_id: Uuid,
    /// What its bearer may do.
    mode: ShareMode,
    /// For whom it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Name of its maker.
    created_by: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it ends by itself, at the latest: it ends with the session in any case.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// A share that was just made: the only time that its path is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedShare {
    #[serde(flatten)]
    share: ShareView,
    /// Path of the session's page, with the share token.
    share_url: String,
}

/// What somebody may do from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMode {
    /// `interact` hands them keyboard and mouse, `view` takes these back.
    mode: ShareMode,
}

impl From<ShareRow> for ShareView {
    fn from(row: ShareRow) -> Self {
        Self {
            share_id: row.id,
            mode: row.mode,
            label: row.label,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

impl NewShare {
    fn check(self) -> Result<ShareRequest, ApiError> {
        let mut errors = Vec::new();
        if self.expires_in.is_some_and(|seconds| !LIFETIME.contains(&seconds)) {
            let (least, most) = (LIFETIME.start(), LIFETIME.end());
            errors.push(FieldError::new("expires_in", format!("must be {least}-{most} seconds")));
        }
        let fits = |label: &String| {
            (1..=LONGEST_LABEL).contains(&label.chars().count())
                && !label.chars().any(char::is_control)
        };
        if !self.label.as_ref().is_none_or(fits) {
            let expected = format!("must have 1-{LONGEST_LABEL} characters, none of control");
            errors.push(FieldError::new("label", expected));
        }
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        let lifetime = self.expires_in.map(Duration::from_secs);
        Ok(ShareRequest { mode: self.mode, label: self.label, lifetime })
    }
}

/// Lists the live shares of a session, without their tokens. For its owner and admins.
#[utoipa::path(get, path = "/api/sessions/{id}/shares", tag = "Shares",
    params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 200, description = "The oldest first.", body = Vec<ShareView>),
        (status = 404, description = "There is no such session."),
        (status = 409, description = "It has ended.")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Json<Vec<ShareView>>, ApiError> {
    let shares = app.sessions.shares(&identity, id).await?;
    Ok(Json(shares.into_iter().map(ShareView::from).collect()))
}

/// Makes a share of a session: a link for somebody who has no access of their own. For its
/// owner and admins.
#[utoipa::path(post, path = "/api/sessions/{id}/shares", tag = "Shares",
    params(("id" = Uuid, Path, description = "The session.")), request_body = NewShare,
    responses((status = 201, description = "The only time that its path is shown.",
            body = CreatedShare),
        (status = 404, description = "There is no such session."),
        (status = 409, description = "It has ended, or has 100 live shares.")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<Uuid>,
    ApiJson(new): ApiJson<NewShare>,
) -> Result<(StatusCode, Json<CreatedShare>), ApiError> {
    let (row, share_url) = app.sessions.share(&identity, id, new.check()?).await?;
    if let Some(live) = app.sessions.find(id) {
        let event = event(Action::ShareCreate, &identity, client, &live);
        let event = event.detail("share_id", row.id).detail("mode", row.mode.as_str());
        app.audit.note(event.detail("label", row.label.as_deref().unwrap_or_default())).await;
    }
    Ok((StatusCode::CREATED, Json(CreatedShare { share: row.into(), share_url })))
}

/// Takes a share back. Those who came by it leave at once.
#[utoipa::path(delete, path = "/api/sessions/{id}/shares/{share}", tag = "Shares",
    params(("id" = Uuid, Path, description = "The session."),
        ("share" = Uuid, Path, description = "The share.")),
    responses((status = 204, description = "No longer good."),
        (status = 404, description = "There is no such session, or it has no such share."),
        (status = 409, description = "The session has ended, and its shares with it.")))]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((id, share)): ApiPath<(Uuid, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let live = app.sessions.revoke_share(&identity, id, share).await?;
    let event = event(Action::ShareRevoke, &identity, client, &live);
    app.audit.note(event.detail("share_id", share)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands keyboard and mouse to somebody who is there, or takes them back. The owner may
/// always type.
#[utoipa::path(put, path = "/api/sessions/{id}/viewers/{viewer}", tag = "Shares",
    params(("id" = Uuid, Path, description = "The session."),
        ("viewer" = Uuid, Path, description = "Who: `viewer_id` of the session's `viewers`.")),
    request_body = NewMode,
    responses((status = 200, description = "It holds from now on.", body = PersonView),
        (status = 404, description = "There is no such session, or they have left."),
        (status = 409, description = "The session has ended, or they own it.")))]
pub(super) async fn set_mode(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((id, viewer)): ApiPath<(Uuid, Uuid)>,
    ApiJson(new): ApiJson<NewMode>,
) -> Result<Json<PersonView>, ApiError> {
    let (live, person) = app.sessions.set_mode(&identity, id, viewer, new.mode).await?;
    let event = event(Action::SessionControl, &identity, client, &live);
    let event = event.detail("viewer", &person.name).detail("mode", new.mode.as_str());
    app.audit.note(event).await;
    Ok(Json(person))
}

/// Sends somebody away who came by a share or watches. Their share stays good: revoke it to
/// keep them out.
#[utoipa::path(delete, path = "/api/sessions/{id}/viewers/{viewer}", tag = "Shares",
    params(("id" = Uuid, Path, description = "The session."),
        ("viewer" = Uuid, Path, description = "Who: `viewer_id` of the session's `viewers`.")),
    responses((status = 204, description = "They are told, and gone."),
        (status = 404, description = "There is no such session, or they have left."),
        (status = 409, description = "The session has ended, or they own it.")))]
pub(super) async fn dismiss(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((id, viewer)): ApiPath<(Uuid, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let (live, person) = app.sessions.dismiss(&identity, id, viewer).await?;
    let event = event(Action::SessionDismiss, &identity, client, &live);
    app.audit.note(event.detail("viewer", &person.name)).await;
    Ok(StatusCode::NO_CONTENT)
}

fn event(action: Action, who: &Identity, client: ClientAddress, live: &Live) -> Event {
    Event::new(action).by(who).from(client.ip).about("session", live.id, &live.label())
}
