//! The address book as requests see it.

use fanlight::access::Role;
use fanlight::serve::Gateway;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database;
use crate::harness::Fixture;

pub const FOLDERS: &str = "/api/addressbook/folders";
pub const PROD: &str = "/api/addressbook/folders/shared/production";

impl Fixture {
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let body = (!body.is_null()).then_some(body);
        let (status, reply) = self.call(&self.key, method, path, body).await;
        (status.as_u16(), reply)
    }

    /// A folder `production` and in it what is listed.
    pub async fn book(&self, entries: &[Value]) {
        let folder = json!({ "scope": "shared", "name": "production" });
        assert_eq!(self.ask(Method::POST, FOLDERS, folder).await.0, 201);
        for entry in entries {
            let path = format!("{PROD}/entries");
            let (status, reply) = self.ask(Method::POST, &path, entry.clone()).await;
            assert_eq!(status, 201, "{reply}");
        }
    }

    pub async fn entry(&self, name: &str) -> Value {
        let list = self.ask(Method::GET, &format!("{PROD}/entries"), Value::Null).await.1;
        let found = list.as_array().unwrap().iter().find(|entry| entry["name"] == name);
        found.unwrap().clone()
    }

    /// The secrets as they are stored, by way of the store itself.
    async fn stored(&self, name: &str) -> Value {
        let who = self.key_holder().await;
        let path = fanlight::book::EntryPath {
            folder: fanlight::book::FolderPath {
                scope: fanlight::book::Scope::Shared,
                name: "production".parse().unwrap(),
            },
            name: name.parse().unwrap(),
        };
        let book = &self.gateway.app.book;
        let request = book.session_request(&who, &path, &Default::default()).await.unwrap();
        Value::Object(request)
    }

    async fn key_holder(&self) -> fanlight::access::Identity {
        let keys = self.gateway.app.store.api_keys().await.unwrap();
        let credential = fanlight::access::Credential::ApiKey(keys[0].id);
        let store = &self.gateway.app.store;
        fanlight::access::identity_behind(store, credential).await.unwrap().unwrap()
    }
}

/// A key that is encrypted, and the passphrase of it.
const KEY: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC3VEPkh+\n\
YCFYpF95I1RzG7AAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIKvPDDzotixst/G9\n\
jpWRRWmWdD0KIE5MF0zoPwrd8WfvAAAAkPTOrqo7+sdU8iRv/7WOzEfLhdAENDF7Q3fPLI\n\
dKmcoCQsQnHVUECr9SWvJpyR3adUQnPrbxT8IcSCPPy21n/PymXAS/RiTnWFvqxQnxIn4B\n\
Gs5awfBHOJaE8LSo2Z0TjaaZRciCvxRhiO3fRbLXN/UJrJmOscHxVwhqMsXay+ixdWbKUu\n\
fZBFjb5ub4mvphpw==\n\
-----END OPENSSH PRIVATE KEY-----\n";

pub fn web_server() -> Value {
    json!({ "name": "web-01", "type": "ssh", "hostname": "192.0.2.1", "port": 2222,
        "username": "root", "password": "canary-4711", "private_key": KEY,
        "passphrase": "correct horse", "display_name": "Web server", "tags": ["web", "eu"] })
}

#[tokio::test]
async fn folders_are_made_listed_changed_and_deleted() {
    let fixture = Fixture::start().await;
    let new = json!({ "scope": "shared", "name": "production",
        "allowed_groups": ["engineering", "devops"], "description": "Production servers" });
    let (status, made) = fixture.ask(Method::POST, FOLDERS, new.clone()).await;
    let mut expected = new.clone();
    expected["admins_only"] = json!(false);
    assert_eq!((status, &made), (201, &expected));
    let again = fixture.ask(Method::POST, FOLDERS, new).await;
    assert_eq!(again.0, 409);
    assert_eq!(again.1["error"], "The folder shared/production exists already.");
    let own = json!({ "scope": "instance", "name": "production" });
    assert_eq!(fixture.ask(Method::POST, FOLDERS, own).await.0, 201);
    let change = json!({ "allowed_groups": ["ops"] });
    let (status, changed) = fixture.ask(Method::PUT, PROD, change).await;
    assert_eq!((status, &changed["allowed_groups"]), (200, &json!(["ops"])));
    assert_eq!(changed["description"], "Production servers");
    let list = fixture.ask(Method::GET, FOLDERS, Value::Null).await.1;
    let names: Vec<_> = list.as_array().unwrap().iter().map(|f| f["scope"].clone()).collect();
    assert_eq!(names, ["shared", "instance"]);
    assert_eq!(fixture.ask(Method::DELETE, PROD, Value::Null).await.0, 204);
    let gone = fixture.ask(Method::DELETE, PROD, Value::Null).await;
    assert_eq!((gone.0, &gone.1["code"]), (404, &json!("not_found")));
    assert_eq!(fixture.ask(Method::PUT, PROD, json!({})).await.0, 404);
}

