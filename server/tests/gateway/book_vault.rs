//! The address book in a real OpenBao: as requests see it, as OpenBao sees it, and when
//! OpenBao fails.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::book::{FOLDERS, PROD, web_server};
use crate::harness::Fixture;
use crate::openbao::OpenBao;
use crate::proxy::Proxy;

const EVERYTHING: &str = r#"path "secret/*" { capabilities = ["create", "read", "update",
    "delete", "list"] }"#;
const LOGIN: &str = "POST /v1/auth/approle/login";
const READ: &str = "GET /v1/secret/data/";
/// Longer than a look at Vault is good for.
const NEXT_LOOK: Duration = Duration::from_millis(1100);

/// A gateway whose book is in `bao`, by way of `address`.
async fn gateway(address: &str, login: &(String, String), more: &[(&str, Value)]) -> Fixture {
    let settings = [
        ("book.store", json!("vault")),
        ("book.vault.address", json!(address)),
        ("book.vault.role_id", json!(login.0)),
        ("book.vault.secret_id", json!(login.1)),
    ];
    Fixture::with(&[settings.as_slice(), more].concat()).await
}

fn connect(name: &str) -> String {
    format!("{PROD}/entries/{name}/connect")
}

fn simple(name: &str) -> Value {
    json!({ "name": name, "type": "ssh", "hostname": "192.0.2.1", "password": "canary" })
}

#[tokio::test]
async fn entries_lie_where_the_contract_says_and_those_of_other_programs_are_there_too() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    bao.put("fanlight/shared/staging/.config", json!({ "allowed_groups": ["dev"] })).await;
    bao.put("fanlight/shared/text/.config", json!({ "allowed_groups": "dev" })).await;
    bao.put("fanlight/shared/mixed/.config", json!({ "allowed_groups": ["dev", 7] })).await;
    bao.put("fanlight/shared/silent/.config", json!({ "description": "x" })).await;
    bao.put(
        "fanlight/shared/staging/old",
        json!({ "type": "ssh", "hostname": "10.0.0.9",
        "username": "root", "password": "canary-peer", "port": null }),
    )
    .await;
    bao.put("fanlight/shared/nobody/x", json!({ "type": "gopher", "url": "https://x" })).await;
    let proxy = Proxy::to(bao.port()).await;
    let fixture = gateway(&proxy.address(), &login, &[("book.instance", json!("berlin"))]).await;
    fixture.book(&[web_server()]).await;
    let own = json!({ "scope": "instance", "name": "lab" });
    assert_eq!(fixture.ask(Method::POST, FOLDERS, own).await.0, 201);

    let (stored, version) = bao.secret("fanlight/shared/production/web-01").await;
    assert_eq!((&stored["type"], &stored["password"]), (&json!("ssh"), &json!("canary-4711")));
    assert!(stored.get("name").is_none() && version == 1, "{stored}");
    let (config, _) = bao.secret("fanlight/instance/berlin/lab/.config").await;
    assert_eq!(config, json!({ "allowed_groups": [], "description": "" }));

    let all = fixture.ask(Method::GET, "/api/addressbook/entries", Value::Null).await.1;
    let names: Vec<_> = all.as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, ["x", "web-01", "old"]);
    assert!(!all.to_string().contains("canary"), "{all}");
    assert!(all[0]["problem"].as_str().unwrap().contains("no driver"), "{all}");
    let worker = fixture.person("worker", fanlight::access::Role::Operator).await;
    let seen = fixture.call(&worker.cookie, Method::GET, FOLDERS, None).await.1;
    let seen: Vec<_> = seen.as_array().unwrap().iter().map(|f| f["name"].clone()).collect();
    assert_eq!(seen, ["production", "lab"], "folders that do not say for whom are for admins");
    let staging = format!("{FOLDERS}/shared/staging/entries/old");
    assert_eq!(fixture.ask(Method::POST, &format!("{staging}/connect"), Value::Null).await.0, 201);
    let (status, kept) = fixture.ask(Method::PUT, &staging, json!({ "port": 2222 })).await;
    assert_eq!((status, &kept["version"]), (200, &json!(2)), "{kept}");
    assert_eq!(bao.secret("fanlight/shared/staging/old").await.0["password"], "canary-peer");

    // A connect reads its entry and who may use the folder; a list reads nothing.
    proxy.forget();
    assert_eq!(fixture.ask(Method::POST, &connect("web-01"), Value::Null).await.0, 201);
    assert_eq!(proxy.count(READ), 2);
    fixture.ask(Method::GET, "/api/addressbook/entries", Value::Null).await;
    assert_eq!(proxy.count(READ), 2);
    let list = fixture.get("/api/addressbook/entries").bearer_auth(&fixture.key);
    assert!(list.send().await.unwrap().headers().contains_key("age"));

    let path = format!("{PROD}/entries/web-01");
    assert_eq!(fixture.ask(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(bao.secret("fanlight/shared/production/web-01").await.0, Value::Null);
    assert_eq!(fixture.ask(Method::POST, &connect("web-01"), Value::Null).await.0, 404);
    let again = format!("{PROD}/entries");
    assert_eq!(fixture.ask(Method::POST, &again, simple("web-01")).await.0, 201);
    assert_eq!(fixture.ask(Method::POST, &again, simple("web-01")).await.0, 409);
    assert_eq!(fixture.ask(Method::DELETE, PROD, Value::Null).await.0, 204);
    assert_eq!(bao.secret("fanlight/shared/production/.config").await.0, Value::Null);
}

#[tokio::test]
async fn bar_52_sealed_or_gone_the_book_is_not_available_and_all_else_works() {
    let mut bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    let fixture = gateway(&bao.address(), &login, &[]).await;
    fixture.book(&[simple("one")]).await;
    let entry = format!("{PROD}/entries/one");
    let everything = [
        (Method::GET, FOLDERS.to_owned(), Value::Null),
        (Method::GET, "/api/addressbook/entries".to_owned(), Value::Null),
        (Method::GET, format!("{PROD}/entries"), Value::Null),
        (Method::PUT, entry.clone(), json!({ "port": 22 })),
        (Method::POST, connect("one"), Value::Null),
        (Method::DELETE, PROD.to_owned(), Value::Null),
    ];
    bao.seal().await;
    tokio::time::sleep(NEXT_LOOK).await;
    for (method, path, body) in &everything {
        let (status, reply) = fixture.ask(method.clone(), path, body.clone()).await;
        assert_eq!((status, &reply["code"]), (503, &json!("unavailable")), "{path}: {reply}");
    }
    let session = json!({ "session_type": "ssh", "hostname": "192.0.2.1" });
    assert_eq!(fixture.ask(Method::POST, "/api/sessions", session).await.0, 201);
    assert_eq!(fixture.get("/api/health").send().await.unwrap().status(), 200);
    bao.unseal().await;
    assert_eq!(fixture.ask(Method::POST, &connect("one"), Value::Null).await.0, 201);
    bao.restart().await;
    tokio::time::sleep(NEXT_LOOK).await;
    for (method, path, body) in everything {
        let (status, reply) = fixture.ask(method, &path, body).await;
        assert!(status < 300, "{path}: {status} {reply}");
    }
}

#[tokio::test]
async fn who_is_taken_out_of_a_folder_elsewhere_opens_nothing_of_it_at_once() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    let fixture = gateway(&bao.address(), &login, &[]).await;
    fixture.book(&[simple("one")]).await;
    let worker = fixture.person("worker", fanlight::access::Role::Operator).await;
    let ask = |method, path| fixture.call(&worker.cookie, method, path, None);
    let connect = connect("one");
    assert_eq!(ask(Method::POST, &connect).await.0, 201);
    // The list that the gateway holds is fresh, and knows nothing of this.
    bao.put("fanlight/shared/production/.config", json!({ "allowed_groups": ["others"] })).await;
    let (status, reply) = ask(Method::POST, &connect).await;
    assert_eq!((status.as_u16(), &reply["code"]), (403, &json!("folder_forbidden")), "{reply}");
    let missing = format!("{PROD}/entries/none/connect");
    assert_eq!(ask(Method::POST, &missing).await.0, 403, "nor is told what is there");
}

