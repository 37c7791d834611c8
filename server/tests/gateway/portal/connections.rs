use fanlight::access::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{refused, service};
use crate::harness::Fixture;

const LIST: &str = "/api/v1/guacamole/connections";
const DELETE: &str = "/api/v1/guacamole/deleteConnection";

impl Fixture {
    async fn list(&self, who: &str) -> Value {
        let (status, list) = self.call(who, Method::GET, LIST, None).await;
        assert_eq!((status, &list["code"]), (StatusCode::OK, &json!(200)), "{list}");
        list
    }

    async fn connected(&self, who: &str, body: Value) -> Value {
        let (status, made) = self.portal(who, "ssh", body).await;
        assert_eq!(status, StatusCode::OK, "{made}");
        made["data"].clone()
    }
}

#[tokio::test]
async fn connections_are_listed_disconnected_and_deleted_by_their_owner_and_admins() {
    let fixture = Fixture::start().await;
    let (_listener, address) = service();
    let ada = fixture.person("ada", Role::Operator).await;
    let eve = fixture.person("eve", Role::Operator).await;
    let machine = json!({
        "id": "60d", "name": "Build host", "addresses": [address.ip()],
        "allowed_groups": ["everybody"],
    });
    fixture.enter(machine).await;
    let nothing = json!({ "code": 200, "message": "No connections found", "data": [] });
    assert_eq!(fixture.list(&ada.cookie).await, nothing);

    let body = json!({ "vm_id": "60d", "port": address.port(), "username": "root" });
    let made = fixture.connected(&ada.cookie, body).await;
    let id = made["connection_id"].as_str().unwrap();
    let item = json!({
        "connection_id": id,
        "name": "Build host",
        "protocol": "ssh",
        "parameters": { "hostname": address.ip(), "port": address.port(), "username": "root" },
        "created_at": made["created_at"],
        "status": "active",
    });
    let one = json!({ "code": 200, "message": "Found 1 connections", "data": [item] });
    assert_eq!(fixture.list(&ada.cookie).await, one);
    assert_eq!(fixture.list(&fixture.key).await, one);
    assert_eq!(fixture.list(&eve.cookie).await, nothing);

    let body = json!({ "connection_id": id });
    let not_yours = refused(403, "You don't have permission to access this connection");
    let ended = "/api/admin/audit?action=session_delete";
    assert_eq!(fixture.call(&fixture.key, Method::GET, ended, None).await.1["items"], json!([]));
    assert_eq!(fixture.portal(&eve.cookie, "disconnect", body.clone()).await, not_yours);
    let (status, mut done) = fixture.portal(&ada.cookie, "disconnect", body.clone()).await;
    let (_, told) = fixture.call(&fixture.key, Method::GET, ended, None).await;
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1), "{told}");
    assert!(told["items"][0]["ip_addr"].is_string(), "{told}");
    assert!(done["data"]["disconnected_at"].as_str().is_some_and(|time| time.ends_with('Z')));
    done["data"]["disconnected_at"] = json!("...");
    let message = "Connection disconnected successfully";
    let data = json!({ "message": message, "connection_id": id, "disconnected_at": "..." });
    assert_eq!(
        (status, done),
        (StatusCode::OK, json!({ "code": 200, "message": message, "data": data }))
    );
    assert_eq!(fixture.list(&ada.cookie).await["data"][0]["status"], "disconnected");
    // The link is worth nothing any more.
    let path = made["direct_url"].as_str().unwrap().split_once("/open/").unwrap().1;
    let followed = fixture.get(&format!("/open/{path}")).send().await.unwrap();
    assert_eq!(followed.status(), StatusCode::NOT_FOUND);

    let answer = fixture.call(&eve.cookie, Method::DELETE, DELETE, Some(body.clone())).await;
    assert_eq!(answer, not_yours);
    let (_, mut done) = fixture.call(&ada.cookie, Method::DELETE, DELETE, Some(body.clone())).await;
    done["data"]["deleted_at"] = json!("...");
    let data = json!({
        "connection_id": id, "name": "Build host", "deleted_at": "...",
        "deleted_by": "ada@example.com",
    });
    let message = "Connection deleted successfully";
    assert_eq!(done, json!({ "code": 200, "message": message, "data": data }));
    assert_eq!(fixture.list(&ada.cookie).await, nothing);
    let gone = fixture.portal(&ada.cookie, "disconnect", body).await;
    assert_eq!(gone, refused(404, "Connection not found"));
}

#[tokio::test]
async fn a_deleted_connection_ends_its_session() {
    let fixture = Fixture::start().await;
    let (_listener, address) = service();
    fixture.enter(json!({ "id": "60d", "addresses": [address.ip()] })).await;
    let body = json!({ "vm_id": "60d", "port": address.port() });
    let made = fixture.connected(&fixture.key, body).await;
    let sessions = async || {
        fixture.call(&fixture.key, Method::GET, "/api/sessions", None).await.1[0]["status"].clone()
    };
    assert_eq!(sessions().await, "pending");
    let path = format!("{LIST}/{}", made["connection_id"].as_str().unwrap());
    let (status, done) = fixture.call(&fixture.key, Method::DELETE, &path, None).await;
    assert_eq!((status, &done["data"]["deleted_by"]), (StatusCode::OK, &json!("unlimited")));
    assert_eq!(sessions().await, "completed");
}

#[tokio::test]
async fn a_connection_has_to_be_named() {
    let fixture = Fixture::start().await;
    for (body, code, message) in [
        (json!({}), 400, "Connection ID is required"),
        (json!({ "connection_id": "" }), 400, "Connection ID is required"),
        (json!({ "connection_id": 5 }), 400, "Connection ID must be a string"),
        (json!({ "id": "x" }), 400, "id is not a field of this request"),
        (json!({ "connection_id": "ssh-1-1" }), 404, "Connection not found"),
        (json!({ "connection_id": "a\u{0}" }), 404, "Connection not found"),
    ] {
        let expected = refused(code, message);
        assert_eq!(fixture.portal(&fixture.key, "disconnect", body.clone()).await, expected);
        let deleted = fixture.call(&fixture.key, Method::DELETE, DELETE, Some(body)).await;
        assert_eq!(deleted, expected);
    }
}

#[tokio::test]
async fn a_new_request_takes_nothing_from_an_older_one() {
    let fixture = Fixture::start().await;
    let (_listener, address) = service();
    let (_other, second) = service();
    let machine = json!({ "id": "60d", "addresses": ["198.51.100.9", address.ip()] });
    fixture.enter(machine).await;
    let first = json!({
        "vm_id": "60d", "ip_address": address.ip(), "port": address.port(), "username": "root",
        "password": "canary-1",
    });
    let made = fixture.connected(&fixture.key, first).await;
    let again = json!({ "vm_id": "60d", "ip_address": address.ip(), "port": second.port() });
    let anew = fixture.connected(&fixture.key, again).await;
    assert_ne!(made["connection_id"], anew["connection_id"]);
    assert_ne!(made["direct_url"], anew["direct_url"]);
    let list = fixture.list(&fixture.key).await;
    let items = list["data"].as_array().unwrap();
    let newest = items.iter().find(|item| item["connection_id"] == anew["connection_id"]).unwrap();
    let expected = json!({ "hostname": address.ip(), "port": second.port(), "username": null });
    assert_eq!(newest["parameters"], expected);
    assert!(!list.to_string().contains("canary-1"));
}
