//! AES-256-GCM with random nonces (NIST SP 800-38D, section 8.2.2: at most 2^32 messages
//! under one key).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use fanlight_core::Secret;
use sha2::{Digest as _, Sha256};

/// Bytes of a key.
pub(super) const KEY_LENGTH: usize = 32;

/// What was sealed with another key, for another place, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed with another key or for another place, or it was changed")]
pub(super) struct CannotOpen;

/// A key to seal with.
pub(super) struct SealingKey {
    bytes: Secret<[u8; KEY_LENGTH]>,
    cipher: RandomizedNonceKey,
}

impl SealingKey {
    /// A new random key.
    pub(super) fn generate() -> Result<Self, CannotOpen> {
        let mut bytes = [0; KEY_LENGTH];
        getrandom::fill(&mut bytes).map_err(|_| CannotOpen)?;
        Self::from_bytes(&bytes)
    }

    /// A key of 32 bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, CannotOpen> {
        let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_| CannotOpen)?;
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| CannotOpen)?;
        Ok(Self { bytes: Secret::new(bytes), cipher })
    }

    /// The key itself.
    pub(super) fn expose(&self) -> &[u8; KEY_LENGTH] {
        self.bytes.expose()
    }

    /// What the key is called, which tells nothing about it.
    pub(super) fn fingerprint(&self) -> String {
        let hash = Sha256::new().chain_update(b"fanlight book key").chain_update(self.expose());
        hex::encode(&hash.finalize()[..8])
    }

    /// base64 of nonce, ciphertext and tag; opens only together with the same `place`.
    pub(super) fn seal(&self, plain: &[u8], place: &str) -> Result<String, CannotOpen> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .cipher
            .seal_in_place_append_tag(Aad::from(place), &mut sealed)
            .map_err(|_| CannotOpen)?;
        let whole = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(base64_simd::STANDARD.encode_to_string(whole))
    }

    /// What [`seal`](Self::seal) was given.
    pub(super) fn open(&self, sealed: &str, place: &str) -> Result<Secret<Vec<u8>>, CannotOpen> {
        let mut whole = base64_simd::STANDARD.decode_to_vec(sealed).map_err(|_| CannotOpen)?;
        if whole.len() < NONCE_LEN {
            return Err(CannotOpen);
        }
        let mut rest = whole.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&whole).map_err(|_| CannotOpen)?;
        let length = self
            .cipher
            .open_in_place(nonce, Aad::from(place), &mut rest)
            .map_err(|_| CannotOpen)?
            .len();
        rest.truncate(length);
        Ok(Secret::new(rest))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_with_its_key_and_unchanged_only() {
        let key = SealingKey::generate().unwrap();
        let sealed = key.seal(b"canary", "shared/a/b").unwrap();
        assert_eq!(key.open(&sealed, "shared/a/b").unwrap().expose(), b"canary");
        assert!(key.open(&sealed, "shared/a/c").is_err());
        assert!(SealingKey::generate().unwrap().open(&sealed, "shared/a/b").is_err());
        let mut bytes = base64_simd::STANDARD.decode_to_vec(&sealed).unwrap();
        for index in 0..bytes.len() {
            bytes[index] ^= 1;
            let changed = base64_simd::STANDARD.encode_to_string(&bytes);
            assert!(key.open(&changed, "shared/a/b").is_err(), "byte {index}");
            bytes[index] ^= 1;
        }
        for broken in ["", "AAAA", "no base64!"] {
            assert!(key.open(broken, "shared/a/b").is_err());
        }
        assert_ne!(sealed, key.seal(b"canary", "shared/a/b").unwrap(), "a nonce came twice");
    }
}
