//! People and their credentials, made without a provider.

use fanlight::access::{NewToken, Role};
use fanlight::store::{Login, NewSignIn, NewUserToken, User};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::harness::Fixture;

pub const ISSUER: &str = "https://login.example.com";

/// A person with a browser that is signed in.
pub struct Person {
    pub user: User,
    pub cookie: String,
}

impl Person {
    pub fn email(&self) -> &str {
        self.user.email.as_deref().unwrap()
    }
}

pub fn login(subject: &str, role: Role) -> Login {
    Login {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        email: Some(format!("{subject}@example.com")),
        name: format!("Person {subject}"),
        groups: vec!["everybody".to_owned()],
        mapped_role: None,
        default_role: role,
    }
}

impl Fixture {
    /// Somebody who has signed in, with that role.
    pub async fn person(&self, subject: &str, role: Role) -> Person {
        let user = self.gateway.app.store.log_user_in(&login(subject, role)).await.unwrap();
        let cookie = self.browser_of(&user).await;
        Person { user, cookie }
    }

    /// The `Cookie` header of another browser of theirs.
    pub async fn browser_of(&self, user: &User) -> String {
        let token = NewToken::generate("").unwrap();
        let end = OffsetDateTime::now_utc() + Duration::hours(1);
        let store = &self.gateway.app.store;
        store.add_sign_in(&token.hash, NewSignIn::User(user.id), end).await.unwrap();
        format!("fanlight={}", token.secret.expose())
    }

    /// A token of theirs, straight from the database: expired ones can be had too.
    pub async fn token_of(
        &self,
        user: &User,
        max_role: Option<Role>,
        expires_at: Option<OffsetDateTime>,
    ) -> String {
        let token = NewToken::generate_for_user().unwrap();
        let new = NewUserToken {
            user_id: user.id,
            name: format!("token {}", uuid::Uuid::new_v4()),
            token_hash: token.hash,
            max_role,
            expires_at,
            parent_id: None,
        };
        self.gateway.app.store.add_user_token(&new).await.unwrap();
        token.secret.expose().clone()
    }

    /// A request with a credential: a key or token, or a `fanlight=` cookie.
    pub async fn call(
        &self,
        credential: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method, self.url(path));
        if credential.starts_with("fanlight=") {
            request = request.header("cookie", credential);
        } else if !credential.is_empty() {
            request = request.bearer_auth(credential);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let reply = request.send().await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn status_of(&self, credential: &str) -> StatusCode {
        self.call(credential, Method::GET, "/api/me", None).await.0
    }

    /// Makes a token over the API.
    pub async fn make_token(&self, credential: &str, request: Value) -> (StatusCode, Value) {
        self.call(credential, Method::POST, "/api/me/tokens", Some(request)).await
    }

    /// Makes a token with this name over the API, which must do.
    pub async fn good_token(&self, credential: &str, request: Value) -> (i64, String) {
        let (status, made) = self.make_token(credential, request).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        (made["id"].as_i64().unwrap(), made["token"].as_str().unwrap().to_owned())
    }
}

/// An RFC 3339 time so many seconds from now.
pub fn in_seconds(seconds: i64) -> Value {
    let time = OffsetDateTime::now_utc() + Duration::seconds(seconds);
    json!(time.format(&time::format_description::well_known::Rfc3339).unwrap())
}