#[tokio::test]
async fn bar_52_a_gateway_starts_without_its_vault() {
    let nobody = ("role".to_owned(), "secret".to_owned());
    let fixture = gateway("http://127.0.0.1:9", &nobody, &[]).await;
    assert_eq!(fixture.ask(Method::GET, FOLDERS, Value::Null).await.0, 503);
    assert_eq!(fixture.ask(Method::GET, "/api/me", Value::Null).await.1["vault_enabled"], true);
}

#[tokio::test]
async fn bar_53_a_vault_that_does_not_answer_is_told_within_five_seconds() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    let proxy = Proxy::to(bao.port()).await;
    let fixture = gateway(&proxy.address(), &login, &[]).await;
    fixture.book(&[simple("one")]).await;
    proxy.stop_up(true);
    tokio::time::sleep(NEXT_LOOK).await;
    let asked = [
        (Method::GET, FOLDERS.to_owned(), Value::Null),
        (Method::POST, connect("one"), Value::Null),
        (Method::PUT, format!("{PROD}/entries/one"), json!({ "port": 22 })),
    ];
    let begin = Instant::now();
    let replies = join_all(asked.map(async |(method, path, body)| {
        let (status, reply) = fixture.ask(method, &path, body).await;
        assert_eq!((status, &reply["code"]), (504, &json!("store_timed_out")), "{path}: {reply}");
    }));
    replies.await;
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    proxy.stop_up(false);
    tokio::time::sleep(NEXT_LOOK).await;
    assert_eq!(fixture.ask(Method::POST, &connect("one"), Value::Null).await.0, 201);
}

