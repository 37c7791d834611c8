use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity, Role};
use crate::audit::{Action, Event};
use crate::store::{RoleSource, User};

/// Somebody who signs in by OpenID Connect.
#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    /// Stable id.
    id: Uuid,
    /// Who they are at the provider: with the issuer, the identity.
    subject: String,
    /// The provider that vouches for them.
    issuer: String,
    /// E-mail address, as the provider wrote it at the last sign-in.
    email: Option<String>,
    /// Name for people.
    name: String,
    /// What they may do.
    role: Role,
    /// Where the role comes from: `mapping`, `admin` or `default`.
    role_source: RoleSource,
    /// Groups of the provider at the last sign-in.
    groups: Vec<String>,
    /// Whether they may not sign in.
    disabled: bool,
    /// First sign-in.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Last sign-in.
    #[serde(with = "time::serde::rfc3339::option")]
    last_login_at: Option<OffsetDateTime>,
}

/// A role to be set by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// It holds at once, until a group mapping matches at a later sign-in.
    role: Role,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            subject: user.subject,
            issuer: user.issuer,
            email: user.email,
            name: user.name,
            role: user.role,
            role_source: user.role_source,
            groups: user.groups,
            disabled: user.disabled_at.is_some(),
            created_at: user.created_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// Lists everybody who has signed in by OpenID Connect.
#[utoipa::path(get, path = "/api/users", tag = "Users",
    responses((status = 200, description = "Oldest first.", body = Vec<UserView>)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<UserView>>, ApiError> {
    let users = app.store.users().await?;
    Ok(Json(users.into_iter().map(UserView::from).collect()))
}

/// Sets a user's role by hand. Sockets that were opened with a higher one are closed
/// at once.
#[utoipa::path(put, path = "/api/users/{email}/role", tag = "Users",
    params(("email" = String, Path, description = "E-mail address or id.")),
    request_body = NewRole,
    responses((status = 200, description = "It holds from now on.", body = UserView),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "Several users have the address: give the id. Or nobody \
            would be left who may manage Fanlight.")))]
pub(super) async fn set_role(
    State(app): State<Arc<App>>,
    admin: Admin,
    ApiPath(who): ApiPath<String>,
    ApiJson(new): ApiJson<NewRole>,
) -> Result<Json<UserView>, ApiError> {
    let user = find_user(&app, &who).await?;
    let Some(changed) = app.store.set_user_role(user.id, new.role).await? else {
        return Err(refused(&app, &user).await?);
    };
    let event = admin.event(Action::UserRole, &changed).detail("role", new.role.name());
    app.audit.record(event.detail("before", user.role.name())).await?;
    app.sessions.look_again().await;
    Ok(Json(changed.into()))
}

/// Removes a user: signed out everywhere, tokens revoked, sessions ended at once.
/// Who signs in again at the provider starts anew; to keep somebody out, disable them.
#[utoipa::path(delete, path = "/api/users/{email}", tag = "Users",
    params(("email" = String, Path, description = "E-mail address or id.")),
    responses((status = 204, description = "Removed."),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "Several users have the address: give the id. Or nobody \
            would be left who may manage Fanlight.")))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    admin: Admin,
    ApiPath(who): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let user = find_user(&app, &who).await?;
    if !app.store.delete_user(user.id).await? {
        return Err(refused(&app, &user).await?);
    }
    // Nobody else ever has this id: what cannot be removed now is of no use to anybody.
    if let Err(error) = app.book.forget_person(&Identity::subject_of_user(user.id)).await {
        tracing::warn!(%error, user = %user.id, "the credentials of a deleted user are still there");
    }
    app.audit.record(admin.event(Action::UserDelete, &user)).await?;
    app.sessions.look_again().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps a user out: no sign-in, no token, no session of theirs is good from now on.
