//! Objects that exist, for requests that would otherwise be about nothing.

use std::net::SocketAddr;
use std::time::Duration;

use fanlight::access::{NewToken, Role};
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::harness::Fixture;
use crate::matrix::session_request;

/// How many objects of each kind a run may use up.
const OBJECTS: usize = 5;

impl Fixture {
    /// Connections of the VM portal to a machine that is there, as requests name them.
    async fn portal_connections(&self, machine: &Value) -> Vec<Value> {
        let mut all = Vec::new();
        for _ in 0..3 {
            let (_, made) = self.portal(&self.key, "ssh", machine.clone()).await;
            all.push(json!({ "connection_id": made["data"]["connection_id"] }));
        }
        all
    }

    /// One object, or request, of each kind, for requests with `token`. The VM portal's
    /// connections go to `service`.
    async fn one_of_each(&self, token: &str, service: SocketAddr) -> Vec<(&'static str, Value)> {
        let (store, name) = (&self.gateway.app.store, Uuid::new_v4().to_string());
        let victim = self.person(&name, Role::Operator).await;
        let session = Some(session_request());
        let (_, session) = self.call(&self.key, Method::POST, "/api/sessions", session).await;
        let own = Some(json!({ "name": format!("another {name}") }));
        let (_, own) = self.call(token, Method::POST, "/api/me/tokens", own).await;
        // Those who may make none are refused whichever they name.
        let own = own["id"].as_i64().unwrap_or(1);
        let of_victim = self.token_id(&victim.user).await;
        self.enter(json!({ "id": name, "addresses": [service.ip()] })).await;
        let machine = json!({ "vm_id": name, "port": service.port() });
        let connections = self.portal_connections(&machine).await;
        let link = NewToken::generate("").unwrap();
        let key = store.api_keys().await.unwrap()[0].id;
        let end = OffsetDateTime::now_utc() + Duration::from_secs(600);
        store.add_sign_in_link(&link.hash, key, end).await.unwrap();
        let share = session["share_url"].as_str().unwrap().split_once("&key=").unwrap().1;
        let open = session["open_url"].as_str().unwrap();
        let email = |body: Option<Value>| {
            let path = json!({ "email": victim.email() });
            body.map_or_else(
                || json!({ "path": path }),
                |body| json!({ "path": path, "body": body }),
            )
        };
        let id = |id: &Value| json!({ "path": { "id": id } });
        let mapping = self.mapping_id().await;
        let group = json!({ "oidc_group": name, "role": "viewer" });
        vec![
            ("POST /api/auth/sign-in", json!({ "body": { "api_key": self.key } })),
            ("GET /sign-in/{token}", json!({ "path": { "token": link.secret.expose() } })),
            (
                "GET /open/{token}",
                json!({ "path": { "token": open.trim_start_matches("/open/") } }),
            ),
            ("POST /api/me/tokens", json!({ "body": { "name": format!("{name} too") } })),
            ("DELETE /api/me/tokens/{id}", json!({ "path": { "id": own } })),
            ("POST /api/sessions", json!({ "body": session_request() })),
            ("GET /api/sessions/{id}", id(&session["session_id"])),
            (
                "GET /api/sessions/{id}/banner",
                json!({ "path": { "id": session["session_id"] }, "query": { "token": share } }),
            ),
            ("GET /api/sessions/{id}/shares", id(&session["session_id"])),
            (
                "POST /api/v1/guacamole/{protocol}",
                json!({ "path": { "protocol": "ssh" }, "body": machine }),
            ),
            ("POST /api/v1/guacamole/disconnect", json!({ "body": connections[0] })),
            ("DELETE /api/v1/guacamole/deleteConnection", json!({ "body": connections[1] })),
            (
                "DELETE /api/v1/guacamole/connections/{connection_id}",
                json!({ "path": connections[2] }),
            ),
            (
                "GET /api/connect",
                json!({ "query": { "protocol": "ssh", "hostname": service.ip() } }),
            ),
            ("GET /api/sessions/{id}/steps", id(&session["session_id"])),
            ("PUT /api/users/{email}/role", email(Some(json!({ "role": "viewer" })))),
            ("POST /api/users/{email}/disable", email(None)),
            ("POST /api/users/{email}/enable", email(None)),
            ("DELETE /api/users/{email}/sessions", email(None)),
            ("POST /api/admin/group-mappings", json!({ "body": group })),
            (
                "PUT /api/admin/group-mappings/{id}",
                json!({ "path": { "id": mapping }, "body": group }),
            ),
            ("DELETE /api/admin/group-mappings/{id}", json!({ "path": { "id": mapping } })),
            (
                "POST /api/admin/user-tokens",
                json!({ "body": { "name": name, "email": victim.email() } }),
            ),
            ("DELETE /api/admin/user-tokens/{id}", json!({ "path": { "id": of_victim } })),
        ]
    }

    /// What the hooks of schemathesis put into requests: lists of objects by operation.
    pub async fn seeds(&self, token: &str, service: SocketAddr) -> Value {
        let mut all = json!({});
        for _ in 0..OBJECTS {
            for (operation, seed) in self.one_of_each(token, service).await {
                match all[operation].as_array_mut() {
                    Some(list) => list.push(seed),
                    None => all[operation] = json!([seed]),
                }
            }
        }
        all
    }
}