#[tokio::test]
async fn bar_80_an_entry_is_listed_without_its_secrets() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let mut entry = fixture.entry("web-01").await;
    assert!(entry["updated_at"].is_string());
    entry.as_object_mut().unwrap().remove("updated_at");
    let expected = json!({ "scope": "shared", "folder": "production", "name": "web-01",
        "type": "ssh", "display_name": "Web server", "tags": ["web", "eu"],
        "prompt_credentials": false, "has_credentials": true, "asks_credentials": false,
        "stored_secrets": ["password", "private_key", "passphrase"], "version": 1,
        "hostname": "192.0.2.1", "port": 2222, "username": "root" });
    assert_eq!(entry, expected);
    let all = fixture.ask(Method::GET, "/api/addressbook/entries", Value::Null).await.1;
    assert_eq!(all[0]["name"], "web-01");
    assert!(!all.to_string().contains("canary"), "{all}");
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name_and_null_clears() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let path = format!("{PROD}/entries/web-01");
    let change = json!({ "port": 22, "tags": null, "passphrase": null,
        "private_key": null });
    let (status, changed) = fixture.ask(Method::PUT, &path, change).await;
    assert_eq!((status, &changed["version"]), (200, &json!(2)));
    assert_eq!(changed["stored_secrets"], json!(["password"]));
    assert_eq!((&changed["port"], &changed["tags"]), (&json!(22), &json!([])));
    let stored = fixture.stored("web-01").await;
    assert_eq!(stored["password"], "canary-4711");
    assert!(stored.get("passphrase").is_none());
    assert_eq!(fixture.ask(Method::DELETE, &path, Value::Null).await.0, 204);
    for method in [Method::DELETE, Method::PUT] {
        let body = if method == Method::PUT { json!({ "port": 1 }) } else { Value::Null };
        let (status, reply) = fixture.ask(method, &path, body).await;
        assert_eq!(status, 404, "{reply}");
        assert_eq!(reply["error"], "There is no entry shared/production/web-01.");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_entry_is_told_by_field_and_not_echoed() {
    let fixture = Fixture::start().await;
    fixture.book(&[]).await;
    let path = format!("{PROD}/entries");
    let cases = [
        (json!({ "type": "ssh", "hostname": "a" }), "name", "is required"),
        (json!({ "name": 5, "type": "ssh" }), "name", "must be a string"),
        (json!({ "name": "x", "hostname": "a" }), "type", "is required"),
        (json!({ "name": "x", "type": "gopher" }), "type", "must be one of:"),
        (json!({ "name": "x", "type": "ssh" }), "hostname", "is required"),
        (
            json!({ "name": "x", "type": "ssh", "hostname": "a", "pasword": "canary" }),
            "pasword",
            "is not a known field",
        ),
        (
            json!({ "name": "x", "type": "ssh", "hostname": "a", "port": 65536 }),
            "port",
            "must be 1-65535",
        ),
        (
            json!({ "name": "x", "type": "ssh", "hostname": "a", "password": "canary\n" }),
            "password",
            "must not contain control characters or line breaks",
        ),
        (
            json!({ "name": "x", "type": "ssh", "hostname": "a", "width": 100 }),
            "width",
            "is not a field of an entry",
        ),
        (
            json!({ "name": "x", "type": "ssh", "hostname": "a", "tags": "web" }),
            "tags",
            "must be an array",
        ),
        (
            json!({ "name": "x", "type": "ssh", "hostname": "a", "prompt_credentials": "yes" }),
            "prompt_credentials",
            "must be a boolean",
        ),
    ];
    for (body, field, message) in cases {
        let (status, reply) = fixture.ask(Method::POST, &path, body.clone()).await;
        assert_eq!(status, 400, "{body}: {reply}");
        let told = reply["fields"][field].as_str().unwrap_or_default();
        assert!(told.starts_with(message), "{body}: {reply}");
        assert!(!reply.to_string().contains("canary"), "{reply}");
    }
    let none = format!("{FOLDERS}/shared/none/entries");
    let (status, reply) = fixture.ask(Method::POST, &none, web_server()).await;
    assert_eq!((status, &reply["error"]), (404, &json!("There is no folder shared/none.")));
}

/// A request line that no HTTP library has tidied.
async fn raw(gateway: &Gateway, key: &str, method: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(gateway.address()).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    socket.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test]
async fn bar_38_no_name_of_a_folder_or_an_entry_leads_out_of_its_place() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let names = [
        "..",
        ".",
        ".config",
        "%2e%2e",
        "%252e%252e",
        "%252f",
        "a%2fb",
        "..%2fproduction",
        "a%5cb",
        "%00",
        "a%00",
        "%C3%A9",
        "a%20b",
        "a:b",
        "~root",
    ];
    for name in names {
        for path in
            [format!("{FOLDERS}/shared/{name}/entries"), format!("{PROD}/entries/{name}/connect")]
        {
            let method = if path.ends_with("connect") { "POST" } else { "GET" };
            let reply = raw(&fixture.gateway, &fixture.key, method, &path).await;
            assert!(reply.starts_with("HTTP/1.1 400"), "{path}: {reply}");
            assert!(reply.contains("letters, digits"), "{path}: {reply}");
        }
        let decoded = url::Url::parse(&format!("http://x/?{name}")).unwrap();
        let text = decoded.query().unwrap().to_owned();
        let folder = json!({ "scope": "shared", "name": text });
        assert_eq!(fixture.ask(Method::POST, FOLDERS, folder).await.0, 400, "{name}");
        let entry = json!({ "name": text, "type": "ssh", "hostname": "a" });
        let entries = format!("{PROD}/entries");
        assert_eq!(fixture.ask(Method::POST, &entries, entry).await.0, 400, "{name}");
    }
    let path = format!("{FOLDERS}/../x/entries");
    let scope = raw(&fixture.gateway, &fixture.key, "GET", &path).await;
    assert!(scope.starts_with("HTTP/1.1 400") && scope.contains("shared or instance"), "{scope}");
}