#[tokio::test]
async fn bar_54_a_token_that_is_over_costs_one_login_for_a_hundred_that_wait() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    let proxy = Proxy::to(bao.port()).await;
    let fixture = gateway(&proxy.address(), &login, &[]).await;
    fixture.book(&[simple("one")]).await;
    assert_eq!(proxy.count(LOGIN), 1);
    bao.revoke_tokens().await;
    proxy.forget();
    let path = connect("one");
    let replies = join_all((0..100).map(|_| fixture.ask(Method::POST, &path, Value::Null))).await;
    assert!(replies.iter().all(|(status, _)| *status == 201), "{replies:?}");
    assert_eq!(proxy.count(LOGIN), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_is_over() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({ "token_period": "3s" })).await;
    let proxy = Proxy::to(bao.port()).await;
    let fixture = gateway(&proxy.address(), &login, &[]).await;
    fixture.book(&[simple("one")]).await;
    let begin = Instant::now();
    while proxy.count("/v1/auth/token/renew-self") < 3 {
        assert!(begin.elapsed() < Duration::from_secs(60), "it is not renewed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fixture.ask(Method::POST, &connect("one"), Value::Null).await.0, 201);
}

#[tokio::test]
async fn bar_55_what_vault_denies_is_refused_without_a_storm_of_logins() {
    let bao = OpenBao::start().await;
    let policy = r#"
        path "secret/metadata/*" { capabilities = ["list", "read", "delete"] }
        path "secret/data/fanlight/*" { capabilities = ["read", "create", "update"] }
        path "secret/data/fanlight/shared/production/hidden" { capabilities = ["update"] }
        path "secret/metadata/fanlight/shared/production/two" { capabilities = ["list", "read"] }
    "#;
    for own_look in [true, false] {
        let no_default = json!({ "token_no_default_policy": !own_look });
        let login = bao.role(policy, no_default).await;
        let hidden = json!({ "type": "ssh", "hostname": "a", "password": "canary" });
        bao.put("fanlight/shared/production/hidden", hidden.clone()).await;
        let proxy = Proxy::to(bao.port()).await;
        let fixture = gateway(&proxy.address(), &login, &[]).await;
        let folder = json!({ "scope": "shared", "name": "production" });
        fixture.ask(Method::POST, FOLDERS, folder).await;
        proxy.forget();
        let path = connect("hidden");
        for _ in 0..20 {
            let (status, reply) = fixture.ask(Method::POST, &path, Value::Null).await;
            assert_eq!((status, &reply["code"]), (403, &json!("store_denied")), "{reply}");
        }
        assert!(proxy.count(LOGIN) <= 1, "{} logins", proxy.count(LOGIN));
        // Bar 57: what cannot be read is not written, although it might be.
        let before = bao.secret("fanlight/shared/production/hidden").await;
        let entry = format!("{PROD}/entries/hidden");
        assert_eq!(fixture.ask(Method::PUT, &entry, json!({ "port": 22 })).await.0, 403);
        assert_eq!(bao.secret("fanlight/shared/production/hidden").await, before);
    }
}

#[tokio::test]
async fn bar_58_a_folder_that_is_deleted_in_part_says_so() {
    let bao = OpenBao::start().await;
    let policy = r#"
        path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }
        path "secret/metadata/fanlight/shared/production/two" { capabilities = ["list", "read"] }
    "#;
    let login = bao.role(policy, json!({})).await;
    let fixture = gateway(&bao.address(), &login, &[]).await;
    fixture.book(&[simple("one"), simple("three"), simple("two")]).await;
    let (status, reply) = fixture.ask(Method::DELETE, PROD, Value::Null).await;
    assert_eq!((status, &reply["code"]), (403, &json!("folder_half_deleted")), "{reply}");
    let told = reply["error"].as_str().unwrap();
    assert!(
        told.starts_with("Only 2 of the 3 entries of shared/production were deleted"),
        "{told}"
    );
    let left = fixture.ask(Method::GET, &format!("{PROD}/entries"), Value::Null).await;
    assert_eq!(
        (left.0, &left.1[0]["name"], left.1.as_array().unwrap().len()),
        (200, &json!("two"), 1)
    );
    let log = fixture.ask(Method::GET, "/api/admin/audit", Value::Null).await.1.to_string();
    assert!(log.contains("folder_delete") && log.contains("\"outcome\":\"error\""), "{log}");
}

