//! Single sign-on with a real provider: every fault of it passes through the real callback,
//! is refused and makes no session; the same way without the fault signs in.

#![allow(clippy::unwrap_used)]

#[path = "oidc/sign_out.rs"]
mod sign_out;
#[path = "oidc/tls.rs"]
mod tls;

use anyhow::Result;
use fanlight_tests::{Engine, Gateway, OidcProvider};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Response, StatusCode, Url};
use serde_json::{Value, json};

/// One browser, followed step by step.
struct Visitor(Client);

/// A page as a visitor sees it.
struct Page {
    status: StatusCode,
    location: String,
    cookies: Vec<String>,
    text: String,
}

impl Page {
    async fn of(reply: Response) -> Result<Self> {
        let header = |name: &str| {
            let all = reply.headers().get_all(name).iter();
            all.map(|value| value.to_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let (status, cookies) = (reply.status(), header("set-cookie"));
        let location = header("location").pop().unwrap_or_default();
        Ok(Self { status, location, cookies, text: reply.text().await? })
    }

    /// Whether a browser is signed in by it.
    fn signs_in(&self) -> bool {
        self.cookies.iter().any(|cookie| cookie.starts_with("fanlight=") && !cookie.contains("=;"))
    }
}

impl Visitor {
    fn new() -> Result<Self> {
        Self::trusting(&[])
    }

    /// One that believes these authorities (PEM) and no others.
    fn trusting(authorities: &[&str]) -> Result<Self> {
        let mut browser = Client::builder().redirect(Policy::none()).cookie_store(true);
        for pem in authorities {
            browser = browser.tls_certs_only([Certificate::from_pem(pem.as_bytes())?]);
        }
        Ok(Self(browser.build()?))
    }

    async fn get(&self, url: &str) -> Result<Page> {
        Page::of(self.0.get(url).send().await?).await
    }

    /// From the gateway's login to the callback's address, which is not visited yet.
    async fn depart(&self, gateway: &Gateway, next: &str) -> Result<Url> {
        let mut url = Url::parse(&format!("{}/auth/login", gateway.url()))?;
        url.query_pairs_mut().append_pair("next", next);
        for _ in 0..10 {
            let page = self.get(url.as_str()).await?;
            anyhow::ensure!(page.status.is_redirection(), "{url}: {} {}", page.status, page.text);
            url = url.join(&page.location)?;
            if url.path() == "/auth/callback" {
                return Ok(url);
            }
        }
        anyhow::bail!("the provider never came to an end")
    }

    async fn sign_in(&self, gateway: &Gateway) -> Result<Page> {
        let callback = self.depart(gateway, "/sessions").await?;
        self.get(callback.as_str()).await
    }

    async fn me(&self, gateway: &Gateway) -> Result<(StatusCode, Value)> {
        let page = self.get(&format!("{}/api/me", gateway.url())).await?;
        Ok((page.status, serde_json::from_str(&page.text).unwrap_or_default()))
    }
}

fn people() -> Value {
    json!({
        "ada": { "email": "ada@example.com", "email_verified": true, "name": "Ada", "groups": ["ops"] },
        "bob": { "email": "bob@example.com", "email_verified": false, "name": "Bob" },
        "eve": { "email": "ada@example.com", "email_verified": true, "name": "Eve" },
    })
}

async fn start_with(more: &str) -> Result<(OidcProvider, Gateway)> {
    let provider = OidcProvider::start().await?;
    provider.set(json!({ "users": people() })).await?;
    let gateway = Gateway::start_with(Engine::Embedded, &provider.tables(more)).await?;
    Ok((provider, gateway))
}

async fn start() -> Result<(OidcProvider, Gateway)> {
    start_with("").await
}

/// A refusal in words that signs nobody in.
fn assert_refused(page: &Page, status: StatusCode, fault: &str) {
    assert_eq!(page.status, status, "{fault}: {}", page.text);
    assert!(!page.signs_in(), "{fault}: {:?}", page.cookies);
    assert!(page.text.contains("<h1>") && page.text.contains("Sign in again"), "{}", page.text);
}

/// The gateway knows nobody by name yet, and nobody is signed in.
async fn assert_nobody(visitor: &Visitor, gateway: &Gateway, fault: &str) -> Result<()> {
    assert_eq!(visitor.me(gateway).await?.0, StatusCode::UNAUTHORIZED, "{fault}");
    let (_, users) = gateway.call(Method::GET, "/api/users", None).await?;
    assert_eq!(users, json!([]), "{fault}");
    Ok(())
}

/// Each fault is refused, and without it the same way leads in.
async fn each_is_refused(faults: &[&str]) -> Result<()> {
    let (provider, gateway) = start().await?;
    for fault in faults {
        provider.set(json!({ "fault": fault })).await?;
        let visitor = Visitor::new()?;
        assert_refused(&visitor.sign_in(&gateway).await?, StatusCode::BAD_REQUEST, fault);
        assert_nobody(&visitor, &gateway, fault).await?;
    }
    // The token passes through the same hands, unchanged but for its signature.
    provider.set(json!({ "fault": "again" })).await?;
    let visitor = Visitor::new()?;
    assert!(visitor.sign_in(&gateway).await?.signs_in());
    assert_eq!(visitor.me(&gateway).await?.0, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn somebody_signs_in_and_is_known() -> Result<()> {
    for options in [json!({}), json!({ "claimsInIdToken": true })] {
        let mut provider = OidcProvider::prepare(&options)?;
        provider.up().await?;
        provider.set(json!({ "users": people() })).await?;
        let gateway = Gateway::start_with(Engine::Embedded, &provider.tables("")).await?;
        let visitor = Visitor::new()?;
        let page = visitor.sign_in(&gateway).await?;
        assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, "/sessions"));
        let (_, me) = visitor.me(&gateway).await?;
        assert_eq!(me["auth_type"], "oidc");
        assert_eq!((&me["name"], &me["email"]), (&json!("Ada"), &json!("ada@example.com")));
        assert_eq!((&me["groups"], &me["role"]), (&json!(["ops"]), &json!("viewer")));
        let (_, users) = gateway.call(Method::GET, "/api/users", None).await?;
        assert_eq!(users[0]["issuer"], provider.issuer());
        assert_eq!((&users[0]["subject"], users[1].is_null()), (&json!("ada"), true));
        let (_, status) = gateway.call(Method::GET, "/api/auth/status", None).await?;
        assert_eq!(
            (&status["oidc_enabled"], &status["oidc_name"]),
            (&json!(true), &json!("Example SSO"))
        );
    }
    Ok(())
}

#[tokio::test]
async fn bar_19_a_wrong_reused_or_cookieless_state_is_refused() -> Result<()> {
    let (_provider, gateway) = start().await?;
    let visitor = Visitor::new()?;
    let callback = visitor.depart(&gateway, "/").await?;
    let mut wrong = callback.clone();
    let pairs: Vec<(String, String)> = callback
        .query_pairs()
        .map(|(name, value)| {
            let value = if name == "state" { "0".repeat(64) } else { value.into_owned() };
            (name.into_owned(), value)
        })
        .collect();
    wrong.query_pairs_mut().clear().extend_pairs(pairs);
    let mut none = callback.clone();
    none.set_query(Some("code=abc"));
    for (who, url, fault) in [
        (&visitor, &wrong, "another state"),
        (&visitor, &none, "no state"),
        (&Visitor::new()?, &callback, "another browser"),
    ] {
        assert_refused(&who.get(url.as_str()).await?, StatusCode::BAD_REQUEST, fault);
        assert_nobody(who, &gateway, fault).await?;
    }
    // None of these has used it up for the browser that it belongs to.
    let page = visitor.get(callback.as_str()).await?;
    assert!(page.signs_in(), "{}", page.text);
    assert_refused(&visitor.get(callback.as_str()).await?, StatusCode::BAD_REQUEST, "twice");
    Ok(())
}

#[tokio::test]
async fn bar_19_a_state_counts_once_even_with_its_cookie() -> Result<()> {
    let (_provider, gateway) = start().await?;
    let visitor = Visitor::new()?;
    let login =
        Page::of(visitor.0.get(format!("{}/auth/login", gateway.url())).send().await?).await?;
    let cookie = login.cookies[0].split(';').next().unwrap().to_owned();
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=600"] {
        assert!(login.cookies[0].contains(part), "{part}: {:?}", login.cookies);
    }
    let mut url = Url::parse(&login.location)?;
    while url.path() != "/auth/callback" {
        url = url.join(&visitor.get(url.as_str()).await?.location)?;
    }
    let again = Client::builder().redirect(Policy::none()).build()?;
    let visit =
        async || Page::of(again.get(url.clone()).header("cookie", &cookie).send().await?).await;
    assert!(visit().await?.signs_in());
    assert_refused(&visit().await?, StatusCode::BAD_REQUEST, "the same state and cookie again");
    Ok(())
}

#[tokio::test]
async fn bar_20_a_bad_nonce_is_refused() -> Result<()> {
    each_is_refused(&["nonce", "no-nonce"]).await
}

#[tokio::test]
async fn bar_21_a_wrong_pkce_verifier_is_refused() -> Result<()> {
    each_is_refused(&["pkce"]).await
}

#[tokio::test]
async fn bar_22_a_foreign_issuer_or_audience_is_refused() -> Result<()> {
    each_is_refused(&["issuer", "audience", "further-audience"]).await
}

#[tokio::test]
async fn bar_22_an_answer_of_another_provider_is_refused() -> Result<()> {
    let (_provider, gateway) = start().await?;
    for iss in [Some("https://login.other.example"), None] {
        let visitor = Visitor::new()?;
        let mut callback = visitor.depart(&gateway, "/").await?;
        let pairs: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
        let kept = pairs.into_iter().filter(|(name, _)| name != "iss");
        let iss = iss.map(|iss| ("iss".to_owned(), iss.to_owned()));
        let pairs: Vec<_> = kept.chain(iss).collect();
        callback.query_pairs_mut().clear().extend_pairs(pairs);
        assert_refused(&visitor.get(callback.as_str()).await?, StatusCode::BAD_REQUEST, "iss");
        assert_nobody(&visitor, &gateway, "iss").await?;
    }
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    Ok(())
}

#[tokio::test]
async fn bar_22_a_code_that_another_client_was_given_is_refused() -> Result<()> {
    let (provider, gateway) = start().await?;
    let visitor = Visitor::new()?;
    let callback = visitor.depart(&gateway, "/").await?;
    // The other client's way to a code of its own, at the same provider.
    let mut url = Url::parse(&format!("{}/auth", provider.issuer()))?;
    url.query_pairs_mut().extend_pairs([
        ("client_id", "another"),
        ("response_type", "code"),
        ("scope", "openid"),
        ("redirect_uri", &format!("{}/auth/callback", gateway.url())),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]);
    while url.path() != "/auth/callback" {
        let page = visitor.get(url.as_str()).await?;
        anyhow::ensure!(page.status.is_redirection(), "{}", page.text);
        url = url.join(&page.location)?;
    }
    let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let pairs: Vec<(String, String)> = callback
        .query_pairs()
        .into_owned()
        .map(|(name, value)| if name == "code" { (name, code.clone()) } else { (name, value) })
        .collect();
    let mut injected = callback.clone();
    injected.query_pairs_mut().clear().extend_pairs(pairs);
    let page = visitor.get(injected.as_str()).await?;
    assert_refused(&page, StatusCode::BAD_REQUEST, "another client's code");
    assert_nobody(&visitor, &gateway, "another client's code").await
}

#[tokio::test]
async fn bar_23_a_token_that_is_expired_or_not_signed_by_the_provider_is_refused() -> Result<()> {
    let faults = ["expired", "none", "hs256", "unknown-key", "stolen-kid", "no-id-token"];
    each_is_refused(&faults).await
}

#[tokio::test]
async fn bar_23_a_new_key_of_the_provider_is_learned() -> Result<()> {
    let (provider, gateway) = start().await?;
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    provider.set(json!({ "fault": "rotated" })).await?;
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    Ok(())
}

#[tokio::test]
async fn user_information_about_somebody_else_is_refused() -> Result<()> {
    each_is_refused(&["userinfo-of-another"]).await
}

#[tokio::test]
async fn bar_24_an_address_that_is_not_verified_is_refused_unless_it_is_allowed() -> Result<()> {
    let (provider, gateway) = start().await?;
    provider.set(json!({ "account": "bob" })).await?;
    let visitor = Visitor::new()?;
    let page = visitor.sign_in(&gateway).await?;
    assert_refused(&page, StatusCode::FORBIDDEN, "not verified");
    assert!(page.text.contains("not verified"), "{}", page.text);
    assert_nobody(&visitor, &gateway, "not verified").await?;
    let mut users = people();
    users["bob"]["email_verified"] = json!(true);
    provider.set(json!({ "users": users })).await?;
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    provider.set(json!({ "users": people() })).await?;
    let tables = provider.tables("allow_unverified_email = true");
    let lenient = Gateway::start_with(Engine::Embedded, &tables).await?;
    assert!(Visitor::new()?.sign_in(&lenient).await?.signs_in());
    Ok(())
}

#[tokio::test]
async fn bar_25_another_subject_with_the_same_address_is_another_person() -> Result<()> {
    let (provider, gateway) = start().await?;
    Visitor::new()?.sign_in(&gateway).await?;
    let path = "/api/users/ada@example.com/role";
    gateway.call(Method::PUT, path, Some(&json!({ "role": "admin" }))).await?;
    provider.set(json!({ "account": "eve" })).await?;
    let eve = Visitor::new()?;
    eve.sign_in(&gateway).await?;
    let (_, me) = eve.me(&gateway).await?;
    assert_eq!((&me["role"], &me["name"]), (&json!("viewer"), &json!("Eve")));
    let (_, users) = gateway.call(Method::GET, "/api/users", None).await?;
    assert_eq!(users.as_array().map(Vec::len), Some(2));
    let (status, refused) =
        gateway.call(Method::POST, "/api/users/ada@example.com/disable", None).await?;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("ambiguous")));
    Ok(())
}