#[tokio::test]
async fn bar_09_a_folder_is_for_its_groups_and_for_admins() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let everybodys = fixture.person("worker", Role::Operator).await;
    let viewer = fixture.person("viewer", Role::Viewer).await;
    let seen = async |cookie: &str| {
        let (_, folders) = fixture.call(cookie, Method::GET, FOLDERS, None).await;
        let (_, all) = fixture.call(cookie, Method::GET, "/api/addressbook/entries", None).await;
        let entries = format!("{PROD}/entries");
        let (list, _) = fixture.call(cookie, Method::GET, &entries, None).await;
        let connect = format!("{PROD}/entries/web-01/connect");
        let (connected, _) = fixture.call(cookie, Method::POST, &connect, None).await;
        let count = |list: &Value| list.as_array().map_or(0, Vec::len);
        (count(&folders), count(&all), list.as_u16(), connected.as_u16())
    };
    assert_eq!(seen(&everybodys.cookie).await, (1, 1, 200, 201));
    assert_eq!(seen(&viewer.cookie).await, (0, 0, 403, 403));
    for (groups, expected) in
        [(json!(["others"]), (0, 0, 403, 403)), (json!(["others", "everybody"]), (1, 1, 200, 201))]
    {
        let change = json!({ "allowed_groups": groups });
        assert_eq!(fixture.ask(Method::PUT, PROD, change).await.0, 200);
        assert_eq!(seen(&everybodys.cookie).await, expected);
        assert_eq!(seen(&viewer.cookie).await, (0, 0, 403, 403));
        assert_eq!(seen(&fixture.key).await, (1, 1, 200, 201));
    }
}

