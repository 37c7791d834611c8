//! Section 2 of the contract, walked through: every operation with every kind of credential,
//! on objects that exist.

use std::collections::BTreeSet;

use fanlight::access::{Access, AuthType, Credential, Identity, NewToken, Role};
use fanlight::api::all_routes;
use fanlight::book::{EntryPath, FolderPath, Scope};
use fanlight::recordings::RecordingStatus;
use fanlight::sessions::Grant;
use fanlight::store::{Extent, NewUserToken, RecordingRow, User};
use reqwest::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::harness::Fixture;

/// Method, path, least role and the status that those who may get, typed from the contract.
pub const MATRIX: &[(&str, &str, Role, u16)] = &[
    ("GET", "/api/me", Role::Viewer, 200),
    ("GET", "/api/drivers", Role::Viewer, 200),
    ("GET", "/api/presets", Role::Viewer, 200),
    ("POST", "/api/me/tokens", Role::Poweruser, 201),
    ("GET", "/api/me/tokens", Role::Operator, 200),
    ("DELETE", "/api/me/tokens/{id}", Role::Poweruser, 204),
    ("POST", "/api/sessions", Role::Poweruser, 201),
    ("GET", "/api/sessions", Role::Operator, 200),
    ("GET", "/api/sessions/history", Role::Operator, 200),
    ("GET", "/api/sessions/history.csv", Role::Operator, 200),
    ("GET", "/api/sessions/{id}", Role::Operator, 200),
    ("DELETE", "/api/sessions/{id}", Role::Operator, 204),
    ("GET", "/api/sessions/{id}/steps", Role::Operator, 200),
    ("POST", "/api/sessions/{id}/reconnect", Role::Operator, 201),
    ("GET", "/api/recordings", Role::Operator, 200),
    ("GET", "/api/recordings/{name}", Role::Operator, 200),
    ("DELETE", "/api/recordings/{name}", Role::Admin, 204),
    ("GET", "/api/recordings/{name}/index", Role::Operator, 200),
    ("GET", "/api/recordings/{name}/about", Role::Operator, 200),
    ("GET", "/api/sessions/{id}/shares", Role::Operator, 200),
    ("POST", "/api/sessions/{id}/shares", Role::Operator, 201),
    ("DELETE", "/api/sessions/{id}/shares/{share}", Role::Operator, 204),
    // Nobody looks at these sessions: 404 is the answer of those who may ask.
    ("PUT", "/api/sessions/{id}/viewers/{viewer}", Role::Operator, 404),
    ("DELETE", "/api/sessions/{id}/viewers/{viewer}", Role::Operator, 404),
    ("POST", "/api/ws-ticket", Role::Operator, 200),
    ("GET", "/api/me/credentials", Role::Operator, 200),
    ("PUT", "/api/me/credentials/{name}", Role::Operator, 204),
    ("DELETE", "/api/me/credentials/{name}", Role::Operator, 204),
    ("GET", "/api/addressbook/folders", Role::Operator, 200),
    ("POST", "/api/addressbook/folders", Role::Admin, 201),
    ("PUT", "/api/addressbook/folders/{scope}/{folder}", Role::Admin, 200),
    ("DELETE", "/api/addressbook/folders/{scope}/{folder}", Role::Admin, 204),
    ("GET", "/api/addressbook/entries", Role::Operator, 200),
    ("GET", "/api/addressbook/folders/{scope}/{folder}/entries", Role::Operator, 200),
    ("POST", "/api/addressbook/folders/{scope}/{folder}/entries", Role::Admin, 201),
    ("PUT", "/api/addressbook/folders/{scope}/{folder}/entries/{entry}", Role::Admin, 200),
    ("DELETE", "/api/addressbook/folders/{scope}/{folder}/entries/{entry}", Role::Admin, 204),
    (
        "POST",
        "/api/addressbook/folders/{scope}/{folder}/entries/{entry}/connect",
        Role::Operator,
        201,
    ),
    ("GET", "/api/admin/host-keys", Role::Admin, 200),
    ("POST", "/api/admin/host-keys", Role::Admin, 201),
    ("DELETE", "/api/admin/host-keys/{endpoint}", Role::Admin, 204),
    ("GET", "/api/users", Role::Admin, 200),
    ("DELETE", "/api/users/{email}", Role::Admin, 204),
    ("PUT", "/api/users/{email}/role", Role::Admin, 200),
    ("POST", "/api/users/{email}/disable", Role::Admin, 200),
    ("POST", "/api/users/{email}/enable", Role::Admin, 200),
    ("DELETE", "/api/users/{email}/sessions", Role::Admin, 204),
    ("GET", "/api/admin/group-mappings", Role::Admin, 200),
    ("POST", "/api/admin/group-mappings", Role::Admin, 201),
    ("PUT", "/api/admin/group-mappings/{id}", Role::Admin, 200),
    ("DELETE", "/api/admin/group-mappings/{id}", Role::Admin, 204),
    ("GET", "/api/admin/user-tokens", Role::Admin, 200),
    ("POST", "/api/admin/user-tokens", Role::Admin, 201),
    ("DELETE", "/api/admin/user-tokens/{id}", Role::Admin, 204),
    ("GET", "/api/admin/vms", Role::Admin, 200),
    ("POST", "/api/admin/vms", Role::Admin, 201),
    ("GET", "/api/admin/vms/{id}", Role::Admin, 200),
    ("PUT", "/api/admin/vms/{id}", Role::Admin, 200),
    ("DELETE", "/api/admin/vms/{id}", Role::Admin, 204),
    ("GET", "/api/admin/audit", Role::Admin, 200),
    ("GET", "/api/admin/audit.csv", Role::Admin, 200),
    ("GET", "/api/admin/token-audit", Role::Admin, 200),
];

