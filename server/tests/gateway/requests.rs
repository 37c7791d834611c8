use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Fixture;

#[tokio::test]
async fn errors_have_one_shape_and_the_right_status() {
    let fixture = Fixture::start().await;
    let sign_in = || fixture.post("/api/auth/sign-in");
    let as_json =
        |body: &'static str| sign_in().header("content-type", "application/json").body(body);
    let cases = [
        (as_json("{"), 400, "bad_request"),
        (as_json("[]"), 400, "bad_request"),
        (as_json(r#"{"api_key": 5}"#), 400, "invalid"),
        (as_json(r#"{"api_keyy": "x"}"#), 400, "invalid"),
        (as_json("{}"), 400, "invalid"),
        (sign_in().body("{}"), 415, "unsupported_media_type"),
        (fixture.get("/api/nothing/here"), 404, "not_found"),
        (fixture.get("/api/"), 404, "not_found"),
        (fixture.get("/assets/none.js"), 404, "not_found"),
        (fixture.post("/api/health"), 405, "method_not_allowed"),
        (fixture.post("/login"), 405, "method_not_allowed"),
    ];
    for (request, status, code) in cases {
        let reply = request.send().await.unwrap();
        let path = reply.url().path().to_owned();
        assert_eq!(reply.status().as_u16(), status, "{path}");
        if status == 405 {
            assert!(reply.headers().contains_key("allow"), "{path}");
        }
        let body: Value = reply.json().await.unwrap();
        assert_eq!(body["code"], code, "{path}");
        assert!(body["error"].as_str().is_some_and(|text| text.ends_with('.') || status == 400));
    }
}

#[tokio::test]
async fn a_control_character_in_a_path_is_nobodys_name() {
    let fixture = Fixture::start().await;
    for name in ["a%00b", "a%0Ab:22"] {
        let path = format!("/api/admin/host-keys/{name}");
        let request = fixture.http.delete(fixture.url(&path)).bearer_auth(&fixture.key);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_field_is_named_and_its_value_is_not_echoed() {
    let fixture = Fixture::start().await;
    let body = json!({ "api_key": "good", "canary-field": "canary-value" });
    let reply = fixture.post("/api/auth/sign-in").json(&body).send().await.unwrap();
    let text = reply.text().await.unwrap();
    assert!(text.contains("canary-field") && !text.contains("canary-value"), "{text}");
    let typed = fixture.post("/api/auth/sign-in").json(&json!({ "api_key": ["canary-value"] }));
    let text = typed.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("api_key") && !text.contains("canary-value"), "{text}");
}

#[tokio::test]
async fn bar_37_a_body_over_the_limit_is_refused() {
    let fixture = Fixture::start().await;
    let fits = format!(r#"{{"api_key": "{}"}}"#, "x".repeat(64 * 1024 - 15));
    assert_eq!(fits.len(), 64 * 1024);
    for (body, status) in [(fits.clone(), 401), (fits + " ", 413)] {
        let request = fixture.post("/api/auth/sign-in").header("content-type", "application/json");
        let reply = request.body(body).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status);
        let body: Value = reply.json().await.unwrap();
        assert!(body["code"].is_string());
    }
}

#[tokio::test]
async fn every_response_carries_the_security_headers() {
    let fixture = Fixture::start().await;
    let page = fixture.get("/").send().await.unwrap().text().await.unwrap();
    let asset = page.split('"').find(|text| text.starts_with("/assets/")).map(str::to_owned);
    let pages = ["/", "/login", "/client/0", "/sign-in/none", "/auth/logout", "/api/docs"];
    let errors = ["/api/none", "/x.js", "/api/me", "/ws/none", "/open/none"];
    let got = pages.into_iter().chain(errors).chain(["/api/health"]).chain(asset.as_deref());
    let posted = ["/", "/api/none", "/api/health", "/api/auth/sign-in"];
    let requests = got
        .map(|path| fixture.get(path))
        .chain(posted.map(|path| fixture.post(path).body("x".repeat(70 * 1024))));
    for request in requests {
        let reply = request.send().await.unwrap();
        let path = reply.url().path();
        let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert!(header("permissions-policy").contains("camera=()"));
        assert!(!header("x-request-id").is_empty());
        assert!(reply.headers().contains_key("cache-control"), "{path}");
    }
}

#[tokio::test]
async fn paths_of_the_interface_get_the_same_page() {
    let fixture = Fixture::start().await;
    let start = fixture.get("/").send().await.unwrap().text().await.unwrap();
    assert!(start.starts_with("<!doctype html>"));
    let shared = "/client/0190-0000&key=abc";
    for path in ["/login", "/sessions", "/settings", "/client/0190-0000", shared] {
        let reply = fixture.get(path).send().await.unwrap();
        assert_eq!(reply.text().await.unwrap(), start, "{path}");
    }
}

#[tokio::test]
async fn a_sound_request_id_is_kept_and_others_are_replaced() {
    let fixture = Fixture::start().await;
    let sent = async |id: &str| {
        let reply = fixture.get("/api/health").header("x-request-id", id).send().await.unwrap();
        reply.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(sent("trace-7.A_b").await, "trace-7.A_b");
    for unsound in ["a b", "", &"x".repeat(65), "a\"b"] {
        assert_ne!(sent(unsound).await, unsound);
    }
}

#[tokio::test]
async fn bar_80_presets_tell_where_they_go_and_no_secret() {
    let preset = json!([{ "id": "demo", "name": "Demo", "session_type": "ssh", "settings": {
        "hostname": "192.0.2.7", "port": 2222, "username": "root", "password": "canary" } }]);
    let fixture = Fixture::with(&[("presets", preset)]).await;
    let reply = fixture.get("/api/presets").bearer_auth(&fixture.key).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    let text = reply.text().await.unwrap();
    assert!(!text.contains("canary"));
    let expected = json!([{ "id": "demo", "name": "Demo", "session_type": "ssh",
        "hostname": "192.0.2.7", "port": 2222, "url": null, "username": "root" }]);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
}

#[tokio::test]
async fn drivers_come_with_the_engines_that_run_them_and_their_schema() {
    let fixture = Fixture::start().await;
    let reply = fixture.get("/api/drivers").bearer_auth(&fixture.key).send().await.unwrap();
    let drivers: Value = reply.json().await.unwrap();
    let ssh = drivers.as_array().unwrap().iter().find(|driver| driver["id"] == "ssh").unwrap();
    assert_eq!(ssh["engines"], json!(["embedded"]));
    assert_eq!(ssh["default_port"], 22);
    assert_eq!(ssh["schema"]["properties"]["password"]["writeOnly"], true);
}

#[tokio::test]
async fn the_status_tells_how_one_signs_in() {
    let site = [("site.title", json!("Gate")), ("site.accent", json!("#2f6fed"))];
    let fixture = Fixture::with(&site).await;
    let reply = fixture.get("/api/auth/status").send().await.unwrap();
    let body: Value = reply.json().await.unwrap();
    let expected = json!({
        "oidc_enabled": false, "oidc_name": null, "api_key_sign_in": true,
        "site_title": "Gate", "accent": "#2f6fed",
    });
    assert_eq!(body, expected);
}
