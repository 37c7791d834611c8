use fanlight_core::Secret;
use sha2::{Digest, Sha256};

use crate::api::ApiError;

/// 256 bits: more than the 240 that make plain SHA-256 enough at rest.
const RANDOM_BYTES: usize = 32;

/// A secret that was just made: shown once, kept as a hash.
pub struct NewToken {
    /// The secret itself.
    pub secret: Secret<String>,
    /// What is stored.
    pub hash: String,
}

impl NewToken {
    /// 256 random bits in hexadecimal behind `prefix`.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn generate(prefix: &str) -> Result<Self, ApiError> {
        let mut random = [0_u8; RANDOM_BYTES];
        getrandom::fill(&mut random).map_err(ApiError::internal)?;
        let secret = format!("{prefix}{}", hex::encode(random));
        Ok(Self { hash: hash_token(&secret), secret: Secret::new(secret) })
    }
}

/// SHA-256 in hexadecimal: how tokens are stored and looked up. The look-up is by this
/// hash, so its timing says nothing about the secret.
pub fn hash_token(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
