use std::sync::Arc;

use russh::client::{AuthResult, Handle, Handler};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};

/// Logs in by a private key, signing as the server knows it. The caller sets the time limit.
///
/// # Errors
/// A connection that broke.
pub async fn log_in_by_key<H: Handler>(
    handle: &mut Handle<H>,
    user: &str,
    key: Arc<PrivateKey>,
) -> Result<AuthResult, russh::Error> {
    let hash = if key.algorithm().is_rsa() {
        // A server that does not tell is an old one: most know SHA-256.
        handle.best_supported_rsa_hash().await?.unwrap_or(Some(HashAlg::Sha256))
    } else {
        None
    };
    handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, hash)).await
}
