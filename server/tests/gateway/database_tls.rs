//! PostgreSQL across a network: it has to prove who it is.

use std::net::TcpListener;
use std::path::Path;

use fanlight::store::Store;
use serde_json::json;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::harness::{Fixture, configuration};
use crate::postgres::Postgres;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The URL as docs/operating.md has it.
fn verified(host: &str, port: u16, ca: &Path) -> String {
    let ca = ca.display();
    format!("postgres://fanlight@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={ca}")
}

async fn refusal(url: &str) -> String {
    let folder = TempDir::new().unwrap();
    let config = configuration(&folder, &[("database.url", json!(url))]);
    Store::open(&config).await.err().unwrap().to_string()
}

#[tokio::test]
async fn a_server_is_believed_by_the_configured_authority_and_for_its_name_only() {
    let (own, stranger) = (Authority::new("ours"), Authority::new("somebody's"));
    let (certificate, key) = own.certify("localhost");
    let port = free_port();
    let settings = [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "ssl=on",
        "ssl_cert_file=$FOLDER/cert.pem",
        "ssl_key_file=$FOLDER/key.pem",
    ];
    let _server = Postgres::start_with(&settings, &[("cert.pem", &certificate), ("key.pem", &key)]);
    let folder = TempDir::new().unwrap();
    let file = |name: &str, pem: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, pem).unwrap();
        file
    };
    let (own, stranger) = (file("own.pem", &own.pem), file("stranger.pem", &stranger.pem));

    let good = verified("localhost", port, &own);
    let fixture = Fixture::with(&[("database.url", json!(good))]).await;
    let me = fixture.get("/api/me").bearer_auth(&fixture.key).send().await.unwrap();
    assert!(me.status().is_success(), "{}", me.status());

    for (wrong, why) in [
        (verified("localhost", port, &stranger), "UnknownIssuer"),
        (verified("127.0.0.1", port, &own), "not valid for name"),
    ] {
        let told = refusal(&wrong).await;
        assert!(told.contains("certificate") && told.contains(why), "{told}");
    }
}
