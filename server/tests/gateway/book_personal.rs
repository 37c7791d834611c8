//! Personal credentials: entries name them, each person sets their own, nobody sees them.

use fanlight::access::{AuthType, Credential, Identity, Role};
use fanlight::book::{EntryPath, FolderPath, Overrides, Scope, SealedStore};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::book::PROD;
use crate::database::{everything_kept, holds};
use crate::harness::Fixture;
use crate::people::Person;

pub const OWN: &str = "/api/me/credentials";

/// An account that each person has for themselves, on the target and on the way there.
pub fn corporate() -> Value {
    json!({ "name": "corp", "type": "ssh", "hostname": "192.0.2.1",
        "username": "$corp_username", "password": "$corp_password",
        "jump_hosts": [{ "hostname": "192.0.2.2", "username": "$corp_username",
            "password": "$$corp_password" }] })
}

fn who(person: &Person) -> Identity {
    Identity {
        subject: format!("user:{}", person.user.id),
        name: person.user.name.clone(),
        email: person.user.email.clone(),
        role: person.user.role,
        groups: Vec::new(),
        auth_type: AuthType::Oidc,
        credential: Credential::SignIn(uuid::Uuid::nil()),
    }
}

pub fn corp() -> EntryPath {
    let folder = FolderPath { scope: Scope::Shared, name: "production".parse().unwrap() };
    EntryPath { folder, name: "corp".parse().unwrap() }
}

impl Fixture {
    pub async fn set(&self, cookie: &str, name: &str, value: &str) -> u16 {
        let body = Some(json!({ "value": value }));
        self.call(cookie, Method::PUT, &format!("{OWN}/{name}"), body).await.0.as_u16()
    }

    /// What a session of `person` would be made with.
    async fn request_of(&self, person: &Person, overrides: Value) -> Value {
        let overrides: Overrides = serde_json::from_value(overrides).unwrap();
        let book = &self.gateway.app.book;
        Value::Object(book.session_request(&who(person), &corp(), &overrides).await.unwrap())
    }
}

#[tokio::test]
async fn each_person_connects_with_their_own_values_and_missing_ones_are_named() {
    let fixture = Fixture::start().await;
    fixture.book(&[corporate()]).await;
    let (ann, bob) =
        (fixture.person("ann", Role::Operator).await, fixture.person("bob", Role::Operator).await);
    let connect = format!("{PROD}/entries/corp/connect");
    let (status, told) = fixture.call(&ann.cookie, Method::POST, &connect, None).await;
    assert_eq!((status.as_u16(), &told["code"]), (409, &json!("personal_credentials_required")));
    let both = json!({ "personal.corp_password": "is not set",
        "personal.corp_username": "is not set" });
    assert_eq!(told["fields"], both);
    assert_eq!(fixture.set(&ann.cookie, "corp_username", "ann").await, 204);
    assert_eq!(fixture.set(&ann.cookie, "corp_password", "canary-ann").await, 204);
    assert_eq!(fixture.set(&bob.cookie, "corp_username", "bob").await, 204);
    assert_eq!(fixture.call(&ann.cookie, Method::POST, &connect, None).await.0, 201);
    let request = fixture.request_of(&ann, json!({})).await;
    assert_eq!((&request["username"], &request["password"]), (&json!("ann"), &json!("canary-ann")));
    let hop = &request["jump_hosts"][0];
    assert_eq!((&hop["username"], &hop["password"]), (&json!("ann"), &json!("$corp_password")));

    let (status, told) = fixture.call(&bob.cookie, Method::POST, &connect, None).await;
    assert_eq!(status, 409);
    assert_eq!(told["fields"], json!({ "personal.corp_password": "is not set" }));
    let once = json!({ "personal": { "corp_password": "canary-bob" } });
    let resumed = fixture.call(&bob.cookie, Method::POST, &connect, Some(once.clone())).await;
    assert_eq!(resumed.0, 201, "{}", resumed.1);
    let request = fixture.request_of(&bob, once).await;
    assert_eq!((&request["username"], &request["password"]), (&json!("bob"), &json!("canary-bob")));
    let again = fixture.call(&bob.cookie, Method::POST, &connect, None).await;
    assert_eq!(again.0, 409, "what was given for once is stored nowhere");
    // What somebody types for once is what they typed.
    let typed = fixture.request_of(&bob, json!({ "password": "$my_own" })).await;
    assert_eq!(typed["password"], "$my_own");
    let unknown = Some(json!({ "personal": { "corp_pasword": "canary" } }));
    let (status, told) = fixture.call(&bob.cookie, Method::POST, &connect, unknown).await;
    assert_eq!(status, 400);
    assert_eq!(told["fields"]["personal.corp_pasword"], "is of no use for this entry");
}