#[tokio::test]
async fn bar_26_the_highest_matching_mapping_sets_the_role_at_each_sign_in() -> Result<()> {
    let (provider, gateway) = start_with("default_role = \"operator\"").await?;
    let groups = async |groups: &[&str]| {
        let mut users = people();
        users["ada"]["groups"] = json!(groups);
        provider.set(json!({ "users": users })).await?;
        let visitor = Visitor::new()?;
        visitor.sign_in(&gateway).await?;
        Ok::<_, anyhow::Error>(visitor.me(&gateway).await?.1["role"].as_str().unwrap().to_owned())
    };
    assert_eq!(groups(&["ops", "dev"]).await?, "operator");
    let mut ids = Vec::new();
    for (group, role) in [("ops", "viewer"), ("dev", "poweruser"), ("boss", "admin")] {
        let body = json!({ "oidc_group": group, "role": role });
        let (status, made) =
            gateway.call(Method::POST, "/api/admin/group-mappings", Some(&body)).await?;
        assert_eq!(status, StatusCode::CREATED);
        ids.push(made["id"].as_i64().unwrap());
    }
    assert_eq!(groups(&["ops", "dev"]).await?, "poweruser");
    assert_eq!(groups(&["ops"]).await?, "viewer");
    assert_eq!(groups(&["boss", "ops", "dev"]).await?, "admin");
    assert_eq!(groups(&["Boss"]).await?, "operator");
    // Where none matches any more, the role that an admin set by hand.
    let path = "/api/users/ada@example.com/role";
    gateway.call(Method::PUT, path, Some(&json!({ "role": "poweruser" }))).await?;
    assert_eq!(groups(&["boss"]).await?, "admin");
    gateway.call(Method::DELETE, &format!("/api/admin/group-mappings/{}", ids[2]), None).await?;
    assert_eq!(groups(&["boss"]).await?, "poweruser");
    Ok(())
}

