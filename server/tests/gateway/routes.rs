use std::collections::BTreeSet;

use fanlight::access::{Access, Role};
use fanlight::api::all_routes;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::Fixture;

const ANY: Access = Access::Least(Role::Viewer);
const OPERATOR: Access = Access::Least(Role::Operator);
const POWERUSER: Access = Access::Least(Role::Poweruser);
const ADMIN: Access = Access::Least(Role::Admin);

/// The contract, section 2, for what exists.
const CONTRACT: &[(&str, &str, Access)] = &[
    ("GET", "/api/health", Access::Open),
    ("GET", "/api/auth/status", Access::Open),
    ("POST", "/api/auth/sign-in", Access::Open),
    ("GET", "/sign-in/{token}", Access::Open),
    ("GET", "/auth/logout", Access::Open),
    ("GET", "/auth/login", Access::Open),
    ("GET", "/auth/callback", Access::Open),
    ("GET", "/api/me", ANY),
    ("POST", "/api/me/tokens", POWERUSER),
    ("GET", "/api/me/tokens", OPERATOR),
    ("DELETE", "/api/me/tokens/{id}", POWERUSER),
    ("GET", "/api/drivers", ANY),
    ("GET", "/api/presets", ANY),
    ("POST", "/api/sessions", POWERUSER),
    ("GET", "/api/sessions", OPERATOR),
    ("GET", "/api/sessions/history", OPERATOR),
    ("GET", "/api/sessions/history.csv", OPERATOR),
    ("GET", "/api/sessions/{id}", OPERATOR),
    ("DELETE", "/api/sessions/{id}", OPERATOR),
    ("GET", "/api/sessions/{id}/steps", OPERATOR),
    ("POST", "/api/sessions/{id}/reconnect", OPERATOR),
    ("GET", "/api/sessions/{id}/banner", Access::Other),
    ("GET", "/api/sessions/{id}/shares", OPERATOR),
    ("POST", "/api/sessions/{id}/shares", OPERATOR),
    ("DELETE", "/api/sessions/{id}/shares/{share}", OPERATOR),
    ("PUT", "/api/sessions/{id}/viewers/{viewer}", OPERATOR),
    ("DELETE", "/api/sessions/{id}/viewers/{viewer}", OPERATOR),
    ("GET", "/api/recordings", OPERATOR),
    ("GET", "/api/recordings/{name}", OPERATOR),
    ("DELETE", "/api/recordings/{name}", ADMIN),
    ("GET", "/api/recordings/{name}/index", OPERATOR),
    ("GET", "/api/recordings/{name}/about", OPERATOR),
    ("POST", "/api/ws-ticket", OPERATOR),
    ("GET", "/open/{token}", Access::Open),
    ("GET", "/ws/{id}", Access::Other),
    ("GET", "/api/admin/host-keys", ADMIN),
    ("POST", "/api/admin/host-keys", ADMIN),
    ("DELETE", "/api/admin/host-keys/{endpoint}", ADMIN),
    ("GET", "/api/users", ADMIN),
    ("DELETE", "/api/users/{email}", ADMIN),
    ("PUT", "/api/users/{email}/role", ADMIN),
    ("POST", "/api/users/{email}/disable", ADMIN),
    ("POST", "/api/users/{email}/enable", ADMIN),
    ("DELETE", "/api/users/{email}/sessions", ADMIN),
    ("GET", "/api/admin/group-mappings", ADMIN),
    ("POST", "/api/admin/group-mappings", ADMIN),
    ("PUT", "/api/admin/group-mappings/{id}", ADMIN),
    ("DELETE", "/api/admin/group-mappings/{id}", ADMIN),
    ("GET", "/api/admin/user-tokens", ADMIN),
    ("POST", "/api/admin/user-tokens", ADMIN),
    ("DELETE", "/api/admin/user-tokens/{id}", ADMIN),
    ("GET", "/api/admin/vms", ADMIN),
    ("POST", "/api/admin/vms", ADMIN),
    ("GET", "/api/admin/vms/{id}", ADMIN),
    ("PUT", "/api/admin/vms/{id}", ADMIN),
    ("DELETE", "/api/admin/vms/{id}", ADMIN),
    ("POST", "/api/v1/guacamole/{protocol}", Access::Portal),
    ("POST", "/api/v1/guacamole/disconnect", Access::Portal),
    ("GET", "/api/v1/guacamole/connections", Access::Portal),
    ("DELETE", "/api/v1/guacamole/deleteConnection", Access::Portal),
    ("DELETE", "/api/v1/guacamole/connections/{connection_id}", Access::Portal),
    ("GET", "/api/admin/audit", ADMIN),
    ("GET", "/api/admin/audit.csv", ADMIN),
    ("GET", "/api/admin/token-audit", ADMIN),
    ("GET", "/metrics", Access::Open),
    ("GET", "/api/me/credentials", OPERATOR),
    ("PUT", "/api/me/credentials/{name}", OPERATOR),
    ("DELETE", "/api/me/credentials/{name}", OPERATOR),
    ("GET", "/api/addressbook/folders", OPERATOR),
    ("POST", "/api/addressbook/folders", ADMIN),
    ("PUT", "/api/addressbook/folders/{scope}/{folder}", ADMIN),
    ("DELETE", "/api/addressbook/folders/{scope}/{folder}", ADMIN),
    ("GET", "/api/addressbook/entries", OPERATOR),
    ("GET", "/api/addressbook/folders/{scope}/{folder}/entries", OPERATOR),
    ("POST", "/api/addressbook/folders/{scope}/{folder}/entries", ADMIN),
    ("PUT", "/api/addressbook/folders/{scope}/{folder}/entries/{entry}", ADMIN),
    ("DELETE", "/api/addressbook/folders/{scope}/{folder}/entries/{entry}", ADMIN),
    ("POST", "/api/addressbook/folders/{scope}/{folder}/entries/{entry}/connect", OPERATOR),
    ("GET", "/api/connect", Access::Other),
    ("POST", "/api/connect", Access::Other),
    ("GET", "/api/openapi.json", Access::Open),
    ("GET", "/api/docs", Access::Open),
    ("GET", "/api/docs/style.css", Access::Open),
];

