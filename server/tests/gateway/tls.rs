use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::generate_simple_self_signed;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::Fixture;

fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap()
}

async fn with_tls(folder: &TempDir) -> Fixture {
    let settings = [
        ("server.tls_cert", json!(folder.path().join("cert.pem"))),
        ("server.tls_key", json!(folder.path().join("key.pem"))),
        ("server.header_timeout", json!("2s")),
    ];
    Fixture::with(&settings).await
}

/// The raw answer to a request over TLS that trusts only `certificate`.
async fn ask(fixture: &Fixture, certificate: CertificateDer<'static>, request: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let tcp = TcpStream::connect(fixture.gateway.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tls.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn bar_05_with_tls_the_cookie_is_secure_and_bound_to_the_host() {
    let folder = TempDir::new().unwrap();
    let certificate = write_certificate(folder.path());
    let fixture = with_tls(&folder).await;
    assert!(fixture.gateway.url().starts_with("https://"));
    let body = json!({ "api_key": fixture.key }).to_string();
    let request = format!(
        "POST /api/auth/sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = ask(&fixture, certificate, &request).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(answer.contains("set-cookie: __Host-fanlight=") && answer.contains("; Secure"));
    assert!(answer.contains("strict-transport-security: max-age="));
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_given_up() {
    let folder = TempDir::new().unwrap();
    write_certificate(folder.path());
    let fixture = with_tls(&folder).await;
    let mut silent = TcpStream::connect(fixture.gateway.address()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), silent.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection stayed open");
}