const KEY_LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// A caller: what it shows, what it may, and whose objects are its own.
struct Caller {
    name: &'static str,
    shows: String,
    /// `None`: it is nobody.
    role: Option<Role>,
    user: Option<User>,
    subject: String,
}

impl Fixture {
    async fn callers(&self) -> Vec<Caller> {
        let mut all = Vec::new();
        for role in Role::ALL {
            let person = self.person(role.name(), role).await;
            let subject = format!("user:{}", person.user.id);
            let (shows, user) = (person.cookie, Some(person.user));
            all.push(Caller { name: role.name(), shows, role: Some(role), user, subject });
        }
        let boss = self.person("boss", Role::Admin).await;
        let capped = self.token_of(&boss.user, Some(Role::Operator), None).await;
        let past = OffsetDateTime::now_utc() - Duration::seconds(1);
        let expired = self.token_of(&boss.user, None, Some(past)).await;
        let gone = self.person("gone", Role::Admin).await;
        self.gateway.app.store.set_user_disabled(gone.user.id, true).await.unwrap();
        let keys = self.gateway.app.store.api_keys().await.unwrap();
        let key = format!("api_key:{}", keys[0].id);
        let boss_id = format!("user:{}", boss.user.id);
        let of = |name, shows: &str, role, user: Option<&User>, subject: &str| Caller {
            name,
            shows: shows.to_owned(),
            role,
            user: user.cloned(),
            subject: subject.to_owned(),
        };
        let (operator, admin) = (Some(Role::Operator), Some(Role::Admin));
        all.extend([
            of("API key", &self.key, admin, None, &key),
            of("capped token", &capped, operator, Some(&boss.user), &boss_id),
            of("expired token", &expired, None, Some(&boss.user), &boss_id),
            of("disabled user", &gone.cookie, None, Some(&gone.user), &boss_id),
            of("nobody", "", None, None, &boss_id),
        ]);
        all
    }

    /// A session that this caller made, in a time when it might.
    async fn session_of(&self, caller: &Caller) -> Uuid {
        self.session_by(caller, Grant::Role).await
    }

    async fn session_by(&self, caller: &Caller, grant: Grant) -> Uuid {
        let creator = Identity {
            subject: caller.subject.clone(),
            name: caller.name.to_owned(),
            email: None,
            role: Role::Poweruser,
            groups: Vec::new(),
            auth_type: AuthType::Oidc,
            credential: Credential::SignIn(Uuid::nil()),
        };
        let fields = session_request().as_object().cloned().unwrap();
        let created = self.gateway.app.sessions.create(&creator, fields, grant).await.unwrap();
        created.live.id
    }

    /// One of the address book: that they may make again.
    async fn ended_session_of(&self, caller: &Caller) -> Uuid {
        let (folder, _) = self.book_object("POST", "{folder}").await;
        let path = EntryPath {
            folder: FolderPath { scope: Scope::Shared, name: folder.parse().unwrap() },
            name: "entry".parse().unwrap(),
        };
        let id = self.session_by(caller, Grant::Entry(path)).await;
        let path = format!("/api/sessions/{id}");
        self.call(&self.key, Method::DELETE, &path, None).await;
        id
    }

