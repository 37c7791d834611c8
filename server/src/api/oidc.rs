use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use time::OffsetDateTime;

use super::auth::new_sign_in;
use super::{ApiError, sign_in_pages as pages};
use crate::App;
use crate::access::oidc::{Answer, Flow, Oidc, OidcError, Person};
use crate::access::{
    AuthType, ClientAddress, Credential, Identity, Role, Told, flow_cookie, hash_token, own_path,
    set_flow_cookie, set_id_token_cookie,
};
use crate::audit::{Action, Event};
use crate::store::{Login, NewSignIn, User};

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LoginQuery {
    next: Option<String>,
}

/// Sends a browser to the identity provider to sign in there.
#[utoipa::path(get, path = "/auth/login", tag = "Access",
    params(("next" = Option<String>, Query,
        description = "Path of this site to go to afterwards; anything else becomes `/`.")),
    responses((status = 303, description = "To the provider, or to the login page where no \
            single sign-on is configured."),
        (status = 503, description = "A page: the provider does not answer.",
            content_type = "text/html", body = String)))]
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    query: Result<Query<LoginQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let next = query.map(|Query(query)| query.next.unwrap_or_default()).unwrap_or_default();
    let next = own_path(&next);
    let Some(oidc) = &app.oidc else { return Ok(Redirect::to(&login_page(next)).into_response()) };
    let departure = match oidc.begin().await {
        Ok(departure) => departure,
        Err(OidcError::Internal(error)) => return Err(error),
        Err(_) => return Ok(pages::provider_is_down(next)),
    };
    let expires_at = OffsetDateTime::now_utc() + oidc.flow_lifetime();
    let (flow, cookie_hash) = (departure.flow, hash_token(&departure.secret));
    app.store.add_oidc_flow(&flow.state_hash, &cookie_hash, next, expires_at).await?;
    let cookie = flow_header(&app, &flow, &departure.secret, oidc.flow_lifetime())?;
    Ok((cookie, Redirect::to(departure.url.as_str())).into_response())
}

/// Takes a browser back from the identity provider, and signs it in if the answer proves
/// who it is.
#[utoipa::path(get, path = "/auth/callback", tag = "Access",
    params(("code" = Option<String>, Query, description = "The provider's code."),
        ("state" = Option<String>, Query, description = "As it was sent."),
        ("iss" = Option<String>, Query, description = "The provider (RFC 9207)."),
        ("error" = Option<String>, Query, description = "Why the provider says no.")),
    responses((status = 303, description = "Signed in, on to where it began."),
        (status = 400, description = "A page: the answer proves nothing, or comes too late.",
            content_type = "text/html", body = String),
        (status = 403, description = "A page: this person may not sign in.",
            content_type = "text/html", body = String),
        (status = 503, description = "A page: the provider does not answer.",
            content_type = "text/html", body = String)))]
pub(super) async fn callback(
    State(app): State<Arc<App>>,
    client: ClientAddress,
    headers: HeaderMap,
    query: Result<Query<Answer>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    let answer = query.map(|Query(answer)| answer).unwrap_or_default();
    let Some(oidc) = &app.oidc else { return Ok(Redirect::to("/login").into_response()) };
    let Some((flow, secret, next)) = take_flow(&app, &headers, &answer).await? else {
        refused(&app, client, "unknown, used or late state").await;
        return Ok(pages::start_again("/"));
    };
    let reply = match oidc.complete(answer, &secret).await {
        Ok(person) => sign_in(&app, oidc, client, person, &next).await?,
        Err(OidcError::Internal(error)) => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "a sign-in was refused");
            refused(&app, client, reason(&error)).await;
            told(explain(&error, &next))
        }
    };
    Ok((flow_header(&app, &flow, "", Duration::ZERO)?, reply).into_response())
}

/// The flow that `answer` belongs to, if it began in this browser; it is used up.
async fn take_flow(
    app: &App,
    headers: &HeaderMap,
    answer: &Answer,
) -> Result<Option<(Flow, String, String)>, ApiError> {
    let Some(state) = &answer.state else { return Ok(None) };
    let flow = Flow::of(state);
    let secret = flow_cookie(headers, &flow.name, &app.config.server).map(str::to_owned);
    let Some(secret) = secret else { return Ok(None) };
    let next = app.store.take_oidc_flow(&flow.state_hash, &hash_token(&secret)).await?;
    Ok(next.map(|next| (flow, secret, next)))
}

