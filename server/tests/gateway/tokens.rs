use std::time::{Duration, Instant};

use fanlight::access::{NewToken, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::database::{everything_kept, holds};
use crate::harness::Fixture;
use crate::people::in_seconds;

fn role_of(reply: &(StatusCode, Value)) -> &str {
    reply.1["role"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_token_acts_as_its_user_within_its_cap() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let (_, token) = fixture.good_token(&ada.cookie, json!({ "name": "ci" })).await;
    let digits = token.strip_prefix("rgu_").unwrap();
    assert!(digits.len() == 60 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
    let me = fixture.call(&token, Method::GET, "/api/me", None).await;
    assert_eq!((&me.1["auth_type"], role_of(&me)), (&json!("token"), "poweruser"));
    assert_eq!(me.1["email"], "ada@example.com");
    let capped = json!({ "name": "capped", "max_role": "operator" });
    let (_, capped) = fixture.good_token(&ada.cookie, capped).await;
    let me = fixture.call(&capped, Method::GET, "/api/me", None).await;
    assert_eq!(role_of(&me), "operator");
    // The user's role now counts, not that of the time when the token was made.
    fixture.gateway.app.store.set_user_role(ada.user.id, Role::Viewer).await.unwrap();
    for token in [&token, &capped] {
        let me = fixture.call(token, Method::GET, "/api/me", None).await;
        assert_eq!(role_of(&me), "viewer");
    }
}

#[tokio::test]
async fn bar_01_bearer_header_and_cookie_of_a_user_give_the_same_person() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let (_, token) = fixture.good_token(&ada.cookie, json!({ "name": "ci" })).await;
    let mut seen = Vec::new();
    for request in [
        fixture.get("/api/me").bearer_auth(&token),
        fixture.get("/api/me").header("x-api-key", &token),
        fixture.get("/api/me").header("cookie", &ada.cookie),
    ] {
        let mut me: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(["token", "oidc"].contains(&me["auth_type"].as_str().unwrap()));
        me["auth_type"] = Value::Null;
        seen.push(me);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

#[tokio::test]
async fn bar_02_whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let past = OffsetDateTime::now_utc() - time::Duration::seconds(1);
    let expired = fixture.token_of(&ada.user, None, Some(past)).await;
    let (id, revoked) = fixture.good_token(&ada.cookie, json!({ "name": "revoked" })).await;
    fixture.call(&ada.cookie, Method::DELETE, &format!("/api/me/tokens/{id}"), None).await;
    let bob = fixture.person("bob", Role::Admin).await;
    let disabled = fixture.token_of(&bob.user, None, None).await;
    fixture.gateway.app.store.set_user_disabled(bob.user.id, true).await.unwrap();
    let unknown = NewToken::generate_for_user().unwrap().secret.expose().clone();
    let missing = fixture.call("", Method::GET, "/api/me", None).await;
    assert_eq!(missing.0, StatusCode::UNAUTHORIZED);
    for bad in [&expired, &revoked, &disabled, &unknown, &bob.cookie, &"rgu_".to_owned()] {
        assert_eq!(fixture.call(bad, Method::GET, "/api/me", None).await, missing);
    }
}

#[tokio::test]
async fn bar_12_only_the_hash_of_a_token_is_kept() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let (_, token) = fixture.good_token(&ada.cookie, json!({ "name": "ci" })).await;
    let cookie = ada.cookie.trim_start_matches("fanlight=");
    let kept = everything_kept(fixture.folder.path());
    assert!(!holds(&kept, token.trim_start_matches("rgu_")) && !holds(&kept, cookie));
    let lists = ["/api/me/tokens", "/api/admin/user-tokens"];
    for (path, credential) in lists.into_iter().zip([&ada.cookie, &fixture.key]) {
        let (status, list) = fixture.call(credential, Method::GET, path, None).await;
        assert_eq!((status, list[0]["name"].as_str()), (StatusCode::OK, Some("ci")));
        assert!(!list.to_string().contains(&token) && !list.to_string().contains("hash"));
    }
}

#[tokio::test]
async fn bar_13_a_token_made_with_a_token_goes_beyond_neither_its_role_nor_its_end() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Admin).await;
    let request =
        json!({ "name": "parent", "max_role": "poweruser", "expires_at": in_seconds(600) });
    let (id, parent) = fixture.good_token(&ada.cookie, request).await;
    for (name, wish, field) in [
        ("role", json!({ "max_role": "admin" }), "max_role"),
        ("end", json!({ "expires_at": in_seconds(700) }), "expires_at"),
    ] {
        let mut request = wish;
        request["name"] = json!(name);
        let (status, refused) = fixture.make_token(&parent, request).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
        assert!(refused["fields"][field].is_string(), "{refused}");
    }
    // Without wishes it has the parent's limits, not none.
    let (status, child) = fixture.make_token(&parent, json!({ "name": "child" })).await;
    assert_eq!((status, &child["max_role"]), (StatusCode::CREATED, &json!("poweruser")));
    assert!(child["expires_at"].is_string());
    let child = child["token"].as_str().unwrap();
    let me = fixture.call(child, Method::GET, "/api/me", None).await;
    assert_eq!(role_of(&me), "poweruser");
    // And it ends with its parent.
    fixture.call(&ada.cookie, Method::DELETE, &format!("/api/me/tokens/{id}"), None).await;
    assert_eq!(fixture.status_of(child).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bar_13_an_admins_token_makes_no_longer_lived_one_for_anybody() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Admin).await;
    let bob = fixture.person("bob", Role::Operator).await;
    let request = json!({ "name": "parent", "expires_at": in_seconds(600) });
    let (_, parent) = fixture.good_token(&ada.cookie, request).await;
    let make = async |request: Value| {
        fixture.call(&parent, Method::POST, "/api/admin/user-tokens", Some(request)).await
    };
    let later = json!({ "email": bob.email(), "name": "a", "expires_at": in_seconds(900) });
    assert_eq!(make(later).await.0, StatusCode::BAD_REQUEST);
    let (status, made) = make(json!({ "email": bob.email(), "name": "a" })).await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(made["expires_at"].is_string(), "{made}");
    let above = json!({ "email": bob.email(), "name": "b", "max_role": "poweruser" });
    assert_eq!(make(above).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bar_14_an_end_in_the_past_or_that_is_no_time_is_refused() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    for end in
        [in_seconds(-1), json!("tomorrow"), json!(""), json!("2026-13-01T00:00:00Z"), json!(1)]
    {
        let (status, refused) =
            fixture.make_token(&ada.cookie, json!({ "name": "n", "expires_at": end })).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{end}");
        assert!(refused["fields"]["expires_at"].is_string(), "{end}: {refused}");
    }
}

#[tokio::test]
async fn bar_15_names_have_1_to_100_characters_and_are_unique_among_live_tokens() {
    let fixture = Fixture::start().await;
    let (ada, bob) =
        (fixture.person("ada", Role::Poweruser).await, fixture.person("bob", Role::Admin).await);
    let make =
        async |cookie: &str, name: &str| fixture.make_token(cookie, json!({ "name": name })).await;
    for bad in ["", " ", "a\nb", &"x".repeat(101)] {
        let (status, refused) = make(&ada.cookie, bad).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad:?}");
        assert!(refused["fields"]["name"].is_string(), "{refused}");
    }
    let longest = "\u{e4}".repeat(100);
    let (status, made) = make(&ada.cookie, &longest).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(make(&ada.cookie, &longest).await.0, StatusCode::CONFLICT);
    assert_eq!(make(&bob.cookie, &longest).await.0, StatusCode::CREATED);
    let path = format!("/api/me/tokens/{}", made["id"]);
    assert_eq!(
        fixture.call(&bob.cookie, Method::DELETE, &path, None).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        fixture.call(&ada.cookie, Method::DELETE, &path, None).await.0,
        StatusCode::NO_CONTENT
    );
    let (status, again) = make(&ada.cookie, &longest).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_ne!(again["id"], made["id"]);
    let soon = json!({ "name": "brief", "expires_at": in_seconds(1) });
    fixture.good_token(&ada.cookie, soon).await;
    let begun = Instant::now();
    while make(&ada.cookie, "brief").await.0 == StatusCode::CONFLICT {
        assert!(begun.elapsed() < Duration::from_secs(5), "an expired token holds its name");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn bar_16_a_revoked_token_ends_at_the_next_request() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    for (credential, list) in
        [(&ada.cookie, "/api/me/tokens"), (&fixture.key, "/api/admin/user-tokens")]
    {
        let (id, token) = fixture.good_token(&ada.cookie, json!({ "name": "ci" })).await;
        assert_eq!(fixture.status_of(&token).await, StatusCode::OK);
        let path = format!("{list}/{id}");
        let revoked = fixture.call(credential, Method::DELETE, &path, None).await;
        assert_eq!(revoked.0, StatusCode::NO_CONTENT);
        assert_eq!(fixture.status_of(&token).await, StatusCode::UNAUTHORIZED);
        let twice = fixture.call(credential, Method::DELETE, &path, None).await;
        assert_eq!(twice.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn bar_17_every_making_revoking_and_refused_use_is_audited() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let request = json!({ "name": "ci", "max_role": "operator" });
    let (id, token) = fixture.good_token(&ada.cookie, request).await;
    let request = json!({ "email": ada.email(), "name": "by an admin" });
    let path = "/api/admin/user-tokens";
    let (_, made) = fixture.call(&fixture.key, Method::POST, path, Some(request)).await;
    fixture.call(&ada.cookie, Method::DELETE, &format!("/api/me/tokens/{id}"), None).await;
    assert_eq!(fixture.status_of(&token).await, StatusCode::UNAUTHORIZED);
    let other = format!("{path}/{}", made["id"]);
    fixture.call(&fixture.key, Method::DELETE, &other, None).await;
    let log = "/api/admin/token-audit?email=ada@example.com";
    let (_, log) = fixture.call(&fixture.key, Method::GET, log, None).await;
    let events = log.as_array().unwrap();
    let word = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    let told: Vec<_> =
        events.iter().map(|event| (word(event, "action"), word(event, "token_name"))).collect();
    let pair = |action: &str, name: &str| (action.to_owned(), name.to_owned());
    let expected = [
        pair("revoked", "by an admin"),
        pair("refused", "ci"),
        pair("revoked", "ci"),
        pair("created", "by an admin"),
        pair("created", "ci"),
    ];
    assert_eq!(told, expected);
    for event in events {
        assert_eq!(
            (&event["user_email"], &event["ip_addr"]),
            (&json!("ada@example.com"), &json!("127.0.0.1"))
        );
        assert!(!event.to_string().contains(&token));
    }
}

#[tokio::test]
async fn api_keys_have_no_tokens() {
    let fixture = Fixture::start().await;
    for (method, path) in [(Method::POST, "/api/me/tokens"), (Method::DELETE, "/api/me/tokens/1")] {
        let body = (method == Method::POST).then(|| json!({ "name": "n" }));
        let (status, _) = fixture.call(&fixture.key, method, path, body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    let (status, none) = fixture.call(&fixture.key, Method::GET, "/api/me/tokens", None).await;
    assert_eq!((status, none), (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn the_last_use_is_remembered() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let (_, token) = fixture.good_token(&ada.cookie, json!({ "name": "ci" })).await;
    assert_eq!(fixture.status_of(&token).await, StatusCode::OK);
    fixture.gateway.app.token_uses.write().await;
    let (_, list) = fixture.call(&ada.cookie, Method::GET, "/api/me/tokens", None).await;
    assert!(list[0]["last_used_at"].is_string(), "{list}");
}
