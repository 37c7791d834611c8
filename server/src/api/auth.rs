use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use fanlight_core::Secret;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use super::one_time::Follower;
use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{
    ClientAddress, Credential, NewToken, authenticate, authenticate_key, clear_cookie, hash_token,
    id_token_cookie, identity_behind, is_foreign_write, set_cookie, set_id_token_cookie,
    sign_in_cookie,
};
use crate::audit::{Action, Event};
use crate::store::{NewSignIn, SignInHolder};

pub(super) type WithCookie = AppendHeaders<[(HeaderName, HeaderValue); 1]>;

/// How one signs in here, and what the site is called.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthStatus {
    /// Whether single sign-on is configured.
    oidc_enabled: bool,
    /// What the single sign-on is called on its button.
    oidc_name: Option<String>,
    /// Whether people may sign in by an API key.
    api_key_sign_in: bool,
    /// Title of the site.
    site_title: String,
    /// Accent colour of the site, `#rrggbb`.
    accent: Option<String>,
}

/// Tells how one signs in here.
#[utoipa::path(get, path = "/api/auth/status", tag = "Access",
    responses((status = 200, description = "How one signs in.", body = AuthStatus)))]
pub(super) async fn status(State(app): State<Arc<App>>) -> Json<AuthStatus> {
    let site = &app.config.site;
    let (site_title, accent) = (site.title.clone(), site.accent.clone());
    let oidc_name = app.config.oidc.as_ref().map(|oidc| oidc.label.clone());
    Json(AuthStatus {
        oidc_enabled: oidc_name.is_some(),
        oidc_name,
        api_key_sign_in: app.config.access.api_key_sign_in,
        site_title,
        accent,
    })
}

/// What a browser signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInRequest {
    /// An API key.
    #[schema(value_type = String, write_only, format = Password)]
    api_key: Secret<String>,
}

/// Signs a browser in by an API key; it acts as the key from then on.
#[utoipa::path(post, path = "/api/auth/sign-in", tag = "Access", request_body = SignInRequest,
    responses((status = 204, description = "Signed in; the cookie says so."),
        (status = 401, description = "The key is not good."),
        (status = 403, description = "People sign in by single sign-on only here.")))]
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    client: ClientAddress,
    headers: HeaderMap,
    ApiJson(request): ApiJson<SignInRequest>,
) -> Result<impl IntoResponse, ApiError> {
    if is_foreign_write(&axum::http::Method::POST, &headers, client, &app.config.server) {
        return Err(ApiError::forbidden("This request comes from a page of another site."));
    }
    if !app.config.access.api_key_sign_in {
        return Err(ApiError::forbidden(
            "People sign in by single sign-on here, not by an API key.",
        ));
    }
    let key = authenticate_key(&app, request.api_key.expose(), client).await?;
    tell_sign_in(&app, key, client, "API key").await?;
    let holder = NewSignIn::ApiKey(key);
    let (_, cookie) = new_sign_in(&app, holder).await?;
    Ok((StatusCode::NO_CONTENT, cookie))
}

/// Follows a one-time sign-in link, as `fanlight sign-in-link` prints it.
#[utoipa::path(get, path = "/sign-in/{token}", tag = "Access",
    params(("token" = String, Path, description = "The link's token.")),
    responses((status = 303, description = "To the start page, with the cookie; to the login page \
        where the link was used before or is over.")))]
pub(super) async fn follow_link(
    State(app): State<Arc<App>>,
    client: ClientAddress,
    _: Follower,
    ApiPath(token): ApiPath<String>,
) -> Result<impl IntoResponse, ApiError> {
    let Some(key) = app.store.take_sign_in_link(&hash_token(&token)).await? else {
        let refusal = Event::new(Action::SignInRefused).from(client.ip);
        app.audit.refused(refusal.detail("by", "one-time link")).await;
        return Ok(Redirect::to("/login?reason=link").into_response());
    };
    tell_sign_in(&app, key, client, "one-time link").await?;
    let (_, cookie) = new_sign_in(&app, NewSignIn::ApiKey(key)).await?;
    Ok((cookie, Redirect::to("/")).into_response())
}

/// Signs the browser out: here, on the server, and where it is offered at the identity
/// provider. Another site cannot send people here to sign them out.
#[utoipa::path(get, path = "/auth/logout", tag = "Access",
    responses((status = 303, description = "To the login page, without the cookie; by way of \
        the provider for those who came from there.")))]
pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    client: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Ok(Redirect::to("/").into_response());
    }
    let server = &app.config.server;
    let mut onward = None;
    if let Some(cookie) = sign_in_cookie(&headers, server) {
        if let Ok(Some(who)) = authenticate(&app, &headers, client).await {
            app.audit.record(Event::new(Action::SignOut).by(&who).from(client.ip)).await?;
        }
        let id_token = id_token_cookie(&headers, server);
        onward = end_sign_in(&app, &hash_token(cookie), id_token).await?;
    }
    let forget = [clear_cookie(server), set_id_token_cookie("", Duration::ZERO, server)];
    let forget = AppendHeaders(forget.into_iter().flatten().map(|it| (header::SET_COOKIE, it)));
    let onward = onward.as_ref().map_or("/login", Url::as_str);
    Ok((forget, Redirect::to(onward)).into_response())
}

/// Ends a sign-in; says where to go to end that at the provider too.
async fn end_sign_in(
    app: &App,
    cookie_hash: &str,
    id_token: Option<&str>,
) -> Result<Option<Url>, ApiError> {
    let sign_in = app.store.sign_in_by_hash(cookie_hash).await?;
    app.store.delete_sign_in(cookie_hash).await?;
    match (sign_in.map(|sign_in| sign_in.holder), &app.oidc) {
        (Some(SignInHolder::User(user)), Some(oidc)) => {
            Ok(oidc.sign_out_url(user.email.as_deref(), id_token).await)
        }
        _ => Ok(None),
    }
}

async fn tell_sign_in(
    app: &App,
    api_key: Uuid,
    client: ClientAddress,
    by: &str,
) -> Result<(), ApiError> {
    if let Some(who) = identity_behind(&app.store, Credential::ApiKey(api_key)).await? {
        let event = Event::new(Action::SignIn).by(&who).from(client.ip).detail("by", by);
        app.audit.record(event).await?;
    }
    Ok(())
}

/// Makes a sign-in: its id, and the cookie for the browser.
pub(super) async fn new_sign_in(
    app: &App,
    holder: NewSignIn,
) -> Result<(Uuid, WithCookie), ApiError> {
    let token = NewToken::generate("")?;
    let lifetime = app.config.access.sign_in_lifetime;
    let expires_at = OffsetDateTime::now_utc() + lifetime;
    let id = app.store.add_sign_in(&token.hash, holder, expires_at).await?;
    let cookie = set_cookie(token.secret.expose(), lifetime, &app.config.server)
        .ok_or_else(|| ApiError::internal("cookie is no header"))?;
    Ok((id, AppendHeaders([(header::SET_COOKIE, cookie)])))
}
