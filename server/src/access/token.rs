use fanlight_core::Secret;
use sha2::{Digest, Sha256};

use crate::api::ApiError;

/// What a user's token begins with, so that people and secret scanners know it.
pub const USER_TOKEN_PREFIX: &str = "rgu_";

/// 256 bits: more than the 240 that make plain SHA-256 enough at rest.
const RANDOM_BYTES: usize = 32;
/// Users' tokens have 60 digits: 240 bits.
const USER_TOKEN_BYTES: usize = 30;

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
        Self::of_random::<RANDOM_BYTES>(prefix)
    }

    /// A user's token: `rgu_` and 60 hexadecimal digits, 240 random bits.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn generate_for_user() -> Result<Self, ApiError> {
        Self::of_random::<USER_TOKEN_BYTES>(USER_TOKEN_PREFIX)
    }

    fn of_random<const BYTES: usize>(prefix: &str) -> Result<Self, ApiError> {
        let mut random = [0_u8; BYTES];
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