#[tokio::test]
async fn bar_80_own_credentials_are_listed_changed_and_removed_but_never_shown() {
    let fixture = Fixture::start().await;
    fixture.book(&[corporate()]).await;
    let ann = fixture.person("ann", Role::Operator).await;
    let viewer = fixture.person("viewer", Role::Viewer).await;
    let list = async || fixture.call(&ann.cookie, Method::GET, OWN, None).await.1;
    let item = |name: &str, is_set: bool, entries: usize| json!({ "name": name, "is_set": is_set, "entries": entries });
    assert_eq!(
        list().await,
        json!([item("corp_password", false, 1), item("corp_username", false, 1)])
    );
    for (name, value) in [("corp_password", "canary-1"), ("lab_key", "canary-2")] {
        assert_eq!(fixture.set(&ann.cookie, name, value).await, 204);
    }
    assert_eq!(fixture.set(&ann.cookie, "corp_password", "canary-3").await, 204);
    let expected = json!([
        item("corp_password", true, 1),
        item("corp_username", false, 1),
        item("lab_key", true, 0)
    ]);
    assert_eq!(list().await, expected);
    let path = format!("{OWN}/lab_key");
    assert_eq!(fixture.call(&ann.cookie, Method::DELETE, &path, None).await.0, 204);
    let (status, gone) = fixture.call(&ann.cookie, Method::DELETE, &path, None).await;
    assert_eq!((status.as_u16(), &gone["error"]), (404, &json!("You have no credential lab_key.")));
    assert_eq!(fixture.set(&viewer.cookie, "corp_password", "canary").await, 403);
    for (name, body, field) in [
        ("corp", json!({ "value": "canary" }), "name"),
        ("Corp_name", json!({ "value": "canary" }), "name"),
        ("corp_name", json!({ "value": "" }), "value"),
        ("corp_name", json!({ "value": "canary\0" }), "value"),
        ("corp_name", json!({ "value": "canary".repeat(6000) }), "value"),
        ("corp_name", json!({ "valeu": "canary" }), "valeu"),
    ] {
        let path = format!("{OWN}/{name}");
        let (status, told) = fixture.call(&ann.cookie, Method::PUT, &path, Some(body)).await;
        assert_eq!(status, 400, "{told}");
        assert!(
            told["fields"][field].is_string() && !told.to_string().contains("canary"),
            "{told}"
        );
    }
    // The entry says which it asks for; the scope of people cannot be reached as a folder.
    let entry = fixture.entry("corp").await;
    assert_eq!(entry["personal"], json!(["corp_password", "corp_username"]));
    let folder = json!({ "scope": "personal", "name": "x" });
    let made = fixture.ask(Method::POST, crate::book::FOLDERS, folder).await;
    assert_eq!(made.0, 400, "{}", made.1);
    let folder = format!("{}/personal/user-{}/entries", crate::book::FOLDERS, ann.user.id);
    assert_eq!(fixture.ask(Method::GET, &folder, Value::Null).await.0, 400);
    let folders = fixture.ask(Method::GET, crate::book::FOLDERS, Value::Null).await.1;
    assert_eq!(folders.as_array().unwrap().len(), 1, "{folders}");
    let audit = fixture.ask(Method::GET, "/api/admin/audit", Value::Null).await.1.to_string();
    assert!(audit.contains("credential_set") && audit.contains("credential_delete"), "{audit}");
    let kept = everything_kept(fixture.folder.path());
    assert!(holds(&kept, &ann.user.id.to_string()) && !audit.contains("canary"));
    for secret in ["canary-1", "canary-2", "canary-3"] {
        assert!(!holds(&kept, secret), "{secret}");
    }
}

#[tokio::test]
async fn own_credentials_outlive_a_change_of_keys_and_go_with_their_user() {
    let fixture = Fixture::start().await;
    fixture.book(&[corporate()]).await;
    let ann = fixture.person("ann", Role::Operator).await;
    let writes = ["a", "b", "c", "d"].map(|name| {
        let (fixture, cookie) = (&fixture, &ann.cookie);
        async move { fixture.set(cookie, &format!("corp_{name}"), "canary").await }
    });
    assert_eq!(futures_util::future::join_all(writes).await, [204; 4], "one write lost another");
    for (name, value) in [("corp_username", "ann"), ("corp_password", "canary-ann")] {
        assert_eq!(fixture.set(&ann.cookie, name, value).await, 204);
    }
    let app = &fixture.gateway.app;
    let config = &app.config.book;
    let sealed = SealedStore::new(app.store.clone(), config.master_key.clone(), &config.instance);
    assert_eq!(sealed.rotate().await.unwrap().entries, 2);
    assert_eq!(fixture.request_of(&ann, json!({})).await["password"], "canary-ann");
    let user = format!("/api/users/{}", ann.user.id);
    assert_eq!(
        fixture.call(&fixture.key, Method::DELETE, &user, None).await.0,
        StatusCode::NO_CONTENT
    );
    let book = &app.book;
    assert!(book.personal(&who(&ann)).await.unwrap().is_empty(), "they are still there");
}
