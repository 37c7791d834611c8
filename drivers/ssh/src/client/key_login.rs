use std::sync::Arc;

use fanlight_core::{Cause, Secret, SessionError};
use russh::client::AuthResult;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};

use super::login::{Desk, Login, NOT_ACCEPTED, TYPED_TRIES};
use crate::private_key::{KeyFault, parse_private_key};

impl Login<'_> {
    pub(super) async fn by_key(&self, desk: &mut Desk<'_>) -> Result<AuthResult, SessionError> {
        let key = Arc::new(self.key(desk).await?);
        let hash = if key.algorithm().is_rsa() {
            // A server that does not tell is an old one: most know SHA-256.
            let told = self.limited(desk.connection.handle.best_supported_rsa_hash()).await?;
            told.unwrap_or(Some(HashAlg::Sha256))
        } else {
            None
        };
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let attempt = desk.connection.handle.authenticate_publickey(desk.user.as_str(), key);
        self.limited(attempt).await
    }

    async fn key(&self, desk: &mut Desk<'_>) -> Result<PrivateKey, SessionError> {
        let given = self.parameters.get("passphrase").map(|text| Secret::new(text.to_owned()));
        let mut fault = match self.open_key(given.clone()).await {
            Ok(key) => return Ok(key),
            Err(KeyFault::Encrypted) => KeyFault::Encrypted,
            Err(fault) => return Err(key_error(fault)),
        };
        for _ in 0..TYPED_TRIES {
            let passphrase = self.ask(desk.input, "Passphrase of the key: ", false).await?;
            match self.open_key(Some(passphrase)).await {
                Ok(key) => return Ok(key),
                Err(wrong) => fault = wrong,
            }
            self.say(NOT_ACCEPTED);
        }
        Err(key_error(fault))
    }

    /// Decrypting takes a while by design: it must not hold up other sessions' tasks.
    async fn open_key(&self, passphrase: Option<Secret>) -> Result<PrivateKey, KeyFault> {
        let pem = Secret::new(self.parameters.get("private-key").unwrap_or_default().to_owned());
        let parsing = tokio::task::spawn_blocking(move || {
            parse_private_key(pem.expose(), passphrase.as_ref().map(|p| p.expose().as_str()))
        });
        parsing.await.unwrap_or(Err(KeyFault::NotAKey))
    }
}

fn key_error(fault: KeyFault) -> SessionError {
    let field = if fault == KeyFault::WrongPassphrase { "passphrase" } else { "private key" };
    SessionError::new(Cause::LoginFailed, format!("The {field} {}.", fault.message()))
}