async fn sign_in(
    app: &App,
    oidc: &Oidc,
    client: ClientAddress,
    person: Person,
    next: &str,
) -> Result<Response, ApiError> {
    let known = app.store.user_by_subject(&person.issuer, &person.subject).await?;
    if let Some(user) = known.as_ref().filter(|user| user.disabled_at.is_some()) {
        let event = Event::new(Action::SignInRefused).from(client.ip);
        let event = event.by_name(&Identity::subject_of_user(user.id), &user.name);
        app.audit.refused(event.detail("by", BY).detail("why", "the user is disabled")).await;
        return Ok(told(pages::disabled()));
    }
    let mapped_role = highest_mapped_role(app, &person.groups).await?;
    let login = Login {
        issuer: person.issuer,
        subject: person.subject,
        email: person.email,
        name: person.name,
        groups: person.groups,
        mapped_role,
        default_role: oidc.default_role(),
    };
    let lifetime = app.config.access.sign_in_lifetime;
    let hint = set_id_token_cookie(person.id_token.expose(), lifetime, &app.config.server);
    let hint = AppendHeaders(hint.map(|cookie| (header::SET_COOKIE, cookie)));
    let user = app.store.log_user_in(&login).await?;
    let (id, cookie) = new_sign_in(app, NewSignIn::User(user.id)).await?;
    tell_sign_in(app, client, &user, known.is_none(), Credential::SignIn(id)).await?;
    Ok((cookie, hint, Redirect::to(next)).into_response())
}

const BY: &str = "single sign-on";

async fn tell_sign_in(
    app: &App,
    client: ClientAddress,
    user: &User,
    is_new: bool,
    credential: Credential,
) -> Result<(), ApiError> {
    let who = Identity::of_user(user.clone(), AuthType::Oidc, credential);
    let event =
        |action| Event::new(action).by(&who).from(client.ip).detail("role", who.role.name());
    if is_new {
        let event = event(Action::UserCreate).about("user", user.id, &user.name);
        app.audit.record(event.concerning(user.email.as_deref())).await?;
    }
    Ok(app.audit.record(event(Action::SignIn).detail("by", BY)).await?)
}

/// The highest role that the mappings of these groups give.
async fn highest_mapped_role(app: &App, groups: &[String]) -> Result<Option<Role>, ApiError> {
    let mappings = app.store.group_mappings().await?;
    let matching = mappings.into_iter().filter(|mapping| groups.contains(&mapping.oidc_group));
    Ok(matching.map(|mapping| mapping.role).max())
}

async fn refused(app: &App, client: ClientAddress, why: &str) {
    let event = Event::new(Action::SignInRefused).from(client.ip);
    app.audit.refused(event.detail("by", BY).detail("why", why)).await;
}

fn told(mut refusal: Response) -> Response {
    refusal.extensions_mut().insert(Told);
    refusal
}

fn reason(error: &OidcError) -> &'static str {
    match error {
        OidcError::Unavailable(_) => "the provider does not answer",
        OidcError::Denied(_) => "the provider said no",
        OidcError::UnverifiedEmail => "the e-mail address is not verified",
        OidcError::Untrusted(_) | OidcError::Internal(_) => "the answer proves nothing",
    }
}

fn explain(error: &OidcError, next: &str) -> Response {
    match error {
        OidcError::Unavailable(_) => pages::provider_is_down(next),
        OidcError::Denied(_) => pages::denied(next),
        OidcError::UnverifiedEmail => pages::unverified_email(next),
        OidcError::Untrusted(_) | OidcError::Internal(_) => pages::start_again(next),
    }
}

/// The login page of this site, with where to go on.
fn login_page(next: &str) -> String {
    pages::with_next("/login", next)
}

fn flow_header(
    app: &App,
    flow: &Flow,
    value: &str,
    lifetime: Duration,
) -> Result<AppendHeaders<[(HeaderName, HeaderValue); 1]>, ApiError> {
    let cookie = set_flow_cookie(&flow.name, value, lifetime, &app.config.server);
    let cookie = cookie.ok_or_else(|| ApiError::internal("cookie is no header"))?;
    Ok(AppendHeaders([(header::SET_COOKIE, cookie)]))
}
