use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use time::OffsetDateTime;
use uuid::Uuid;

use super::identity::{API_KEY_SUBJECT, USER_SUBJECT};
use super::{
    AuthType, ClientAddress, Credential, Identity, Role, USER_TOKEN_PREFIX, hash_token,
    sign_in_cookie,
};
use crate::App;
use crate::api::ApiError;
use crate::audit::{Action, Event};
use crate::store::{ApiKey, SignIn, SignInHolder, Store, StoreError, User, UserToken};

const WRONG_ADDRESS: &str = "This API key may not be used from your address.";

/// What a request shows to say who it is.
enum Shown<'a> {
    /// `Authorization: Bearer` or `X-API-Key`.
    Secret(&'a str),
    /// The sign-in cookie.
    Cookie(&'a str),
}

/// Somebody whose credential is good, and the networks it is good from (none: all).
struct Found {
    identity: Identity,
    networks: Vec<IpNet>,
}

/// The caller's identity, or `None` if the request shows no credential.
///
/// # Errors
/// 429 for an address that failed too often, before anything is looked up; 401 for a
/// credential that is not good, whatever is wrong with it; 403 for a key that may not be
/// used from this address.
pub async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Option<Identity>, ApiError> {
    let Some(shown) = shown(headers, app)? else { return Ok(None) };
    let found = match shown {
        Shown::Secret(secret) => behind_secret(app, secret, client).await?,
        Shown::Cookie(value) => behind_cookie(&app.store, value).await?,
    };
    admit(found, client).map(Some)
}

/// The id of the API key that somebody signs in with.
///
/// # Errors
/// As [`authenticate`].
pub async fn authenticate_key(
    app: &App,
    secret: &str,
    client: ClientAddress,
) -> Result<Uuid, ApiError> {
    refuse_braked(app, client)?;
    let key = app.store.api_key_by_hash(&hash_token(secret)).await?;
    let id = key.as_ref().map(|key| key.id);
    let found = live_key(key);
    if found.is_none() {
        app.brake.failed(client.ip);
    }
    admit(found, client)?;
    id.ok_or_else(ApiError::unauthenticated)
}

/// The identity behind a credential now: `None` once it is revoked, expired, disabled or
/// signed out. For tickets, and for sockets that outlive the request that opened them.
///
/// # Errors
/// Those of the database.
pub async fn identity_behind(
    store: &Store,
    credential: Credential,
) -> Result<Option<Identity>, StoreError> {
    let found = match credential {
        Credential::ApiKey(id) => live_key(store.api_key(id).await?),
        Credential::SignIn(id) => store.sign_in(id).await?.and_then(of_sign_in),
        Credential::UserToken(id) => {
            let found = store.user_token(id).await?;
            found.and_then(|(token, user)| of_token(&token, user))
        }
    };
    Ok(found.map(|found| found.identity))
}

/// Looks an identity up again: `None` also where its role is less than it was.
///
/// # Errors
/// Those of the database.
pub async fn still_valid(
    store: &Store,
    identity: &Identity,
) -> Result<Option<Identity>, StoreError> {
    let now = identity_behind(store, identity.credential).await?;
    Ok(now.filter(|now| now.role >= identity.role))
}

/// Whether the owner of sessions, by its [`Identity::subject`], may still have any.
///
/// # Errors
/// Those of the database.
pub async fn subject_has_access(store: &Store, subject: &str) -> Result<bool, StoreError> {
    if let Some(id) = subject.strip_prefix(USER_SUBJECT).and_then(|id| id.parse().ok()) {
        let user = store.user(id).await?;
        let may = |user: User| user.disabled_at.is_none() && user.role >= Role::Operator;
        return Ok(user.is_some_and(may));
    }
    match subject.strip_prefix(API_KEY_SUBJECT).and_then(|id| id.parse().ok()) {
        Some(id) => Ok(live_key(store.api_key(id).await?).is_some()),
        None => Ok(false),
    }
}

fn shown<'a>(headers: &'a HeaderMap, app: &App) -> Result<Option<Shown<'a>>, ApiError> {
    let unreadable = |_| ApiError::unauthenticated();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, key) = value
            .to_str()
            .map_err(unreadable)?
            .split_once(' ')
            .ok_or_else(ApiError::unauthenticated)?;
        let bearer = scheme.eq_ignore_ascii_case("bearer").then_some(Shown::Secret(key.trim()));
        return bearer.map(Some).ok_or_else(ApiError::unauthenticated);
    }
    if let Some(value) = headers.get("x-api-key") {
        return Ok(Some(Shown::Secret(value.to_str().map_err(unreadable)?.trim())));
    }
    Ok(sign_in_cookie(headers, &app.config.server).map(Shown::Cookie))
}

