//! Machines that admins enter.

use fanlight::access::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::Fixture;

const VMS: &str = "/api/admin/vms";

#[tokio::test]
async fn a_machine_is_entered_changed_and_removed() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Operator).await;
    let body = json!({
        "id": "web-1", "name": "Shop", "owner": "ada@example.com", "allowed_groups": ["ops"],
        "addresses": ["192.168.1.100", "2001:DB8::0:5"], "state": "stopped",
    });
    let mut made = fixture.enter(body.clone()).await;
    let times = (made["created_at"].take(), made["updated_at"].take());
    let view = json!({
        "id": "web-1", "name": "Shop", "owner_id": ada.user.id, "owner": "ada@example.com",
        "allowed_groups": ["ops"], "addresses": ["192.168.1.100", "2001:db8::5"],
        "state": "stopped", "created_at": null, "updated_at": null,
    });
    assert_eq!(made, view);
    assert_eq!(times.0, times.1);
    let path = format!("{VMS}/web-1");
    let call = async |method: Method, path: &str, body: Option<Value>| {
        fixture.call(&fixture.key, method, path, body).await
    };
    let twice = call(Method::POST, VMS, Some(body)).await;
    assert_eq!((twice.0, &twice.1["code"]), (StatusCode::CONFLICT, &json!("exists")));

    let (status, changed) = call(Method::PUT, &path, Some(json!({ "name": "Shop" }))).await;
    assert_eq!(status, StatusCode::OK);
    let [owner, groups, addresses, state] =
        ["owner", "allowed_groups", "addresses", "state"].map(|name| &changed[name]);
    assert_eq!(
        [owner, groups, addresses, state],
        [&Value::Null, &json!([]), &json!([]), &json!("running")]
    );
    let (_, one) = call(Method::GET, &path, None).await;
    let (_, all) = call(Method::GET, VMS, None).await;
    assert_eq!((&one, &all), (&changed, &json!([changed])));
    assert_eq!(call(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(call(method, &path, None).await.0, StatusCode::NOT_FOUND);
    }
    let (_, audit) = call(Method::GET, "/api/admin/audit?q=web-1", None).await;
    for action in ["machine_create", "machine_update", "machine_delete"] {
        assert!(audit.to_string().contains(action), "{audit}");
    }
}

#[tokio::test]
async fn what_is_wrong_about_a_machine_is_told_by_field() {
    let fixture = Fixture::start().await;
    let many = vec!["10.0.0.1"; 101];
    for (body, field) in [
        (json!({ "id": ".a", "name": "x" }), "id"),
        (json!({ "id": "a b", "name": "x" }), "id"),
        (json!({ "id": "a:1", "name": "x" }), "id"),
        (json!({ "id": "x".repeat(65), "name": "x" }), "id"),
        (json!({ "id": "", "name": "x" }), "id"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a\nb" }), "name"),
        (json!({}), "name"),
        (json!({ "name": "x", "addresses": ["10.0.0.1", "10.0.0.256"] }), "addresses.1"),
        (json!({ "name": "x", "addresses": ["web.example.com"] }), "addresses.0"),
        (json!({ "name": "x", "addresses": many }), "addresses"),
        (json!({ "name": "x", "allowed_groups": [""] }), "allowed_groups.0"),
        (json!({ "name": "x", "allowed_groups": ["a\u{0}"] }), "allowed_groups.0"),
        (json!({ "name": "x", "state": "Running" }), "state"),
        (json!({ "name": "x", "adresses": [] }), "adresses"),
    ] {
        let (status, told) =
            fixture.call(&fixture.key, Method::POST, VMS, Some(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {told}");
        assert!(told["fields"][field].is_string(), "{body}: {told}");
    }
    let body = Some(json!({ "name": "x", "owner": "nobody@example.com" }));
    let (status, _) = fixture.call(&fixture.key, Method::POST, VMS, body).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    fixture.enter(json!({ "id": "web-1" })).await;
    let body = Some(json!({ "id": "web-2", "name": "x" }));
    let path = format!("{VMS}/web-1");
    let (status, told) = fixture.call(&fixture.key, Method::PUT, &path, body).await;
    assert_eq!((status, told["fields"]["id"].is_string()), (StatusCode::BAD_REQUEST, true));
}