    pub async fn token_id(&self, user: &User) -> i64 {
        let token = NewToken::generate_for_user().unwrap();
        let new = NewUserToken {
            user_id: user.id,
            name: Uuid::new_v4().to_string(),
            token_hash: token.hash,
            max_role: None,
            expires_at: None,
            parent_id: None,
        };
        self.gateway.app.store.add_user_token(&new).await.unwrap().id
    }

    pub async fn mapping_id(&self) -> i64 {
        let store = &self.gateway.app.store;
        let group = Uuid::new_v4().to_string();
        store.add_group_mapping(&group, Role::Viewer).await.unwrap().id
    }

    /// A recording in which nothing happens.
    pub async fn recording_name(&self) -> String {
        let (app, name) = (&self.gateway.app, Uuid::new_v4().to_string());
        let head = json!({
            "session_id": Uuid::nil(), "session_type": "ssh", "label": "a", "hostname": null,
            "username": null, "creator_id": "a", "creator_name": "a", "started_at": 0,
        });
        let head = head.to_string();
        let mut file = b"FANLREC1".to_vec();
        file.extend_from_slice(&u32::try_from(head.len()).unwrap().to_le_bytes());
        file.extend_from_slice(head.as_bytes());
        std::fs::write(app.config.recordings.dir.join(format!("{name}.flrec")), file).unwrap();
        let row = RecordingRow {
            name: name.clone(),
            session_id: Uuid::nil(),
            session_type: "ssh".to_owned(),
            label: "a".to_owned(),
            hostname: None,
            username: None,
            creator_id: "a".to_owned(),
            creator_name: "a".to_owned(),
            status: RecordingStatus::Complete,
            started_at: OffsetDateTime::now_utc(),
            ended_at: Some(OffsetDateTime::now_utc()),
            extent: Extent::default(),
        };
        app.store.add_recording(&row).await.unwrap();
        name
    }

