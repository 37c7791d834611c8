use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fanlight_core::FieldError;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::find_user;
use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Credential, Identity, NewToken, Role};
use crate::audit::{Action, Event};
use crate::store::{NewUserToken, StoreError, User, UserToken};

const LONGEST_NAME: usize = 100;

/// A token to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// For lists; unique among one's live tokens.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The role that it does not go beyond. Without it: the user's role at the time.
    #[serde(default)]
    max_role: Option<Role>,
    /// When it ends. Without it: never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// A token to be, of any user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTokenRequest {
    /// E-mail address or id of the user.
    email: String,
    /// For lists; unique among the user's live tokens.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The role that it does not go beyond. Without it: the user's role at the time.
    #[serde(default)]
    max_role: Option<Role>,
    /// When it ends. Without it: never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// A token that was just made: the only time that it is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedToken {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// The token itself.
    token: String,
    /// The role that it does not go beyond.
    max_role: Option<Role>,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

/// What is known of a token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// The role that it does not go beyond.
    max_role: Option<Role>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    /// When it was last used, to the minute.
    #[serde(with = "time::serde::rfc3339::option")]
    last_used_at: Option<OffsetDateTime>,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    revoked_at: Option<OffsetDateTime>,
}

/// What is known of a token and of whose it is.
#[derive(Serialize, ToSchema)]
pub(super) struct UserTokenView {
    #[serde(flatten)]
    token: TokenView,
    /// Whose it is.
    user_id: Uuid,
    /// Their e-mail address.
    user_email: Option<String>,
    /// Their name.
    user_name: String,
}

impl From<UserToken> for TokenView {
    fn from(token: UserToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            max_role: token.max_role,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

impl From<(UserToken, User)> for UserTokenView {
    fn from((token, user): (UserToken, User)) -> Self {
        let (user_id, user_email, user_name) = (user.id, user.email, user.name);
        Self { token: token.into(), user_id, user_email, user_name }
    }
}

/// Makes a token for the caller. Made with a token, it goes beyond neither its role nor its
/// end, and ends with it. An API key is nobody's and can make none: 403.
#[utoipa::path(post, path = "/api/me/tokens", tag = "Tokens", request_body = TokenRequest,
    responses((status = 201, description = "The only time that it is shown.", body = CreatedToken),
        (status = 409, description = "A live token has this name.")))]
pub(super) async fn create_own(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiJson(request): ApiJson<TokenRequest>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let user = app.store.user(user_of(&identity)?).await?.ok_or_else(ApiError::unauthenticated)?;
    make(&app, (&identity, client), &user, request).await
}

/// Lists the caller's tokens, without their secrets. An API key is nobody's and has none.
#[utoipa::path(get, path = "/api/me/tokens", tag = "Tokens",
    responses((status = 200, description = "The newest first; empty for an API key.",
        body = Vec<TokenView>)))]
pub(super) async fn list_own(
    State(app): State<Arc<App>>,
    identity: Identity,
) -> Result<Json<Vec<TokenView>>, ApiError> {
    let Some(user) = identity.user() else { return Ok(Json(Vec::new())) };
    let tokens = app.store.user_tokens_of(user).await?;
    Ok(Json(tokens.into_iter().map(TokenView::from).collect()))
}

/// Revokes one of the caller's tokens, and those that were made with it.
#[utoipa::path(delete, path = "/api/me/tokens/{id}", tag = "Tokens",
    params(("id" = i64, Path, description = "The token.")),
    responses((status = 204, description = "No longer good."),
        (status = 404, description = "The caller has no such live token.")))]
pub(super) async fn revoke_own(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    let user = user_of(&identity)?;
    revoke(&app, (&identity, client), id, Some(user)).await
}

/// Makes a token for any user.
#[utoipa::path(post, path = "/api/admin/user-tokens", tag = "Tokens",
    request_body = UserTokenRequest,
    responses((status = 201, description = "The only time that it is shown.", body = CreatedToken),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "A live token of the user has this name, or several users \
            have the address: give the id.")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiJson(request): ApiJson<UserTokenRequest>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let UserTokenRequest { email, name, max_role, expires_at } = request;
    let user = find_user(&app, &email).await?;
    make(&app, (&identity, client), &user, TokenRequest { name, max_role, expires_at }).await
}

/// Lists the tokens of all users, without their secrets.
#[utoipa::path(get, path = "/api/admin/user-tokens", tag = "Tokens",
    responses((status = 200, description = "The newest first.", body = Vec<UserTokenView>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
) -> Result<Json<Vec<UserTokenView>>, ApiError> {
    let tokens = app.store.user_tokens().await?;
    Ok(Json(tokens.into_iter().map(UserTokenView::from).collect()))
}

/// Revokes any token, and those that were made with it.
#[utoipa::path(delete, path = "/api/admin/user-tokens/{id}", tag = "Tokens",
    params(("id" = i64, Path, description = "The token.")),
    responses((status = 204, description = "No longer good."),
        (status = 404, description = "There is no such live token.")))]