fn admit(found: Option<Found>, client: ClientAddress) -> Result<Identity, ApiError> {
    let Found { identity, networks } = found.ok_or_else(ApiError::unauthenticated)?;
    if networks.is_empty() || networks.iter().any(|network| network.contains(&client.ip)) {
        Ok(identity)
    } else {
        Err(ApiError::forbidden(WRONG_ADDRESS))
    }
}

fn refuse_braked(app: &App, client: ClientAddress) -> Result<(), ApiError> {
    let refused = |wait| ApiError::too_many(wait, "Too many failed sign-ins from this address.");
    app.brake.wait(client.ip).map_or(Ok(()), |wait| Err(refused(wait)))
}

/// Who shows that key or token; one look-up. Failures count against the address.
async fn behind_secret(
    app: &App,
    secret: &str,
    client: ClientAddress,
) -> Result<Option<Found>, ApiError> {
    refuse_braked(app, client)?;
    let hash = hash_token(secret);
    let found = if secret.starts_with(USER_TOKEN_PREFIX) {
        behind_token(app, &hash, client).await?
    } else {
        live_key(app.store.api_key_by_hash(&hash).await?)
    };
    if found.is_none() {
        app.brake.failed(client.ip);
    }
    Ok(found)
}

async fn behind_token(
    app: &App,
    hash: &str,
    client: ClientAddress,
) -> Result<Option<Found>, ApiError> {
    let Some((token, user)) = app.store.user_token_by_hash(hash).await? else { return Ok(None) };
    let now = OffsetDateTime::now_utc();
    let Some(why) = token.fault(now).or(user.disabled_at.map(|_| "the user is disabled")) else {
        app.token_uses.note(&token, now);
        return Ok(of_token(&token, user));
    };
    let event = Event::new(Action::TokenRefused).from(client.ip);
    let event = event.by_name(&Identity::subject_of_user(user.id), &user.name);
    let event = event.about("token", token.id, &token.name).concerning(user.email.as_deref());
    app.audit.refused(event.detail("why", why)).await;
    Ok(None)
}

/// Whom a browser acts as. A cookie that is over does not count as a failure: several open
/// tabs would lock their own user out.
async fn behind_cookie(store: &Store, cookie: &str) -> Result<Option<Found>, StoreError> {
    Ok(store.sign_in_by_hash(&hash_token(cookie)).await?.and_then(of_sign_in))
}

fn live_key(key: Option<ApiKey>) -> Option<Found> {
    key.and_then(|key| of_key(key, None))
}

fn of_sign_in(sign_in: SignIn) -> Option<Found> {
    let credential = Credential::SignIn(sign_in.id);
    match sign_in.holder {
        SignInHolder::ApiKey(key) => of_key(key, Some(credential)),
        SignInHolder::User(user) => of_user(user, AuthType::Oidc, credential),
    }
}

fn of_token(token: &UserToken, user: User) -> Option<Found> {
    if token.fault(OffsetDateTime::now_utc()).is_some() {
        return None;
    }
    let mut found = of_user(user, AuthType::Token, Credential::UserToken(token.id))?;
    let role = found.identity.role;
    found.identity.role = token.max_role.map_or(role, |most| role.min(most));
    Some(found)
}

fn of_user(user: User, auth_type: AuthType, credential: Credential) -> Option<Found> {
    let is_enabled = user.disabled_at.is_none();
    let identity = Identity::of_user(user, auth_type, credential);
    is_enabled.then_some(Found { identity, networks: Vec::new() })
}

/// A live key; without a sign-in it is its own credential.
fn of_key(key: ApiKey, sign_in: Option<Credential>) -> Option<Found> {
    if !key.is_live(OffsetDateTime::now_utc()) {
        return None;
    }
    let identity = Identity {
        subject: format!("{API_KEY_SUBJECT}{}", key.id),
        name: key.name,
        email: None,
        role: Role::Admin,
        groups: Vec::new(),
        auth_type: AuthType::ApiKey,
        credential: sign_in.unwrap_or(Credential::ApiKey(key.id)),
    };
    Some(Found { identity, networks: key.allowed_networks })
}
