use std::sync::Arc;

use fanlight_core::{Cause, Secret, SessionError};
use russh::client::AuthResult;
use russh::keys::PrivateKey;

use super::login::{Desk, Login, NOT_ACCEPTED, TYPED_TRIES};
use fanlight_ssh::{KeyFault, log_in_by_key, open_private_key};

impl Login<'_> {
    pub(super) async fn by_key(&self, desk: &mut Desk<'_>) -> Result<AuthResult, SessionError> {
        let key = Arc::new(self.key(desk).await?);
        let attempt = log_in_by_key(&mut desk.connection.handle, &desk.user, key);
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

    async fn open_key(&self, passphrase: Option<Secret>) -> Result<PrivateKey, KeyFault> {
        let pem = Secret::new(self.parameters.get("private-key").unwrap_or_default().to_owned());
        open_private_key(pem, passphrase).await
    }
}

fn key_error(fault: KeyFault) -> SessionError {
    let field = if fault == KeyFault::WrongPassphrase { "passphrase" } else { "private key" };
    SessionError::new(Cause::LoginFailed, format!("The {field} {}.", fault.message()))
}