#[tokio::test]
async fn an_entry_connects_with_what_is_stored_or_brought_and_stores_nothing_of_it() {
    let fixture = Fixture::start().await;
    let mut asking = web_server();
    asking["name"] = json!("asking");
    asking["prompt_credentials"] = json!(true);
    let desktop = json!({ "name": "switch", "type": "telnet", "hostname": "192.0.2.9" });
    fixture.book(&[web_server(), asking, desktop]).await;
    let connect = async |name: &str, body: Value| {
        fixture.ask(Method::POST, &format!("{PROD}/entries/{name}/connect"), body).await
    };
    let (status, made) = connect("web-01", Value::Null).await;
    assert_eq!(status, 201, "{made}");
    let session = made["session_id"].as_str().unwrap();
    let session = fixture.ask(Method::GET, &format!("/api/sessions/{session}"), Value::Null).await;
    assert_eq!(session.1["name"], "Web server");
    assert_eq!(session.1["hostname"], "192.0.2.1");
    let (status, refusal) = connect("asking", json!({ "username": "jdoe" })).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("credentials_required")));
    let own = json!({ "username": "jdoe", "password": "canary-own", "width": 1920,
        "height": 1080, "dpi": 96 });
    assert_eq!(connect("asking", own.clone()).await.0, 201);
    assert_eq!(connect("web-01", own).await.0, 201);
    let (status, reply) = connect("switch", json!({ "private_key": "canary-own" })).await;
    assert_eq!(
        (status, &reply["fields"]["private_key"]),
        (400, &json!("is of no use for this entry"))
    );
    for wrong in [json!({ "width": 10 }), json!({ "jump_hosts": [] }), json!({ "hostname": "b" })] {
        assert_eq!(connect("web-01", wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(connect("none", Value::Null).await.0, 404);
    for name in ["web-01", "asking"] {
        assert_eq!(fixture.entry(name).await["version"], 1);
    }
    assert_eq!(fixture.stored("web-01").await["username"], "root");
}

#[tokio::test]
async fn stored_secrets_serve_the_stored_account_alone() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let who = fixture.key_holder().await;
    let path = fanlight::book::EntryPath {
        folder: fanlight::book::FolderPath {
            scope: fanlight::book::Scope::Shared,
            name: "production".parse().unwrap(),
        },
        name: "web-01".parse().unwrap(),
    };
    let with = async |overrides: Value| {
        let overrides = serde_json::from_value(overrides).unwrap();
        let book = &fixture.gateway.app.book;
        Value::Object(book.session_request(&who, &path, &overrides).await.unwrap())
    };
    assert_eq!(with(json!({ "username": "root" })).await["password"], "canary-4711");
    let other = with(json!({ "username": "jdoe" })).await;
    let text = other.to_string();
    assert!(!text.contains("canary") && !text.contains("PRIVATE KEY"), "{text}");
    let own = with(json!({ "password": "mine" })).await;
    assert!(own["password"] == "mine" && own.get("private_key").is_none(), "{own}");
}

#[tokio::test]
async fn bar_56_of_two_changes_of_one_version_one_is_done_and_one_told() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let path = format!("{PROD}/entries/web-01");
    let change = |port: u16| {
        let body = json!({ "port": port, "version": 1 });
        fixture.ask(Method::PUT, &path, body)
    };
    let replies = join_all((1000..1008).map(change)).await;
    let won: Vec<_> = replies.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!(won.len(), 1, "{replies:?}");
    assert!(replies.iter().all(|(status, reply)| *status == 200 || reply["code"] == "changed"));
    assert_eq!(fixture.entry("web-01").await["port"], won[0].1["port"]);
    assert_eq!(fixture.stored("web-01").await["password"], "canary-4711");
    let settings = json!({ "port": 1, "version": "1" });
    assert_eq!(fixture.ask(Method::PUT, &path, settings).await.0, 400);
}

#[tokio::test]
async fn bar_56_changes_without_a_version_lose_nothing_either() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let path = format!("{PROD}/entries/web-01");
    let fields = [json!({ "port": 1 }), json!({ "username": "a" }), json!({ "tags": ["t"] })];
    let replies = join_all(fields.map(|body| fixture.ask(Method::PUT, &path, body))).await;
    let entry = fixture.entry("web-01").await;
    let done = replies.iter().filter(|(status, _)| *status == 200).count();
    assert!(replies.iter().all(|(status, _)| [200, 409].contains(status)), "{replies:?}");
    assert_eq!(entry["version"], 1 + done);
    let kept = [entry["port"] == 1, entry["username"] == "a", entry["tags"] == json!(["t"])];
    for (kept, (status, _)) in kept.into_iter().zip(replies) {
        assert_eq!(kept, status == 200, "an acknowledged change is lost");
    }
}

