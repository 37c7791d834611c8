use fanlight::access::NewToken;
use reqwest::StatusCode;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::harness::{Fixture, cookie_of};

#[tokio::test]
async fn bar_05_the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let plain = Fixture::start().await;
    let secure = Fixture::with(&[("server.public_url", json!("https://gate.example.com"))]).await;
    for (fixture, name, flags) in [(plain, "fanlight=", 0), (secure, "__Host-fanlight=", 1)] {
        let request = fixture.post("/api/auth/sign-in").json(&json!({ "api_key": fixture.key }));
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::NO_CONTENT);
        let cookie = reply.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with(name), "{name}");
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age=43200"] {
            assert!(cookie.contains(part), "{part}");
        }
        assert_eq!(cookie.matches("; Secure").count(), flags);
        assert!(!cookie.contains("Domain"));
        assert_eq!(reply.headers().contains_key("strict-transport-security"), flags == 1);
    }
}

#[tokio::test]
async fn bar_06_a_write_with_the_cookie_from_another_site_is_refused() {
    let fixture = Fixture::start().await;
    let cookie = fixture.sign_in(&fixture.key).await;
    let own = fixture.url("");
    let write = || fixture.post("/api/sessions").header("cookie", &cookie).json(&json!({}));
    let port = fixture.gateway.address().port();
    let foreign = [
        "https://evil.example".to_owned(),
        own.replace("http:", "https:"),
        format!("http://localhost:{port}"),
        "http://127.0.0.1:1".to_owned(),
        "null".to_owned(),
    ];
    for origin in foreign {
        let reply = write().header("origin", &origin).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    let cross = write().header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(cross.status(), StatusCode::FORBIDDEN);
    // Let through, they fail for what the body lacks.
    let by_key = fixture.post("/api/sessions").bearer_auth(&fixture.key).json(&json!({}));
    for good in [write().header("origin", &own), write(), by_key.header("origin", "https://a.b")] {
        assert_eq!(good.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn bar_06_no_other_site_signs_a_browser_in() {
    let fixture = Fixture::start().await;
    let request = fixture.post("/api/auth/sign-in").json(&json!({ "api_key": fixture.key }));
    let reply = request.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
    assert!(!reply.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn bar_08_signing_out_ends_it_on_the_server() {
    let fixture = Fixture::start().await;
    let cookie = fixture.sign_in(&fixture.key).await;
    let reply = fixture.get("/auth/logout").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::SEE_OTHER);
    assert_eq!(reply.headers()["location"], "/login");
    assert!(reply.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let after = fixture.get("/api/me").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_sign_in_ends_after_its_lifetime() {
    let fixture = Fixture::with(&[("access.sign_in_lifetime", json!("300ms"))]).await;
    let cookie = fixture.sign_in(&fixture.key).await;
    let ask = || fixture.get("/api/me").header("cookie", &cookie).send();
    assert_eq!(ask().await.unwrap().status(), StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    assert_eq!(ask().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

async fn add_link(fixture: &Fixture, good_for: Duration) -> String {
    let store = &fixture.gateway.app.store;
    let key = store.api_key_by_name("unlimited").await.unwrap().unwrap();
    let token = NewToken::generate("").unwrap();
    let end = OffsetDateTime::now_utc() + good_for;
    store.add_sign_in_link(&token.hash, key.id, end).await.unwrap();
    format!("/sign-in/{}", token.secret.expose())
}

#[tokio::test]
async fn a_sign_in_link_works_once() {
    let fixture = Fixture::start().await;
    let link = add_link(&fixture, Duration::minutes(1)).await;
    let first = fixture.get(&link).send().await.unwrap();
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    assert_eq!(first.headers()["location"], "/");
    let me = fixture.get("/api/me").header("cookie", cookie_of(&first)).send().await.unwrap();
    assert_eq!(me.status(), StatusCode::OK);
    let second = fixture.get(&link).send().await.unwrap();
    assert!(second.headers()["location"].to_str().unwrap().starts_with("/login"));
    assert!(!second.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn a_sign_in_link_that_is_over_or_invented_signs_nobody_in() {
    let fixture = Fixture::start().await;
    let over = add_link(&fixture, Duration::seconds(-1)).await;
    for link in [over.as_str(), "/sign-in/0123", "/sign-in/%00", "/sign-in/%ff"] {
        let reply = fixture.get(link).send().await.unwrap();
        assert!(!reply.headers().contains_key("set-cookie"), "{link}");
        assert!(!reply.status().is_server_error(), "{link}");
    }
}

#[tokio::test]
async fn a_sign_in_link_is_not_used_up_by_who_only_looks_at_it() {
    let fixture = Fixture::start().await;
    let link = add_link(&fixture, Duration::minutes(1)).await;
    let head = fixture.http.head(fixture.url(&link));
    let prefetch = fixture.get(&link).header("sec-purpose", "prefetch;prerender");
    let old_prefetch = fixture.get(&link).header("purpose", "prefetch");
    for look in [head, prefetch, old_prefetch] {
        let reply = look.send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
        assert!(!reply.headers().contains_key("set-cookie"));
    }
    let person = fixture.get(&link).send().await.unwrap();
    assert!(person.headers().contains_key("set-cookie"));
}
