use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use reqwest::{Certificate, ClientBuilder};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha256};

use super::ProxmoxConfigError;
use crate::config::{ProxmoxConfig, ProxmoxTrust};

/// Makes the client believe what the configuration says.
pub(super) fn apply(
    client: ClientBuilder,
    config: &ProxmoxConfig,
) -> Result<ClientBuilder, ProxmoxConfigError> {
    match &config.trust {
        ProxmoxTrust::System => Ok(client),
        ProxmoxTrust::Authority(file) => {
            let found = authorities(file);
            let found = found.map_err(|error| ProxmoxConfigError::Ca(file.clone(), error))?;
            Ok(client.tls_certs_only(found))
        }
        ProxmoxTrust::Fingerprint(digest) => {
            let tls = pinned(*digest);
            let tls = tls
                .map_err(|error| ProxmoxConfigError::Tls(config.name.clone(), error.to_string()))?;
            Ok(client.tls_backend_preconfigured(tls))
        }
    }
}

fn authorities(file: &Path) -> io::Result<Vec<Certificate>> {
    let found = Certificate::from_pem_bundle(&fs::read(file)?).map_err(io::Error::other)?;
    if found.is_empty() {
        return Err(io::Error::other("holds no certificate"));
    }
    Ok(found)
}

fn pinned(digest: [u8; 32]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Pinned { digest, provider: Arc::clone(&provider) });
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Believes one certificate, by its SHA-256, whoever signed it and whatever it says: Proxmox VE
/// signs its own. That the server has its key is proved as ever.
#[derive(Debug)]
struct Pinned {
    digest: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if <[u8; 32]>::from(Sha256::digest(certificate.as_ref())) == self.digest {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