#[tokio::test]
async fn bar_57_what_cannot_be_read_is_not_written() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let place = &fixture.gateway.app.config.database.place;
    let mut other = database::connect(place).await;
    let sealed = "SELECT sealed, version FROM book_entries";
    let read = other.fetch_one(AssertSqlSafe(sealed)).await.unwrap();
    let whole: String = read.try_get("sealed").unwrap();
    let damaged = format!("{}AAAA{}", &whole[..20], &whole[24..]);
    let damage = format!("UPDATE book_entries SET sealed = '{damaged}'");
    other.execute(AssertSqlSafe(damage)).await.unwrap();
    let path = format!("{PROD}/entries/web-01");
    for (method, path, body) in [
        (Method::PUT, path.clone(), json!({ "port": 22 })),
        (Method::GET, format!("{PROD}/entries"), Value::Null),
        (Method::POST, format!("{path}/connect"), Value::Null),
    ] {
        let (status, reply) = fixture.ask(method, &path, body).await;
        assert_eq!((status, &reply["code"]), (503, &json!("unavailable")), "{reply}");
    }
    let read = other.fetch_one(AssertSqlSafe(sealed)).await.unwrap();
    assert_eq!(read.try_get::<String, _>("sealed").unwrap(), damaged);
    assert_eq!(read.try_get::<i64, _>("version").unwrap(), 1);
}

#[tokio::test]
async fn bar_58_a_folder_goes_with_all_its_entries_or_not_at_all() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    assert_eq!(fixture.ask(Method::DELETE, PROD, Value::Null).await.0, 204);
    let place = &fixture.gateway.app.config.database.place;
    let mut other = database::connect(place).await;
    let left = other.fetch_one("SELECT COUNT(*) FROM book_entries").await.unwrap();
    assert_eq!(left.try_get::<i64, _>(0).unwrap(), 0);
}

#[tokio::test]
async fn bar_60_a_database_that_is_locked_too_long_is_told() {
    let fixture = Fixture::with(&[("database.busy_timeout", json!("300ms"))]).await;
    fixture.book(&[web_server()]).await;
    let locked = database::lock(&fixture.gateway.app.config.database.place).await;
    let path = format!("{PROD}/entries/web-01");
    let (status, reply) = fixture.ask(Method::PUT, &path, json!({ "port": 22 })).await;
    assert_eq!((status, &reply["code"]), (503, &json!("unavailable")), "{reply}");
    drop(locked);
    assert_eq!(fixture.ask(Method::PUT, &path, json!({ "port": 22 })).await.0, 200);
}

#[tokio::test]
async fn what_is_done_with_the_book_is_audited() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let path = format!("{PROD}/entries/web-01");
    fixture.ask(Method::PUT, &path, json!({ "password": "canary-4713" })).await;
    fixture.ask(Method::POST, &format!("{path}/connect"), Value::Null).await;
    fixture.ask(Method::DELETE, &path, Value::Null).await;
    fixture.ask(Method::DELETE, PROD, Value::Null).await;
    let log = fixture.ask(Method::GET, "/api/admin/audit", Value::Null).await.1;
    let text = log.to_string();
    for action in ["folder_create", "entry_create", "entry_update", "entry_delete", "folder_delete"]
    {
        assert!(text.contains(action), "{action}");
    }
    assert!(text.contains("\"entry\":\"shared/production/web-01\""), "{text}");
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(fixture.status_of(&fixture.key).await, StatusCode::OK);
}

#[tokio::test]
async fn an_entry_can_be_tried_without_making_a_session() {
    let fixture = Fixture::with(&[("network.allow", json!(["127.0.0.0/8"]))]).await;
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut entry = web_server();
    entry["hostname"] = json!("127.0.0.1");
    entry["port"] = json!(port);
    let mut asking = entry.clone();
    asking["name"] = json!("asking");
    asking["prompt_credentials"] = json!(true);
    fixture.book(&[entry, asking]).await;
    let attempt = async |name: &str| {
        let path = format!("{PROD}/entries/{name}/connect?dry_run=true");
        fixture.ask(Method::POST, &path, json!({})).await
    };
    let (status, trial) = attempt("web-01").await;
    assert_eq!((status, &trial["reached"]), (200, &json!(false)), "{trial}");
    let last = trial["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["state"], "failed", "{trial}");
    assert!(!trial.to_string().contains("canary"), "{trial}");
    assert_eq!(attempt("asking").await.1["code"], "credentials_required");
    let sessions = fixture.ask(Method::GET, "/api/sessions", Value::Null).await.1;
    assert_eq!(sessions, json!([]));
    let audit = fixture.ask(Method::GET, "/api/admin/audit?action=session_try", Value::Null).await;
    assert!(audit.1.to_string().contains("shared/production/web-01"), "{}", audit.1);
}
