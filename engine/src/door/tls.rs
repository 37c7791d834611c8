use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why a door cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum DoorTlsError {
    /// A file cannot be read, or is not what it should be.
    #[error("cannot use {0}: {1}")]
    File(PathBuf, rustls::pki_types::pem::Error),
    /// The key does not fit the certificate.
    #[error("the certificate and the key cannot be used together: {0}")]
    Pair(#[from] rustls::Error),
}

/// TLS by PEM files: a certificate chain and its private key.
///
/// # Errors
/// When they cannot be read or do not fit.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, DoorTlsError> {
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |error| DoorTlsError::File(path, error)
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unusable(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(unusable(key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config).into())
}
