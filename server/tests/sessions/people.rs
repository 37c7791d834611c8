//! Sockets of people whose access shrinks or ends.

use std::time::{Duration, Instant};

use fanlight::access::{NewToken, Role};
use fanlight::store::{Login, NewSignIn, NewUserToken, User};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::harness::{Fixture, Viewer};

/// What the contract allows; the margin is for busy machines.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

pub struct Person {
    pub user: User,
    pub cookie: String,
}

pub async fn person(fixture: &Fixture, name: &str, role: Role) -> Person {
    let login = Login {
        issuer: "https://login.example.com".to_owned(),
        subject: name.to_owned(),
        email: Some(format!("{name}@example.com")),
        name: name.to_owned(),
        groups: Vec::new(),
        mapped_role: None,
        default_role: role,
    };
    let user = fixture.app.store.log_user_in(&login).await.unwrap();
    let token = NewToken::generate("").unwrap();
    let end = OffsetDateTime::now_utc() + time::Duration::hours(1);
    fixture.app.store.add_sign_in(&token.hash, NewSignIn::User(user.id), end).await.unwrap();
    Person { user, cookie: format!("fanlight={}", token.secret.expose()) }
}

pub async fn token_of(fixture: &Fixture, user: &User) -> (i64, String) {
    let token = NewToken::generate_for_user().unwrap();
    let new = NewUserToken {
        user_id: user.id,
        name: "ci".to_owned(),
        token_hash: token.hash,
        max_role: None,
        expires_at: None,
        parent_id: None,
    };
    let kept = fixture.app.store.add_user_token(&new).await.unwrap();
    (kept.id, token.secret.expose().clone())
}

/// A session of the bearer of `header`, its owner looking at it.
async fn running(fixture: &Fixture, header: (&str, &str)) -> Viewer {
    let url = format!("http://{}/api/sessions", fixture.address);
    let mut body = fixture.kettle_request();
    body["engine"] = json!("guacd");
    let request = reqwest::Client::new().post(url).header(header.0, header.1).json(&body);
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::CREATED);
    let made: Value = reply.json().await.unwrap();
    let mut viewer = fixture.dial(made["ws_url"].as_str().unwrap(), &[header]).await.unwrap();
    viewer.until("ready").await;
    viewer
}

async fn assert_closed(mut viewer: Viewer, what: &str) {
    let begun = Instant::now();
    viewer.until_error().await;
    assert!(begun.elapsed() < CLOSED_WITHIN, "{what}: {:?}", begun.elapsed());
}

#[tokio::test]
async fn bar_10_sockets_of_a_user_close_when_access_shrinks_or_ends() {
    let fixture = Fixture::start().await;
    let changes: [(&str, Method, &str, Option<Value>); 5] = [
        ("demoted", Method::PUT, "/role", Some(json!({ "role": "operator" }))),
        ("a viewer", Method::PUT, "/role", Some(json!({ "role": "viewer" }))),
        ("disabled", Method::POST, "/disable", None),
        ("out", Method::DELETE, "/sessions", None),
        ("removed", Method::DELETE, "", None),
    ];
    let mut viewers = Vec::new();
    for (name, method, action, body) in changes {
        let somebody = person(&fixture, &name.replace(' ', "-"), Role::Poweruser).await;
        let viewer = running(&fixture, ("cookie", &somebody.cookie)).await;
        let path = format!("/api/users/{}{action}", somebody.user.id);
        viewers.push((name, viewer, method, path, body));
    }
    for (name, viewer, method, path, body) in viewers {
        let reply = fixture.call(&fixture.key, method, &path, body).await;
        assert!(reply.status.is_success(), "{name}: {}", reply.body);
        assert_closed(viewer, name).await;
    }
}

#[tokio::test]
async fn bar_10_sockets_of_a_token_close_when_it_is_revoked_and_others_stay() {
    let fixture = Fixture::start().await;
    let ada = person(&fixture, "ada", Role::Poweruser).await;
    let (id, token) = token_of(&fixture, &ada.user).await;
    let bearer = format!("Bearer {token}");
    let by_token = running(&fixture, ("authorization", &bearer)).await;
    let mut by_cookie = running(&fixture, ("cookie", &ada.cookie)).await;
    let path = format!("/api/admin/user-tokens/{id}");
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_closed(by_token, "revoked").await;
    let silence = tokio::time::timeout(Duration::from_secs(4), by_cookie.until_error()).await;
    assert!(silence.is_err(), "the other socket of the same user was closed too");
}

#[tokio::test]
async fn bar_10_a_ticket_of_somebody_who_was_disabled_opens_nothing() {
    let fixture = Fixture::start().await;
    let ada = person(&fixture, "ada", Role::Poweruser).await;
    let (_, token) = token_of(&fixture, &ada.user).await;
    let made = fixture.call(&token, Method::POST, "/api/sessions", Some(fixture.kettle_request()));
    let made = made.await.body;
    let ticket = fixture.call(&token, Method::POST, "/api/ws-ticket", None).await.body;
    fixture.app.store.set_user_disabled(ada.user.id, true).await.unwrap();
    let ticket = ticket["ticket"].as_str().unwrap();
    let path = format!("{}?ticket={ticket}", made["ws_url"].as_str().unwrap());
    assert_eq!(fixture.dial(&path, &[]).await.err(), Some(401));
}

#[tokio::test]
async fn bar_11_only_the_creator_and_admins_attach_and_end_and_lists_can_be_ones_own() {
    let fixture = Fixture::with(|config| config.sessions.list_own_only = true).await;
    let ada = person(&fixture, "ada", Role::Poweruser).await;
    let bob = person(&fixture, "bob", Role::Poweruser).await;
    let (_, ada_token) = token_of(&fixture, &ada.user).await;
    let (_, bob_token) = token_of(&fixture, &bob.user).await;
    let made =
        fixture.call(&ada_token, Method::POST, "/api/sessions", Some(fixture.kettle_request()));
    let made = made.await.body;
    let path = format!("/api/sessions/{}", made["session_id"].as_str().unwrap());
    let ws = made["ws_url"].as_str().unwrap();
    assert_eq!(fixture.dial(ws, &[("cookie", &bob.cookie)]).await.err(), Some(403));
    for (token, sees, status) in
        [(&bob_token, 0, StatusCode::FORBIDDEN), (&ada_token, 1, StatusCode::NO_CONTENT)]
    {
        let list = fixture.call(token, Method::GET, "/api/sessions", None).await.body;
        assert_eq!(list.as_array().map(Vec::len), Some(sees));
        assert_eq!(fixture.call(token, Method::DELETE, &path, None).await.status, status);
    }
    assert_eq!(fixture.get("/api/sessions").await.body.as_array().map(Vec::len), Some(1));
}