    async fn known_endpoint(&self) -> String {
        let body = json!({ "hostname": "10.0.0.1", "port": 22, "public_key": KEY_LINE });
        let path = "/api/admin/host-keys";
        self.call(&self.key, Method::POST, path, Some(body)).await.1["endpoint"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The same of the address book.
    async fn book_object(&self, method: &str, path: &str) -> (String, Option<Value>) {
        let (folder, entry) = (Uuid::new_v4().to_string(), "entry");
        let folders = "/api/addressbook/folders";
        let new_folder = json!({ "scope": "shared", "name": folder });
        let new_entry = json!({ "name": entry, "type": "ssh", "hostname": "192.0.2.1" });
        self.call(&self.key, Method::POST, folders, Some(new_folder)).await;
        let entries = format!("{folders}/shared/{folder}/entries");
        self.call(&self.key, Method::POST, &entries, Some(new_entry.clone())).await;
        let body = match (method, path) {
            ("POST", "/api/addressbook/folders") => {
                Some(json!({ "scope": "instance", "name": folder }))
            }
            ("POST", path) if path.ends_with("/entries") => {
                Some(json!({ "name": "another", "type": "ssh", "hostname": "192.0.2.1" }))
            }
            ("PUT", path) if path.ends_with("{entry}") => Some(json!({ "port": 2222 })),
            ("PUT", _) => Some(json!({ "description": "changed" })),
            _ => None,
        };
        let path = path.replace("{scope}", "shared").replace("{folder}", &folder);
        (path.replace("{entry}", entry), body)
    }

    /// The path with an object that exists, and a good body.
    async fn object(&self, method: &str, path: &str, caller: &Caller) -> (String, Option<Value>) {
        if path.starts_with("/api/addressbook") {
            return self.book_object(method, path).await;
        }
        let victim = self.person(&Uuid::new_v4().to_string(), Role::Operator).await;
        let name = Uuid::new_v4().to_string();
        let id = match path {
            "/api/me/tokens/{id}" => {
                self.token_id(caller.user.as_ref().unwrap_or(&victim.user)).await.to_string()
            }
            "/api/me/credentials/{name}" => {
                let set = Some(json!({ "value": "canary" }));
                let path = "/api/me/credentials/corp_password".to_owned();
                self.call(&caller.shows, Method::PUT, &path, set.clone()).await;
                return (path, set.filter(|_| method == "PUT"));
            }
            "/api/sessions/{id}/reconnect" => self.ended_session_of(caller).await.to_string(),
            path if path.ends_with("/shares/{share}") => {
                let session = self.session_of(caller).await;
                let shares = self.gateway.app.store.shares(session).await.unwrap();
                return (format!("/api/sessions/{session}/shares/{}", shares[0].id), None);
            }
            path if path.starts_with("/api/sessions/{id}") => {
                self.session_of(caller).await.to_string()
            }
            "/api/admin/vms/{id}" => {
                self.enter(json!({ "id": name })).await["id"].as_str().unwrap().to_owned()
            }
            "/api/admin/group-mappings/{id}" => self.mapping_id().await.to_string(),
            "/api/admin/user-tokens/{id}" => self.token_id(&victim.user).await.to_string(),
            path if path.starts_with("/api/recordings/{name}") => self.recording_name().await,
            "/api/admin/host-keys/{endpoint}" => self.known_endpoint().await,
            _ => victim.email().to_owned(),
        };
        let body = match (method, path) {
            ("POST", "/api/me/tokens") => Some(json!({ "name": name })),
            ("POST", "/api/admin/user-tokens") => {
                Some(json!({ "name": name, "email": victim.email() }))
            }
            ("POST", "/api/sessions") => Some(session_request()),
            ("POST", "/api/admin/host-keys") => {
                Some(json!({ "hostname": name, "port": 22, "public_key": KEY_LINE }))
            }
            ("POST", "/api/sessions/{id}/shares") => Some(json!({})),
            ("PUT", "/api/sessions/{id}/viewers/{viewer}") => Some(json!({ "mode": "view" })),
            ("POST" | "PUT", path) if path.starts_with("/api/admin/vms") => {
                Some(json!({ "name": name }))
            }
            ("PUT", "/api/users/{email}/role") => Some(json!({ "role": "viewer" })),
            (_, path) if path.starts_with("/api/admin/group-mappings") && method != "GET" => {
                (method != "DELETE").then(|| json!({ "oidc_group": name, "role": "viewer" }))
            }
            _ => None,
        };
        let parameter =
            ["{id}", "{email}", "{endpoint}", "{name}"].into_iter().find(|p| path.contains(p));
        let path = path.replace("{viewer}", &Uuid::new_v4().to_string());
        (parameter.map_or(path.clone(), |parameter| path.replace(parameter, &id)), body)
    }
}

pub fn session_request() -> Value {
    json!({ "session_type": "ssh", "hostname": "192.0.2.1", "username": "somebody" })
}

/// What the contract says of this caller at this operation.
fn expected(caller: &Caller, path: &str, least: Role, success: u16) -> u16 {
    let is_key = caller.user.is_none();
    let makes_tokens = least == Role::Poweruser && path.starts_with("/api/me/tokens");
    match caller.role {
        None => 401,
        Some(role) if role < least || (is_key && makes_tokens) => 403,
        Some(_) => success,
    }
}

#[test]
fn bar_09_the_matrix_has_every_route_that_asks_who_it_is() {
    let declared: BTreeSet<_> = all_routes()
        .list()
        .into_iter()
        .filter_map(|route| match route.access {
            Access::Least(role) => Some((route.method.to_owned(), route.path, role)),
            Access::Open | Access::Other | Access::Portal => None,
        })
        .collect();
    let typed = MATRIX
        .iter()
        .map(|(method, path, role, _)| ((*method).to_owned(), (*path).to_owned(), *role));
    assert_eq!(declared, typed.collect());
}

#[tokio::test]
async fn bar_09_every_operation_answers_every_caller_as_the_contract_says() {
    let fixture = Fixture::with(&[("access.failure_limit", json!(100_000))]).await;
    let callers = fixture.callers().await;
    let mut wrong = Vec::new();
    for (method, path, least, success) in MATRIX {
        for caller in &callers {
            let (path_of_one, body) = fixture.object(method, path, caller).await;
            let verb = Method::from_bytes(method.as_bytes()).unwrap();
            let (status, reply) = fixture.call(&caller.shows, verb, &path_of_one, body).await;
            let expected = expected(caller, path, *least, *success);
            if status.as_u16() != expected {
                let name = caller.name;
                wrong.push(format!("{method} {path}, {name}: {status}, not {expected}: {reply}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
