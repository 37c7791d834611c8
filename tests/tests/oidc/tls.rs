//! A provider whose certificate is from an authority that only the company knows.

use anyhow::Result;
use fanlight_tests::authority::Authority;
use fanlight_tests::{Engine, Gateway, OidcProvider};
use reqwest::StatusCode;
use serde_json::json;

use crate::{Visitor, assert_refused, people};

#[tokio::test]
async fn a_provider_is_believed_by_the_configured_authority_only() -> Result<()> {
    let (own, stranger) = (Authority::new("ours"), Authority::new("somebody's"));
    let (cert, key) = own.certify("127.0.0.1");
    let tls = json!({ "cert": cert, "key": key, "ca": own.pem });
    let mut provider = OidcProvider::prepare(&json!({ "tls": tls }))?;
    provider.up().await?;
    provider.set(json!({ "users": people() })).await?;
    let folder = tempfile::tempdir()?;
    let with_ca = async |name: &str, pem: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, pem)?;
        let more = format!("ca = \"{}\"", file.display());
        Gateway::start_with(Engine::Embedded, &provider.tables(&more)).await
    };

    let gateway = with_ca("own.pem", &own.pem).await?;
    let visitor = Visitor::trusting(&[&own.pem])?;
    assert!(visitor.sign_in(&gateway).await?.signs_in());
    assert_eq!(visitor.me(&gateway).await?.1["name"], "Ada");

    let wrong = with_ca("stranger.pem", &stranger.pem).await?;
    let system = Gateway::start_with(Engine::Embedded, &provider.tables("")).await?;
    for gateway in [wrong, system] {
        let page = Visitor::new()?.get(&format!("{}/auth/login", gateway.url())).await?;
        assert_refused(&page, StatusCode::SERVICE_UNAVAILABLE, "an unknown authority");
        let log = gateway.log();
        assert!(log.contains("certificate") && log.contains("UnknownIssuer"), "{log}");
    }
    Ok(())
}
