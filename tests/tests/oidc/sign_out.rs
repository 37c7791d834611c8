//! The way out: here, and at the provider.

use anyhow::{Context, Result};
use fanlight_tests::{Engine, Gateway, OidcProvider};
use reqwest::{Client, StatusCode, Url};

use crate::{Page, Visitor, start};

impl Visitor {
    /// Submits the provider's question whether to sign out, as its page does by itself.
    async fn agree(&self, question: &Page) -> Result<Page> {
        let attribute = |of: &str, name: &str| {
            let (_, rest) = question.text.split_once(of)?;
            let (_, value) = rest.split_once(&format!("{name}=\""))?;
            value.split_once('"').map(|(value, _)| value.to_owned())
        };
        let action = attribute("<form", "action").context("no form")?;
        let xsrf = attribute("name=\"xsrf\"", "value").context("no xsrf")?;
        let body = format!("xsrf={xsrf}&logout=yes");
        let request = self.0.post(action).body(body);
        let form = "application/x-www-form-urlencoded";
        Page::of(request.header("content-type", form).send().await?).await
    }
}

/// Whether the provider would let this browser in again without asking anything.
async fn is_known_at(
    provider: &OidcProvider,
    gateway: &Gateway,
    visitor: &Visitor,
) -> Result<bool> {
    let mut url = Url::parse(&format!("{}/auth", provider.issuer()))?;
    url.query_pairs_mut().extend_pairs([
        ("client_id", "fanlight"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("prompt", "none"),
        ("redirect_uri", &format!("{}/auth/callback", gateway.url())),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]);
    let answer = visitor.get(url.as_str()).await?;
    let known = answer.location.contains("code=");
    let stranger = answer.location.contains("error=login_required");
    anyhow::ensure!(known != stranger, "{} {}", answer.location, answer.text);
    Ok(known)
}

#[tokio::test]
async fn bar_08_signing_out_ends_it_here_and_at_the_provider() -> Result<()> {
    let (provider, gateway) = start().await?;
    let visitor = Visitor::new()?;
    let page = visitor.sign_in(&gateway).await?;
    let cookie = page.cookies.iter().find(|cookie| cookie.starts_with("fanlight=")).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let logout = format!("{}/auth/logout", gateway.url());
    // A link on another site signs nobody out.
    let foreign = visitor.0.get(&logout).header("sec-fetch-site", "cross-site").send().await?;
    assert_eq!(foreign.headers()["location"], "/");
    assert_eq!(visitor.me(&gateway).await?.0, StatusCode::OK);
    let page = visitor.get(&logout).await?;
    let onward = Url::parse(&page.location)?;
    assert!(page.location.starts_with(&provider.issuer()), "{}", page.location);
    let back = onward.query_pairs().find(|(name, _)| name == "post_logout_redirect_uri");
    assert_eq!(back.unwrap().1, format!("{}/login", gateway.url()));
    assert!(onward.query_pairs().any(|(name, _)| name == "id_token_hint"), "{onward}");
    assert!(is_known_at(&provider, &gateway, &visitor).await?, "the provider has let go too early");
    let question = visitor.get(onward.as_str()).await?;
    assert_eq!(question.status, StatusCode::OK, "{}", question.text);
    let back = visitor.agree(&question).await?;
    assert_eq!(back.location, format!("{}/login", gateway.url()));
    assert!(!is_known_at(&provider, &gateway, &visitor).await?, "still signed in there");
    assert_eq!(visitor.me(&gateway).await?.0, StatusCode::UNAUTHORIZED);
    // The cookie itself is worth nothing any more.
    let kept = Client::new().get(format!("{}/api/me", gateway.url())).header("cookie", cookie);
    assert_eq!(kept.send().await?.status(), StatusCode::UNAUTHORIZED);
    let tables = provider.tables("sign_out_at_provider = false");
    let apart = Gateway::start_with(Engine::Embedded, &tables).await?;
    let visitor = Visitor::new()?;
    visitor.sign_in(&apart).await?;
    assert_eq!(visitor.get(&format!("{}/auth/logout", apart.url())).await?.location, "/login");
    Ok(())
}