#[tokio::test]
async fn bar_27_after_signing_in_one_stays_on_this_site() -> Result<()> {
    let (_provider, gateway) = start().await?;
    for (next, gone_to) in [
        ("/client/1?a=b&c=%2F", "/client/1?a=b&c=%2F"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\r\nset-cookie: x=y", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let visitor = Visitor::new()?;
        let callback = visitor.depart(&gateway, next).await?;
        let page = visitor.get(callback.as_str()).await?;
        assert_eq!((page.signs_in(), page.location.as_str()), (true, gone_to), "{next:?}");
    }
    Ok(())
}

#[tokio::test]
async fn bar_28_a_provider_that_is_down_at_the_start_is_found_when_it_comes() -> Result<()> {
    let mut provider = OidcProvider::prepare(&json!({}))?;
    let gateway = Gateway::start_with(Engine::Embedded, &provider.tables("")).await?;
    let login = format!("{}/auth/login", gateway.url());
    let page = Visitor::new()?.get(&login).await?;
    assert_refused(&page, StatusCode::SERVICE_UNAVAILABLE, "down");
    assert!(page.text.contains("does not answer"));
    let (status, _) = gateway.call(Method::GET, "/api/me", None).await?;
    assert_eq!(status, StatusCode::OK);
    provider.up().await?;
    provider.set(json!({ "users": people() })).await?;
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    // And when it goes again while somebody is there, that one is told so.
    let visitor = Visitor::new()?;
    let callback = visitor.depart(&gateway, "/").await?;
    provider.down();
    let page = visitor.get(callback.as_str()).await?;
    assert_refused(&page, StatusCode::SERVICE_UNAVAILABLE, "gone");
    provider.up().await?;
    provider.set(json!({ "users": people() })).await?;
    // It comes back with other keys, which are learned.
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    Ok(())
}

#[tokio::test]
async fn bar_10_a_disabled_user_does_not_sign_in() -> Result<()> {
    let (_provider, gateway) = start().await?;
    let visitor = Visitor::new()?;
    visitor.sign_in(&gateway).await?;
    let path = "/api/users/ada@example.com";
    gateway.call(Method::POST, &format!("{path}/disable"), None).await?;
    assert_eq!(visitor.me(&gateway).await?.0, StatusCode::UNAUTHORIZED);
    let visitor = Visitor::new()?;
    let page = visitor.sign_in(&gateway).await?;
    assert_refused(&page, StatusCode::FORBIDDEN, "disabled");
    assert!(page.text.contains("disabled"), "{}", page.text);
    assert_eq!(visitor.me(&gateway).await?.0, StatusCode::UNAUTHORIZED);
    gateway.call(Method::POST, &format!("{path}/enable"), None).await?;
    assert!(Visitor::new()?.sign_in(&gateway).await?.signs_in());
    Ok(())
}

#[tokio::test]
async fn a_person_who_is_turned_away_at_the_provider_is_told_so() -> Result<()> {
    let (provider, gateway) = start().await?;
    provider.set(json!({ "fault": "denied" })).await?;
    let page = Visitor::new()?.sign_in(&gateway).await?;
    assert_refused(&page, StatusCode::FORBIDDEN, "denied");
    assert!(page.text.contains("did not let you in"), "{}", page.text);
    Ok(())
}