const SOME_ID: &str = "01900000-0000-7000-8000-000000000000";

fn concrete(path: &str) -> String {
    let path = path.replace("{id}", SOME_ID).replace("{token}", "none");
    let path = path.replace("{share}", SOME_ID).replace("{viewer}", SOME_ID);
    let path = path.replace("{protocol}", "ssh").replace("{connection_id}", "ssh-1-1");
    let path = path.replace("{scope}", "shared").replace("{folder}", "none");
    let path = path.replace("{entry}", "none");
    path.replace("{endpoint}", "none.example:22").replace("{email}", "nobody@example.com")
}

#[test]
fn bar_09_the_routes_and_their_roles_are_those_of_the_contract() {
    let declared: BTreeSet<_> = all_routes()
        .list()
        .into_iter()
        .map(|route| format!("{} {} {:?}", route.method, route.path, route.access))
        .collect();
    let expected: BTreeSet<_> = CONTRACT
        .iter()
        .map(|(method, path, access)| format!("{method} {path} {access:?}"))
        .collect();
    assert_eq!(declared, expected);
}

#[tokio::test]
async fn bar_09_nobody_is_refused_and_an_api_key_let_in_as_the_contract_says() {
    let fixture = Fixture::start().await;
    for (method, path, access) in CONTRACT {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let ask = || fixture.http.request(method.clone(), fixture.url(&concrete(path)));
        let nobody = ask().send().await.unwrap().status();
        let key = ask().bearer_auth(&fixture.key).send().await.unwrap().status();
        let protected = matches!(access, Access::Least(_) | Access::Portal);
        assert_eq!(nobody == StatusCode::UNAUTHORIZED, protected, "{method} {path}: {nobody}");
        let let_in = key != StatusCode::UNAUTHORIZED && key != StatusCode::FORBIDDEN;
        let not_for_keys = *path == "/ws/{id}" || path.starts_with("/api/me/tokens");
        assert!(let_in || not_for_keys, "{method} {path}: {key}");
        assert!(!key.is_server_error() && !nobody.is_server_error(), "{method} {path}");
    }
}

async fn document(fixture: &Fixture) -> Value {
    fixture.get("/api/openapi.json").send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_document_and_the_router_name_the_same_routes() {
    let fixture = Fixture::start().await;
    let document = document(&fixture).await;
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
            let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let ask = fixture.http.request(verb, fixture.url(&concrete(path)));
            let reply = ask.send().await.unwrap();
            assert_ne!(reply.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            let text = reply.text().await.unwrap();
            assert!(!text.contains("no such route"), "{method} {path}");
        }
    }
    let declared: BTreeSet<_> = all_routes()
        .list()
        .into_iter()
        .map(|route| (route.method.to_owned(), route.path))
        .collect();
    assert_eq!(documented, declared);
}

#[tokio::test]
async fn the_document_is_whole() {
    let fixture = Fixture::start().await;
    let document = document(&fixture).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is used twice");
            assert!(operation["summary"].is_string(), "{id}");
            assert!(operation["security"].is_array(), "{id}");
        }
    }
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some_and(Value::is_object), "{reference}");
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn session_requests_are_described_by_the_registered_drivers() {
    let fixture = Fixture::start().await;
    let document = document(&fixture).await;
    let body = &document["paths"]["/api/sessions"]["post"]["requestBody"]["content"];
    let reference = body["application/json"]["schema"]["$ref"].as_str().unwrap();
    assert_eq!(reference, "#/components/schemas/SessionRequest");
    let variants = document["components"]["schemas"]["SessionRequest"]["oneOf"].as_array().unwrap();
    let drivers = fixture.gateway.app.drivers.iter().count();
    assert_eq!(variants.len(), drivers + 1);
    let types: Vec<_> = variants
        .iter()
        .filter_map(|variant| variant["properties"]["session_type"]["const"].as_str())
        .collect();
    assert_eq!(types, fixture.gateway.app.drivers.ids().collect::<Vec<_>>());
    for variant in variants {
        assert!(variant["properties"]["width"].is_object(), "{}", variant["title"]);
    }
}

#[tokio::test]
async fn the_page_of_the_api_has_no_inline_script_or_style() {
    let fixture = Fixture::start().await;
    let reply = fixture.get("/api/docs").send().await.unwrap();
    assert_eq!(reply.headers()["content-type"], "text/html; charset=utf-8");
    let page = reply.text().await.unwrap();
    for forbidden in ["<script", "<style", " style=", " onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("POST /api/sessions") && page.contains("/api/docs/style.css"));
}
