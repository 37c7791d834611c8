use fanlight_core::Secret;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use zeroize::Zeroizing;

/// A key pair that was made just now.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// OpenSSH PEM, not encrypted.
    pub private_key: Secret,
    /// The line for `authorized_keys`.
    pub public_key: String,
}

/// Makes an Ed25519 key pair from 32 random bytes, in memory only. `comment` stands behind
/// the public key.
///
/// # Errors
/// A comment that a key cannot have.
pub fn new_ed25519_key(
    seed: &Zeroizing<[u8; 32]>,
    comment: &str,
) -> Result<NewKey, russh::keys::ssh_key::Error> {
    let mut key = PrivateKey::from(Ed25519Keypair::from_seed(seed));
    key.set_comment(comment);
    let private_key = key.to_openssh(LineEnding::LF)?;
    let public_key = key.public_key().to_openssh()?;
    Ok(NewKey { private_key: Secret::new(private_key.to_string()), public_key })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::parse_private_key;

    #[test]
    fn a_new_pair_belongs_together_and_shows_no_secret() {
        let new = new_ed25519_key(&Zeroizing::new([7; 32]), "for-tests").unwrap();
        let read = parse_private_key(new.private_key.expose(), None).unwrap();
        assert_eq!(read.public_key().to_openssh().unwrap(), new.public_key);
        assert!(new.public_key.starts_with("ssh-ed25519 AAAA"), "{}", new.public_key);
        assert!(new.public_key.ends_with(" for-tests"), "{}", new.public_key);
        assert!(!format!("{new:?}").contains("PRIVATE"));
    }
}
