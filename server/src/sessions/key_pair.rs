use fanlight_core::{Driver, FieldError};
use fanlight_ssh::new_ed25519_key;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// A driver whose settings have this field, and `private_key`, takes generated key pairs.
const FIELD: &str = "generate_keypair";
const KEY_FIELD: &str = "private_key";
/// What stands behind the public key, so that it is known again among others.
const COMMENT: &str = "fanlight-session";

/// Makes the key pair that `settings` ask for, and puts the private key among them. Returns
/// the public one: a line for `authorized_keys`.
///
/// # Errors
/// Where a private key was given as well, and where none can be made.
pub(super) fn give_key_pair(
    driver: &dyn Driver,
    settings: &mut Map<String, Value>,
) -> Result<Option<String>, FieldError> {
    let takes_one = driver.schema()["properties"].get(FIELD).is_some();
    if !takes_one || settings.get(FIELD) != Some(&Value::Bool(true)) {
        return Ok(None);
    }
    if settings.get(KEY_FIELD).is_some_and(|key| !key.is_null()) {
        return Err(FieldError::new(FIELD, format!("cannot be combined with {KEY_FIELD}")));
    }
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "no key pair could be made");
        FieldError::new(FIELD, "cannot be had just now: no key pair could be made")
    };
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| failed(&error))?;
    let pair = new_ed25519_key(&seed, COMMENT).map_err(|error| failed(&error))?;
    settings.insert(KEY_FIELD.into(), pair.private_key.expose().as_str().into());
    Ok(Some(pair.public_key))
}