/// Their sessions end at once.
#[utoipa::path(post, path = "/api/users/{email}/disable", tag = "Users",
    params(("email" = String, Path, description = "E-mail address or id.")),
    responses((status = 200, description = "Disabled.", body = UserView),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "Several users have the address: give the id. Or nobody \
            would be left who may manage Fanlight.")))]
pub(super) async fn disable(
    State(app): State<Arc<App>>,
    admin: Admin,
    ApiPath(who): ApiPath<String>,
) -> Result<Json<UserView>, ApiError> {
    let user = find_user(&app, &who).await?;
    let Some(disabled) = app.store.set_user_disabled(user.id, true).await? else {
        return Err(refused(&app, &user).await?);
    };
    app.store.delete_sign_ins_of(user.id).await?;
    app.audit.record(admin.event(Action::UserDisable, &user)).await?;
    app.sessions.look_again().await;
    Ok(Json(disabled.into()))
}

/// Lets a disabled user in again. They sign in anew; their tokens are good again.
#[utoipa::path(post, path = "/api/users/{email}/enable", tag = "Users",
    params(("email" = String, Path, description = "E-mail address or id.")),
    responses((status = 200, description = "Enabled.", body = UserView),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "Several users have the address: give the id.")))]
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    admin: Admin,
    ApiPath(who): ApiPath<String>,
) -> Result<Json<UserView>, ApiError> {
    let user = find_user(&app, &who).await?;
    let enabled = app.store.set_user_disabled(user.id, false).await?.ok_or_else(no_such_user)?;
    app.audit.record(admin.event(Action::UserEnable, &user)).await?;
    Ok(Json(enabled.into()))
}

/// Signs a user out of every browser; their sockets are closed at once. Tokens stay good.
#[utoipa::path(delete, path = "/api/users/{email}/sessions", tag = "Users",
    params(("email" = String, Path, description = "E-mail address or id.")),
    responses((status = 204, description = "Signed out everywhere."),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "Several users have the address: give the id.")))]
pub(super) async fn log_out_everywhere(
    State(app): State<Arc<App>>,
    admin: Admin,
    ApiPath(who): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let user = find_user(&app, &who).await?;
    let ended = app.store.delete_sign_ins_of(user.id).await?;
    app.audit.record(admin.event(Action::UserSignOut, &user).detail("browsers", ended)).await?;
    app.sessions.look_again().await;
    Ok(StatusCode::NO_CONTENT)
}

/// The one who changes users, for the audit log.
#[derive(FromRequestParts)]
pub(super) struct Admin {
    identity: Identity,
    client: ClientAddress,
}

impl Admin {
    fn event(&self, action: Action, user: &User) -> Event {
        let event = Event::new(action).by(&self.identity).from(self.client.ip);
        event.about("user", user.id, &user.name).concerning(user.email.as_deref())
    }
}

/// The user with that id or e-mail address.
pub(super) async fn find_user(app: &App, who: &str) -> Result<User, ApiError> {
    if let Ok(id) = who.parse() {
        return app.store.user(id).await?.ok_or_else(no_such_user);
    }
    if who.chars().any(char::is_control) {
        return Err(no_such_user());
    }
    let mut found = app.store.users_by_email(who).await?;
    if found.len() > 1 {
        let message = "Several users have this e-mail address. Name the one you mean by its id.";
        return Err(ApiError::conflict("ambiguous", message));
    }
    found.pop().ok_or_else(no_such_user)
}

/// Why a user was not changed: they are gone, or they are the last admin. The administration
/// can always be reached again at the command line, but nobody should find that out too late.
async fn refused(app: &App, user: &User) -> Result<ApiError, ApiError> {
    if app.store.user(user.id).await?.is_none() {
        return Ok(no_such_user());
    }
    Ok(ApiError::conflict(
        "last_admin",
        "This is the last admin, and there is no API key: nobody could manage Fanlight any more. \
         Make somebody else an admin first, or a key with `fanlight key add`.",
    ))
}

fn no_such_user() -> ApiError {
    ApiError::not_found("There is no such user.")
}