pub(super) async fn revoke_any(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    revoke(&app, (&identity, client), id, None).await
}

fn user_of(identity: &Identity) -> Result<Uuid, ApiError> {
    let refusal = || ApiError::forbidden("Only people who sign in by single sign-on have tokens.");
    identity.user().ok_or_else(refusal)
}

async fn make(
    app: &App,
    (maker, client): (&Identity, ClientAddress),
    user: &User,
    request: TokenRequest,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let parent = parent_of(app, maker).await?;
    let (max_role, expires_at) = check(&request, user, parent.as_ref())?;
    let token = NewToken::generate_for_user()?;
    let new = NewUserToken {
        user_id: user.id,
        name: request.name,
        token_hash: token.hash,
        max_role,
        expires_at,
        parent_id: parent.map(|parent| parent.id),
    };
    let kept = app.store.add_user_token(&new).await.map_err(|error| match error {
        StoreError::Conflict => {
            ApiError::conflict("token_exists", "A token has this name already.")
        }
        other => other.into(),
    })?;
    let event = tell(Action::TokenCreate, (maker, client), &kept, user.email.as_deref());
    let event = event.detail("max_role", kept.max_role.map_or("any", Role::name));
    app.audit.record(event).await?;
    let UserToken { id, name, max_role, expires_at, .. } = kept;
    let token = token.secret.expose().clone();
    Ok((StatusCode::CREATED, Json(CreatedToken { id, name, token, max_role, expires_at })))
}

/// The token that the caller shows, if it is one.
async fn parent_of(app: &App, maker: &Identity) -> Result<Option<UserToken>, ApiError> {
    let Credential::UserToken(id) = maker.credential else { return Ok(None) };
    let (parent, _) = app.store.user_token(id).await?.ok_or_else(ApiError::unauthenticated)?;
    Ok(Some(parent))
}

/// The role and the end of a token, within those of its user and of the token that it is
/// made with.
fn check(
    request: &TokenRequest,
    user: &User,
    parent: Option<&UserToken>,
) -> Result<(Option<Role>, Option<OffsetDateTime>), ApiError> {
    let mut errors = Vec::new();
    let length = request.name.chars().count();
    let blank = request.name.trim().is_empty() || request.name.chars().any(char::is_control);
    if blank || !(1..=LONGEST_NAME).contains(&length) {
        errors.push(FieldError::new("name", format!("must be 1 to {LONGEST_NAME} characters")));
    }
    let most = parent.and_then(|parent| parent.max_role);
    let max_role = request.max_role.or(most);
    if request.max_role.is_some_and(|asked| asked > most.unwrap_or(user.role).min(user.role)) {
        let message = "must not be above the user's role, nor that of the token it is made with";
        errors.push(FieldError::new("max_role", message));
    }
    let last = parent.and_then(|parent| parent.expires_at);
    let asked = request.expires_at.as_deref().map(read_end).transpose();
    let asked = asked.map_err(|error| errors.push(error)).ok().flatten();
    if asked.zip(last).is_some_and(|(asked, last)| asked > last) {
        let message = "must not be later than the end of the token it is made with";
        errors.push(FieldError::new("expires_at", message));
    }
    if errors.is_empty() { Ok((max_role, asked.or(last))) } else { Err(ApiError::invalid(errors)) }
}

fn read_end(text: &str) -> Result<OffsetDateTime, FieldError> {
    let end = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| FieldError::new("expires_at", "must be a time like 2027-01-01T00:00:00Z"))?;
    if end <= OffsetDateTime::now_utc() {
        return Err(FieldError::new("expires_at", "must be in the future"));
    }
    Ok(end.to_offset(time::UtcOffset::UTC))
}

async fn revoke(
    app: &App,
    by: (&Identity, ClientAddress),
    id: i64,
    user: Option<Uuid>,
) -> Result<StatusCode, ApiError> {
    let revoked = app.store.revoke_user_token(id, user).await?;
    for token in &revoked {
        let owner = app.store.user(token.user_id).await?;
        let email = owner.as_ref().and_then(|user| user.email.as_deref());
        app.audit.record(tell(Action::TokenRevoke, by, token, email)).await?;
    }
    if revoked.is_empty() {
        return Err(ApiError::not_found("There is no such live token."));
    }
    app.sessions.look_again().await;
    Ok(StatusCode::NO_CONTENT)
}

fn tell(
    action: Action,
    (who, client): (&Identity, ClientAddress),
    token: &UserToken,
    email: Option<&str>,
) -> Event {
    let event = Event::new(action).by(who).from(client.ip);
    event.about("token", token.id, &token.name).concerning(email)
}