#[tokio::test]
async fn bar_56_of_two_gateways_that_change_one_version_one_is_told() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    let first = gateway(&bao.address(), &login, &[]).await;
    first.book(&[simple("one")]).await;
    let second = gateway(&bao.address(), &login, &[]).await;
    let path = format!("{PROD}/entries/one");
    let change = |fixture: &'static Fixture, port: u16| {
        let path = path.clone();
        async move { fixture.ask(Method::PUT, &path, json!({ "port": port, "version": 1 })).await }
    };
    let (first, second): (&Fixture, &Fixture) =
        (Box::leak(Box::new(first)), Box::leak(Box::new(second)));
    let (a, b) = tokio::join!(change(first, 1001), change(second, 1002));
    let statuses = [a.0, b.0];
    assert!(statuses.contains(&200) && statuses.contains(&409), "{a:?} {b:?}");
    let (stored, version) = bao.secret("fanlight/shared/production/one").await;
    let won = if a.0 == 200 { 1001 } else { 1002 };
    assert_eq!(
        (&stored["port"], version, &stored["password"]),
        (&json!(won), json!(2), &json!("canary"))
    );
}

#[tokio::test]
async fn a_vault_behind_an_authority_of_ones_own_and_in_a_namespace() {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap().pem();
    let bao = OpenBao::with(Some((&leaf, &key.serialize_pem(), &authority))).await;
    bao.ask(Method::PUT, "sys/namespaces/team", json!({})).await;
    bao.mount_kv("team/").await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, &authority).unwrap();
    let settings = |ca: bool| {
        let mut settings = vec![
            ("book.store", json!("vault")),
            ("book.vault.address", json!(bao.address())),
            ("book.vault.namespace", json!("team")),
            ("book.vault.token", json!(bao.root)),
        ];
        settings.extend(ca.then(|| ("book.vault.ca", json!(ca_file))));
        settings
    };
    let stranger = Fixture::with(&settings(false)).await;
    assert_eq!(stranger.ask(Method::GET, FOLDERS, Value::Null).await.0, 503);
    let fixture = Fixture::with(&settings(true)).await;
    fixture.book(&[simple("one")]).await;
    let at = "team/secret/data/fanlight/shared/production/one";
    let stored = bao.ask(Method::GET, at, Value::Null).await;
    assert_eq!(stored["data"]["data"]["password"], "canary");
}

#[test]
fn what_is_wrong_with_the_settings_is_told_by_key() {
    let load = |more: &[(&str, Value)]| {
        let flags = [&[("book.store", json!("vault"))], more].concat();
        let flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let sources = fanlight::config::Sources { flags, ..Default::default() };
        sources.load().map(drop).map_err(|error| error.to_string()).err().unwrap_or_default()
    };
    let address = ("book.vault.address", json!("https://vault.example.com:8200"));
    assert!(load(&[]).contains("book.vault.address is required"));
    assert!(load(std::slice::from_ref(&address)).contains("book.vault.role_id is required"));
    let plain = [
        ("book.vault.address", json!("http://vault.example.com")),
        ("book.vault.token", json!("t")),
    ];
    assert!(load(&plain).contains("book.vault.address must be like"));
    let outside =
        [address.clone(), ("book.vault.token", json!("t")), ("book.vault.base", json!("a/../b"))];
    assert!(load(&outside).contains("book.vault.base must be names"));
    let file =
        [address, ("book.vault.token", json!("t")), ("book.vault.ca", json!("/nonexistent"))];
    assert!(load(&file).contains("book.vault.ca names no file"));
}

#[tokio::test]
async fn personal_credentials_lie_beside_the_book_and_cost_one_read_more() {
    let bao = OpenBao::start().await;
    let login = bao.role(EVERYTHING, json!({})).await;
    let proxy = Proxy::to(bao.port()).await;
    let fixture = gateway(&proxy.address(), &login, &[]).await;
    fixture.book(&[crate::book_personal::corporate(), simple("plain")]).await;
    let ann = fixture.person("ann", fanlight::access::Role::Operator).await;
    for (name, value) in [("corp_username", "ann"), ("corp_password", "canary-ann")] {
        assert_eq!(fixture.set(&ann.cookie, name, value).await, 204);
    }
    let at = format!("fanlight/personal/user-{}/credentials", ann.user.id);
    let (stored, version) = bao.secret(&at).await;
    let expected = json!({ "corp_username": "ann", "corp_password": "canary-ann" });
    assert_eq!((stored, version), (expected, json!(2)));
    proxy.forget();
    for (name, reads) in [("plain", 2), ("corp", 5)] {
        let made = fixture.call(&ann.cookie, Method::POST, &connect(name), None).await;
        assert_eq!((made.0.as_u16(), proxy.count(READ)), (201, reads), "{}", made.1);
    }
    let user = format!("/api/users/{}", ann.user.id);
    assert_eq!(fixture.ask(Method::DELETE, &user, Value::Null).await.0, 204);
    assert_eq!(bao.secret(&at).await.0, Value::Null);
}
