use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{GuacdConfigError, GuacdTls};

/// What it takes to speak TLS to one guacd.
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    pub(super) fn new(tls: &GuacdTls, host: &str) -> Result<Self, GuacdConfigError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| GuacdConfigError::Host(host.to_owned()))?;
        let roots = match &tls.ca {
            Some(path) => roots_of_file(path)?,
            None => roots_of_system()?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: Arc::new(config).into(), name })
    }
}

fn roots_of_file(path: &Path) -> Result<RootCertStore, GuacdConfigError> {
    let unusable = |reason: String| GuacdConfigError::Authorities { path: path.into(), reason };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate".into())) } else { Ok(roots) }
}

fn roots_of_system() -> Result<RootCertStore, GuacdConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(GuacdConfigError::NoSystemAuthorities) } else { Ok(roots) }
}
