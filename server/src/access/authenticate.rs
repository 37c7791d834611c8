use axum::http::{HeaderMap, header};
use time::OffsetDateTime;

use super::{AuthType, ClientAddress, Credential, Identity, Role, hash_token, sign_in_cookie};
use crate::App;
use crate::api::ApiError;
use crate::store::{ApiKey, Store, StoreError};

const WRONG_ADDRESS: &str = "This API key may not be used from your address.";
/// How the subject of an API key begins.
const API_KEY_SUBJECT: &str = "api_key:";

/// What a request shows to say who it is.
enum Shown<'a> {
    /// `Authorization: Bearer` or `X-API-Key`.
    Key(&'a str),
    /// The sign-in cookie.
    Cookie(&'a str),
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
    let key = match shown {
        Shown::Key(secret) => key_behind_secret(app, secret, client).await?,
        Shown::Cookie(value) => key_behind_cookie(&app.store, value).await?,
    };
    let (key, credential) = key.ok_or_else(ApiError::unauthenticated)?;
    if !is_allowed_from(&key, client) {
        return Err(ApiError::forbidden(WRONG_ADDRESS));
    }
    Ok(Some(identity_of(&key, credential)))
}

/// The identity behind an API key that somebody signs in with.
///
/// # Errors
/// As [`authenticate`].
pub async fn authenticate_key(
    app: &App,
    secret: &str,
    client: ClientAddress,
) -> Result<ApiKey, ApiError> {
    let found = key_behind_secret(app, secret, client).await?;
    let (key, _) = found.ok_or_else(ApiError::unauthenticated)?;
    if !is_allowed_from(&key, client) {
        return Err(ApiError::forbidden(WRONG_ADDRESS));
    }
    Ok(key)
}

/// The identity behind a credential now: `None` once it is revoked, expired or signed out.
/// For tickets, and for sockets that outlive the request that opened them.
///
/// # Errors
/// Those of the database.
pub async fn identity_behind(
    store: &Store,
    credential: Credential,
) -> Result<Option<Identity>, StoreError> {
    let key = match credential {
        Credential::ApiKey(id) => store.api_key(id).await?,
        Credential::SignIn(id) => match store.sign_in(id).await? {
            Some(sign_in) => store.api_key(sign_in.api_key_id).await?,
            None => None,
        },
    };
    Ok(live(key).map(|key| identity_of(&key, credential)))
}

/// Looks an identity up again, see [`identity_behind`].
///
/// # Errors
/// Those of the database.
pub async fn still_valid(
    store: &Store,
    identity: &Identity,
) -> Result<Option<Identity>, StoreError> {
    identity_behind(store, identity.credential).await
}

/// Whether the owner of rows, by its [`Identity::subject`], still has access.
///
/// # Errors
/// Those of the database.
pub async fn subject_has_access(store: &Store, subject: &str) -> Result<bool, StoreError> {
    let key = subject.strip_prefix(API_KEY_SUBJECT).and_then(|id| id.parse().ok());
    match key {
        Some(id) => Ok(live(store.api_key(id).await?).is_some()),
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
        let bearer = scheme.eq_ignore_ascii_case("bearer").then_some(Shown::Key(key.trim()));
        return bearer.map(Some).ok_or_else(ApiError::unauthenticated);
    }
    if let Some(value) = headers.get("x-api-key") {
        return Ok(Some(Shown::Key(value.to_str().map_err(unreadable)?.trim())));
    }
    Ok(sign_in_cookie(headers, &app.config.server).map(Shown::Cookie))
}

/// The live key with that secret. Failures count against the address.
///
/// # Errors
/// 429 for an address that failed too often, before anything is looked up.
async fn key_behind_secret(
    app: &App,
    secret: &str,
    client: ClientAddress,
) -> Result<Option<(ApiKey, Credential)>, ApiError> {
    if let Some(wait) = app.brake.wait(client.ip) {
        return Err(ApiError::too_many(wait, "Too many failed sign-ins from this address."));
    }
    let key = live(app.store.api_key_by_hash(&hash_token(secret)).await?);
    if key.is_none() {
        app.brake.failed(client.ip);
    }
    Ok(key.map(|key| {
        let credential = Credential::ApiKey(key.id);
        (key, credential)
    }))
}

/// The live key that a browser signed in with. A cookie that is over does not count as a
/// failure: several open tabs would lock their own user out.
async fn key_behind_cookie(
    store: &Store,
    cookie: &str,
) -> Result<Option<(ApiKey, Credential)>, StoreError> {
    let Some(sign_in) = store.sign_in_by_hash(&hash_token(cookie)).await? else { return Ok(None) };
    let key = live(store.api_key(sign_in.api_key_id).await?);
    Ok(key.map(|key| (key, Credential::SignIn(sign_in.id))))
}

fn live(key: Option<ApiKey>) -> Option<ApiKey> {
    key.filter(|key| key.is_live(OffsetDateTime::now_utc()))
}

fn is_allowed_from(key: &ApiKey, client: ClientAddress) -> bool {
    key.allowed_networks.is_empty()
        || key.allowed_networks.iter().any(|network| network.contains(&client.ip))
}

fn identity_of(key: &ApiKey, credential: Credential) -> Identity {
    Identity {
        subject: format!("{API_KEY_SUBJECT}{}", key.id),
        name: key.name.clone(),
        email: None,
        role: Role::Admin,
        groups: Vec::new(),
        auth_type: AuthType::ApiKey,
        credential,
    }
}
