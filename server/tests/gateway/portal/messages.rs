use std::time::Duration;

use fanlight::access::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{own_address, refused, service};
use crate::harness::Fixture;

fn time(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

#[tokio::test]
async fn a_connection_is_described_as_the_seed_has_it() {
    let settings = [("server.public_url", json!("https://guacamole.example.com"))];
    let fixture = Fixture::with(&settings).await;
    let (_listener, address) = service();
    let ip = address.ip().to_string();
    fixture.enter(json!({ "id": "60d", "addresses": ["127.0.0.1", ip, "203.0.113.5"] })).await;
    let body = json!({
        "vm_id": "60d", "ip_address": ip, "username": "root", "password": "canary",
        "port": address.port().to_string(),
    });
    let (status, mut made) = fixture.portal(&fixture.key, "ssh", body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let data = made["data"].as_object_mut().unwrap();
    let (created, expires) = (&data["created_at"], &data["expires_at"]);
    assert_eq!(time(expires) - time(created), Duration::from_secs(4 * 3600));
    let milliseconds = time(created).unix_timestamp_nanos() / 1_000_000;
    assert_eq!(data["connection_id"], format!("ssh-60d-{milliseconds}"));
    assert_eq!(created.as_str().map(str::len), Some("2025-09-01T12:08:38.000Z".len()));
    let url = data["direct_url"].as_str().unwrap();
    assert!(url.starts_with("https://guacamole.example.com/open/"), "{url}");
    for volatile in ["connection_id", "created_at", "expires_at", "direct_url"] {
        data[volatile] = json!("...");
    }
    assert_eq!(
        made,
        json!({
            "code": 200,
            "message": "SSH connection established",
            "data": {
                "connection_id": "...",
                "protocol": "ssh",
                "status": "active",
                "created_at": "...",
                "expires_at": "...",
                "target_ip": ip,
                "available_ips": [ip, "203.0.113.5"],
                "direct_url": "...",
            }
        })
    );
}

/// Each request has, beside its own fault, those that are looked at later: so the first fault
/// in the order is the one that is told.
#[tokio::test]
async fn each_fault_of_a_request_is_told_in_its_turn_and_words() {
    let fixture = Fixture::start().await;
    let missing = "Username and password are required for RDP connection";
    let port = "SSH port must be an integer between 1 and 65535";
    let font = "Font size must be an integer between 10 and 24";
    for (protocol, body, code, message) in [
        ("ssh", json!({ "port": 0 }), 400, "VM ID is required"),
        ("ssh", json!({ "vm_id": "", "port": 0 }), 400, "VM ID is required"),
        ("ssh", json!({ "vm_id": null }), 400, "VM ID is required"),
        ("ssh", json!({ "vm_id": ["x"] }), 400, "VM ID must be a string"),
        ("rdp", json!({ "vm_id": "none", "port": 0 }), 400, missing),
        ("rdp", json!({ "vm_id": "none", "username": "a", "password": "" }), 400, missing),
        ("ssh", json!({ "vm_id": "none", "port": 0 }), 400, port),
        ("ssh", json!({ "vm_id": "none", "port": 65536 }), 400, port),
        ("ssh", json!({ "vm_id": "none", "port": -1 }), 400, port),
        ("ssh", json!({ "vm_id": "none", "port": 22.5 }), 400, port),
        ("ssh", json!({ "vm_id": "none", "port": "22x" }), 400, port),
        ("ssh", json!({ "vm_id": "none", "port": true }), 400, port),
        ("ssh", json!({ "vm_id": "none", "font_size": 9 }), 400, font),
        ("ssh", json!({ "vm_id": "none", "font_size": 25 }), 400, font),
        (
            "vnc",
            json!({ "vm_id": "none", "font_size": 14 }),
            400,
            "font_size is not a field of this request",
        ),
        (
            "ssh",
            json!({ "vm_id": "none", "pasword": "x" }),
            400,
            "pasword is not a field of this request",
        ),
        ("ssh", json!({ "vm_id": "none", "username": {} }), 400, "Username must be a string"),
        ("ssh", json!({ "vm_id": "none", "port": "22" }), 404, "VM not found"),
        ("ssh", json!({ "vm_id": "a\u{0}b" }), 404, "VM not found"),
        ("vnc", json!({ "vm_id": "none" }), 404, "VM not found"),
        ("gopher", json!({}), 404, "There is no such kind of connection"),
    ] {
        let answer = fixture.portal(&fixture.key, protocol, body.clone()).await;
        assert_eq!(answer, refused(code, message), "{protocol} {body}");
    }
}

#[tokio::test]
async fn each_fault_of_a_machine_is_told_in_its_turn_and_words() {
    let fixture = Fixture::start().await;
    let operator = fixture.person("ada", Role::Operator).await;
    let off = json!({ "id": "off", "state": "stopped", "addresses": [] });
    let bare = json!({ "id": "bare", "addresses": ["127.0.0.1", "::1", "fe80::1"] });
    for machine in [off, bare, json!({ "id": "two", "addresses": ["203.0.113.5", "10.0.0.5"] })] {
        fixture.enter(machine).await;
    }
    let stopped = "VM is not running (current status: stopped)";
    let nowhere = "Unable to get or validate VM IP address";
    let not_its =
        "Requested IP 10.0.0.6 is not available for this VM. Available IPs: 203.0.113.5, 10.0.0.5";
    for (who, body, code, message) in [
        (
            &operator.cookie,
            json!({ "vm_id": "off" }),
            403,
            "You don't have permission to access this VM",
        ),
        (&fixture.key, json!({ "vm_id": "off", "ip_address": "10.0.0.6" }), 400, stopped),
        (&fixture.key, json!({ "vm_id": "bare" }), 400, nowhere),
        (&fixture.key, json!({ "vm_id": "bare", "ip_address": "127.0.0.1" }), 400, nowhere),
        (
            &fixture.key,
            json!({ "vm_id": "two", "ip_address": "10.0.0.6", "port": 1 }),
            400,
            not_its,
        ),
    ] {
        let answer = fixture.portal(who, "ssh", body.clone()).await;
        assert_eq!(answer, refused(code, message), "{body}");
    }
}

#[tokio::test]
async fn bad_login_fields_are_told_before_anything_is_asked_of_the_machine() {
    let fixture = Fixture::start().await;
    let (listener, address) = service();
    listener.set_nonblocking(true).unwrap();
    fixture.enter(json!({ "id": "60d", "addresses": [address.ip()] })).await;
    let body = json!({ "vm_id": "60d", "port": address.port(), "username": "a\u{0}b" });
    let (status, told) = fixture.portal(&fixture.key, "ssh", body).await;
    assert_eq!((status, &told["code"]), (StatusCode::BAD_REQUEST, &json!(400)), "{told}");
    assert!(told["message"].as_str().unwrap().contains("username"), "{told}");
    assert!(listener.accept().is_err(), "the port was probed");
}

#[tokio::test]
async fn a_port_that_does_not_answer_is_told_with_its_reason() {
    let settings = [("machines.probe_timeout", json!("300ms"))];
    let fixture = Fixture::with(&settings).await;
    let (listener, address) = service();
    drop(listener);
    let own = own_address();
    // A neighbour that is not there: nobody answers who has that address.
    let silent = match own {
        std::net::IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            std::net::Ipv4Addr::new(a, b, c, if d == 231 { 232 } else { 231 })
        }
        std::net::IpAddr::V6(_) => unreachable!("it was asked for an IPv4 address"),
    };
    fixture.enter(json!({ "id": "60d", "addresses": [own, silent] })).await;
    let closed = format!(
        "Cannot establish SSH connection: SSH service not available at {address} - connection \
         refused. Please ensure SSH service is running on the target VM."
    );
    let late = format!(
        "Cannot establish SSH connection: SSH service connection timeout ({silent}:22). Please \
         ensure SSH service is running on the target VM."
    );
    let login = json!({ "vm_id": "60d", "username": "a", "password": "b" });
    for (ip, port, message) in
        [(own.to_string(), address.port(), closed), (silent.to_string(), 22, late)]
    {
        let mut body = login.clone();
        (body["ip_address"], body["port"]) = (json!(ip), json!(port));
        assert_eq!(fixture.portal(&fixture.key, "ssh", body).await, refused(503, &message));
    }
}

#[tokio::test]
async fn bar_41_the_probe_obeys_the_network_rules() {
    let (listener, address) = service();
    listener.set_nonblocking(true).unwrap();
    let deny = json!([address.ip().to_string()]);
    let fixture = Fixture::with(&[("network.deny", deny)]).await;
    fixture.enter(json!({ "id": "60d", "addresses": [address.ip()] })).await;
    let body = json!({ "vm_id": "60d", "port": address.port() });
    let message = format!(
        "Cannot establish SSH connection: SSH service not available at {address} - The network \
         rules of this gateway do not allow connections to {}. Please ensure SSH service is \
         running on the target VM.",
        address.ip()
    );
    assert_eq!(fixture.portal(&fixture.key, "ssh", body).await, refused(503, &message));
    assert!(listener.accept().is_err(), "it was asked all the same");
}

#[tokio::test]
async fn a_gateway_without_inventory_says_so_before_it_asks_who_it_is() {
    let fixture = Fixture::with(&[("machines.database", json!(false))]).await;
    let message = "Guacamole service is not configured. Please contact administrator to configure \
        the service.";
    for (method, path) in OPERATIONS {
        for who in ["", &fixture.key] {
            let body = (method != Method::GET).then(|| json!({}));
            let answer = fixture.call(who, method.clone(), path, body).await;
            assert_eq!(answer, refused(503, message), "{method} {path}");
        }
    }
}

const OPERATIONS: [(Method, &str); 6] = [
    (Method::POST, "/api/v1/guacamole/ssh"),
    (Method::POST, "/api/v1/guacamole/rdp"),
    (Method::POST, "/api/v1/guacamole/disconnect"),
    (Method::GET, "/api/v1/guacamole/connections"),
    (Method::DELETE, "/api/v1/guacamole/deleteConnection"),
    (Method::DELETE, "/api/v1/guacamole/connections/ssh-60d-1"),
];

#[tokio::test]
async fn whoever_is_nobody_is_told_so_before_the_request_is_looked_at() {
    let fixture = Fixture::start().await;
    for (method, path) in OPERATIONS {
        for who in ["", "no such key", "fanlight=no-such-sign-in"] {
            let body = (method != Method::GET).then(|| json!({ "pasword": [] }));
            let answer = fixture.call(who, method.clone(), path, body).await;
            assert_eq!(answer, refused(401, "Authentication failed"), "{method} {path} {who}");
        }
    }
}

/// What no handler of the portal answers comes in its envelope, too.
#[tokio::test]
async fn every_error_of_the_portal_comes_in_its_envelope() {
    let fixture = Fixture::start().await;
    let path = "/api/v1/guacamole/ssh";
    let post = || fixture.post(path).bearer_auth(&fixture.key);
    let json =
        |request: reqwest::RequestBuilder| request.header("content-type", "application/json");
    for (request, code) in [
        (json(post()).body("{"), 400),
        (json(post()).body("[]"), 400),
        (post().body("{}"), 415),
        (json(post()).body(format!("{{\"vm_id\":\"{}\"}}", "x".repeat(70_000))), 413),
        (fixture.get(path).bearer_auth(&fixture.key), 405),
        (fixture.get("/api/v1/guacamole/no/such").bearer_auth(&fixture.key), 404),
        (fixture.post("/api/v1/guacamole/ssh?api_key=x").bearer_auth(&fixture.key), 401),
    ] {
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status().as_u16(), code);
        let body: Value = reply.json().await.unwrap();
        assert_eq!((&body["code"], &body["data"]), (&json!(code), &Value::Null), "{body}");
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(3), "{body}");
        assert!(body["message"].as_str().is_some_and(|text| text.len() > 10), "{body}");
    }
}
