use fanlight::access::hash_token;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::database;
use crate::harness::{Fixture, client};

#[tokio::test]
async fn bar_01_bearer_header_and_cookie_give_the_same_identity() {
    let fixture = Fixture::start().await;
    let cookie = fixture.sign_in(&fixture.key).await;
    let ways = [
        fixture.get("/api/me").bearer_auth(&fixture.key),
        fixture.get("/api/me").header("x-api-key", &fixture.key),
        fixture.get("/api/me").header("cookie", cookie),
    ];
    for way in ways {
        let me: Value = way.send().await.unwrap().json().await.unwrap();
        assert_eq!(me["name"], "unlimited");
        assert_eq!(me["role"], "admin");
        assert_eq!(me["auth_type"], "api_key");
    }
}

#[tokio::test]
async fn bar_02_whatever_is_wrong_the_401_is_one_and_the_same() {
    let fixture = Fixture::start().await;
    let expired = fixture.add_expired_key("expired").await;
    let revoked = fixture.add_key("revoked", &[]).await;
    assert!(fixture.gateway.app.store.revoke_api_key("revoked").await.unwrap());
    let me = || fixture.get("/api/me");
    let ways = [
        me(),
        me().bearer_auth("garbage"),
        me().bearer_auth(""),
        me().header("authorization", "Basic YTpi"),
        me().header("authorization", "nonsense"),
        me().header("x-api-key", "ü"),
        me().header("cookie", "fanlight=0123"),
        me().bearer_auth(expired),
        me().bearer_auth(revoked),
    ];
    for way in ways {
        let reply = way.send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::UNAUTHORIZED);
        let body: Value = reply.json().await.unwrap();
        let words = "Sign in or show a valid API key.";
        assert_eq!(body, json!({ "error": words, "code": "unauthenticated" }));
    }
}

#[tokio::test]
async fn bar_03_a_key_outside_its_networks_is_refused_whatever_is_forged() {
    let fixture = Fixture::start().await;
    let key = fixture.add_key("office", &["10.0.0.0/8"]).await;
    let ask = || fixture.get("/api/me").bearer_auth(&key);
    assert_eq!(ask().send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let forged = ask().header("x-forwarded-for", "10.1.2.3").send().await.unwrap();
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn bar_03_behind_a_trusted_proxy_the_rightmost_untrusted_address_counts() {
    let fixture = Fixture::with(&[("server.trusted_proxies", json!(["127.0.0.1"]))]).await;
    let key = fixture.add_key("office", &["10.0.0.0/8"]).await;
    let from = async |hops: &str| {
        let ask = fixture.get("/api/me").bearer_auth(&key).header("x-forwarded-for", hops);
        ask.send().await.unwrap().status()
    };
    assert_eq!(from("192.0.2.1, 10.1.2.3").await, StatusCode::OK);
    assert_eq!(from("10.1.2.3, 192.0.2.1").await, StatusCode::FORBIDDEN);
    assert_eq!(from("10.1.2.3, 192.0.2.1, 127.0.0.1").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn bar_03_a_browser_that_signed_in_is_bound_to_the_networks_of_its_key() {
    let fixture = Fixture::start().await;
    let key = fixture.add_key("here", &["127.0.0.1/32"]).await;
    let cookie = fixture.sign_in(&key).await;
    let from = async |address: &str| {
        let browser = client(Some(address.parse().unwrap()));
        let ask = browser.get(fixture.url("/api/me")).header("cookie", &cookie);
        ask.send().await.unwrap().status()
    };
    assert_eq!(from("127.0.0.1").await, StatusCode::OK);
    assert_eq!(from("127.0.0.2").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn bar_04_twenty_bad_keys_from_one_address_make_it_wait() {
    let fixture = Fixture::start().await;
    let cookie = fixture.sign_in(&fixture.key).await;
    for attempt in 0..20 {
        let bad = fixture.get("/api/me").bearer_auth(format!("bad{attempt}"));
        let bad = bad.header("x-forwarded-for", format!("192.0.2.{attempt}"));
        assert_eq!(bad.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{attempt}");
    }
    let rotated = fixture.get("/api/me").bearer_auth("bad").header("x-forwarded-for", "192.0.2.99");
    let sign_in = fixture.post("/api/auth/sign-in").json(&json!({ "api_key": fixture.key }));
    for request in [rotated, fixture.get("/api/me").bearer_auth(&fixture.key), sign_in] {
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = reply.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    let elsewhere = client(Some([127, 0, 0, 9].into()));
    let other = elsewhere.get(fixture.url("/api/me")).bearer_auth(&fixture.key);
    assert_eq!(other.send().await.unwrap().status(), StatusCode::OK);
    let signed_in = fixture.get("/api/me").header("cookie", cookie);
    assert_eq!(signed_in.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn bar_04_the_wait_ends() {
    let brief = [("access.failure_limit", json!(1)), ("access.failure_window", json!("300ms"))];
    let fixture = Fixture::with(&brief).await;
    let status =
        async |key: &str| fixture.get("/api/me").bearer_auth(key).send().await.unwrap().status();
    assert_eq!(status("bad").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&fixture.key).await, StatusCode::TOO_MANY_REQUESTS);
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    assert_eq!(status(&fixture.key).await, StatusCode::OK);
}

#[tokio::test]
async fn bar_07_a_key_in_the_query_is_refused_even_beside_a_good_one() {
    let fixture = Fixture::start().await;
    for name in ["api_key", "X-API-Key", "access_token"] {
        let path = format!("/api/me?{name}={}", fixture.key);
        let alone = fixture.get(&path).send().await.unwrap();
        assert_eq!(alone.status(), StatusCode::UNAUTHORIZED);
        let beside = fixture.get(&path).bearer_auth(&fixture.key).send().await.unwrap();
        assert_eq!(beside.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn bar_12_the_database_holds_hashes_only() {
    let fixture = Fixture::start().await;
    let cookie = fixture.sign_in(&fixture.key).await;
    let (_, cookie) = cookie.split_once('=').unwrap();
    assert!(fixture.key.len() >= 60 && cookie.len() >= 60, "at least 240 bits in hexadecimal");
    let kept = database::everything_kept(fixture.folder.path());
    assert!(database::holds(&kept, &hash_token(&fixture.key)), "this looks in the right place");
    for secret in [&fixture.key, cookie] {
        assert!(!database::holds(&kept, secret));
    }
}

#[tokio::test]
async fn bar_16_a_revoked_key_ends_at_the_next_request_and_its_browsers_with_it() {
    let fixture = Fixture::start().await;
    let key = fixture.add_key("leaver", &[]).await;
    let cookie = fixture.sign_in(&key).await;
    let status = async || {
        let by_key = fixture.get("/api/me").bearer_auth(&key).send().await.unwrap().status();
        let by_cookie = fixture.get("/api/me").header("cookie", &cookie).send().await.unwrap();
        (by_key, by_cookie.status())
    };
    assert_eq!(status().await, (StatusCode::OK, StatusCode::OK));
    fixture.gateway.app.store.revoke_api_key("leaver").await.unwrap();
    assert_eq!(status().await, (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
}
