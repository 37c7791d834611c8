use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fanlight_core::{Endpoint, FieldError, Hostname};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::audit::{Action, Event};
use crate::hops::SSH_PORT;
use crate::sessions::{endpoint_name, known_name};
use crate::store::KnownHostKey;

/// The host key that belongs to a target.
#[derive(Serialize, ToSchema)]
pub(super) struct HostKeyView {
    /// `host:port`, and the jump hosts before it: `10.0.0.5:22 via bastion:22, inner:22`.
    endpoint: String,
    /// OpenSSH public key line without comment.
    public_key: String,
    /// As OpenSSH prints it: `SHA256:...`.
    fingerprint: String,
    /// When it was first seen or entered.
    #[serde(with = "time::serde::rfc3339")]
    added_at: OffsetDateTime,
}

/// A host key that is known from elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHostKey {
    /// Name or address of the target.
    hostname: String,
    /// Its port.
    port: u16,
    /// OpenSSH public key line, as in `/etc/ssh/ssh_host_*.pub`.
    public_key: String,
    /// The jump hosts before it, in order, where it is reached through some.
    #[serde(default)]
    via: Vec<Place>,
}

/// A jump host on the way to a target.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Name or address.
    hostname: String,
    /// Its port, 22 if left out.
    port: Option<u16>,
}

impl From<KnownHostKey> for HostKeyView {
    fn from(key: KnownHostKey) -> Self {
        let KnownHostKey { endpoint, public_key, fingerprint, added_at } = key;
        Self { endpoint, public_key, fingerprint, added_at }
    }
}

/// Lists the host keys of targets that are known.
#[utoipa::path(get, path = "/api/admin/host-keys", tag = "Host keys",
    responses((status = 200, description = "By endpoint.", body = Vec<HostKeyView>)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<HostKeyView>>, ApiError> {
    let keys = app.store.host_keys().await?;
    Ok(Json(keys.into_iter().map(HostKeyView::from).collect()))
}

/// Enters the host key of a target.
#[utoipa::path(post, path = "/api/admin/host-keys", tag = "Host keys",
    request_body = NewHostKey,
    responses((status = 201, description = "It is known from now on.", body = HostKeyView),
        (status = 409, description = "The target has another key already: remove that first.")))]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiJson(new): ApiJson<NewHostKey>,
) -> Result<(StatusCode, Json<HostKeyView>), ApiError> {
    let key = check(&new)?;
    let known = app.store.learn_host_key(&key).await?;
    if known.public_key != key.public_key {
        return Err(ApiError::conflict(
            "another_key",
            "This target has another key already. Remove it first.",
        ));
    }
    let event = Event::new(Action::HostKeyAdd).by(&identity).from(client.ip);
    let event = event.about("host_key", &known.endpoint, &known.endpoint);
    app.audit.record(event.detail("fingerprint", &known.fingerprint)).await?;
    Ok((StatusCode::CREATED, Json(known.into())))
}

/// Forgets the host key of a target, so that a new one can be trusted.
#[utoipa::path(delete, path = "/api/admin/host-keys/{endpoint}", tag = "Host keys",
    params(("endpoint" = String, Path, description = "`host:port`, as the list shows it.")),
    responses((status = 204, description = "It is forgotten."),
        (status = 404, description = "No key is known for it.")))]
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(endpoint): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    // No endpoint holds such, and PostgreSQL takes no NUL.
    let is_name = !endpoint.chars().any(char::is_control);
    if !is_name || !app.store.forget_host_key(&endpoint).await? {
        return Err(ApiError::not_found("No host key is known for this target."));
    }
    let event = Event::new(Action::HostKeyForget).by(&identity).from(client.ip);
    app.audit.record(event.about("host_key", &endpoint, &endpoint)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(new: &NewHostKey) -> Result<KnownHostKey, ApiError> {
    let mut errors = Vec::new();
    let mut via = Vec::new();
    for (index, place) in new.via.iter().enumerate() {
        match place.hostname.parse::<Hostname>() {
            Ok(host) => {
                via.push(endpoint_name(&Endpoint::Tcp(host, place.port.unwrap_or(SSH_PORT))))
            }
            Err(e) => errors.push(FieldError::new(format!("via[{index}].hostname"), e.to_string())),
        }
    }
    let host = new.hostname.parse::<Hostname>();
    let host = host.map_err(|e| errors.push(FieldError::new("hostname", e.to_string()))).ok();
    if new.port == 0 {
        errors.push(FieldError::new("port", "must be 1-65535"));
    }
    let key = read_public_key(&new.public_key);
    if key.is_none() {
        errors.push(FieldError::new("public_key", "must be an OpenSSH public key line"));
    }
    match (host, key) {
        (Some(host), Some((public_key, fingerprint))) if errors.is_empty() => Ok(KnownHostKey {
            endpoint: known_name(&Endpoint::Tcp(host, new.port), &via.join(", ")),
            public_key,
            fingerprint,
            added_at: OffsetDateTime::now_utc(),
        }),
        _ => Err(ApiError::invalid(errors)),
    }
}

/// The line without its comment, and the key's fingerprint (RFC 4253 section 6.6: the blob
/// begins with the algorithm's name, which the line repeats).
fn read_public_key(line: &str) -> Option<(String, String)> {
    let mut words = line.split_ascii_whitespace();
    let (algorithm, text) = (words.next()?, words.next()?);
    let blob = base64_simd::STANDARD.decode_to_vec(text).ok()?;
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let named = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let digest = base64_simd::STANDARD_NO_PAD.encode_to_string(Sha256::digest(&blob));
    (named == algorithm.as_bytes())
        .then(|| (format!("{algorithm} {text}"), format!("SHA256:{digest}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_a_key_line_as_openssh_does() {
        let line = "ssh-ed25519 \
            AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com";
        let (key, fingerprint) = read_public_key(line).unwrap();
        assert!(!key.ends_with("github.com"));
        assert_eq!(fingerprint, "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
        for bad in ["", "ssh-rsa", "ssh-rsa AAAA", "ssh-rsa !!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5"] {
            assert!(read_public_key(bad).is_none(), "{bad}");
        }
    }
}
