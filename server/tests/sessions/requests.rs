use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::database;
use crate::harness::{Fixture, add_key, merge};

/// Posts a kettle with `extra` fields; the fields that were refused.
async fn refused(fixture: &Fixture, extra: Value) -> Vec<(String, String)> {
    let reply = fixture.post("/api/sessions", merge(fixture.kettle_request(), extra)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.body);
    assert_eq!(reply.body["code"], "invalid");
    let fields = reply.body["fields"].as_object().expect("fields");
    fields.iter().map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned())).collect()
}

async fn refused_names(fixture: &Fixture, extra: Value) -> Vec<String> {
    refused(fixture, extra).await.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn a_session_is_made_as_the_contract_says() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let id = made.id();
    assert_eq!(made.text("client_url"), format!("/client/{id}"));
    assert!(made.text("share_url").starts_with(&format!("/client/{id}&key=")));
    assert!(made.text("open_url").starts_with("/open/"));
    assert_eq!(made.text("ws_url"), format!("/ws/{id}"));
    assert_eq!(made.text("status"), "pending");
    assert!(made.text("created_at") < made.text("expires_at"));
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(fixture.kettle.connections(), 0, "nothing is dialled");

    let seen = fixture.get(&format!("/api/sessions/{id}")).await.body;
    for (name, value) in [("session_type", "kettle"), ("status", "pending"), ("engine", "embedded")]
    {
        assert_eq!(seen[name], value);
    }
    assert!(seen["created_by"].as_str().unwrap().starts_with("owner"));
    assert_eq!(seen["share_url"], made.0["share_url"]);
    assert_eq!(seen["active_connections"], 0);
    let list = fixture.get("/api/sessions").await.body;
    assert_eq!(list[0], seen);
}

#[tokio::test]
async fn bar_29_enums_are_held_to_their_values() {
    let fixture = Fixture::start().await;
    for (extra, name) in [
        (json!({ "engine": "warp" }), "engine"),
        (json!({ "share_mode": "own" }), "share_mode"),
        (json!({ "session_type": "telepathy" }), "session_type"),
        (json!({ "brew": { "leaf": "mint", "chest_code": "x" } }), "brew.leaf"),
    ] {
        assert_eq!(refused_names(&fixture, extra).await, [name]);
    }
}

#[tokio::test]
async fn bar_30_ports_are_1_to_65535_and_numbers() {
    let fixture = Fixture::start().await;
    for port in [json!(0), json!(65536), json!("22"), json!(-1), json!(22.5)] {
        let extra = json!({ "tap": port });
        assert_eq!(refused_names(&fixture, extra).await, ["tap"]);
    }
}

#[tokio::test]
async fn bar_31_sizes_have_bounds() {
    let fixture = Fixture::start().await;
    for (name, bad) in [
        ("width", vec![0, -1, 63, 8193, 1_i64 << 32]),
        ("height", vec![0, -1, 63, 8193, 1 << 32]),
        ("dpi", vec![0, -1, 23, 601, 1 << 32]),
    ] {
        for value in bad {
            assert_eq!(refused_names(&fixture, json!({ name: value })).await, [name], "{value}");
        }
    }
    fixture.make(merge(fixture.kettle_request(), json!({ "width": 64, "dpi": 600 }))).await;
}

#[tokio::test]
async fn bar_32_strings_hold_no_control_characters_and_are_bounded() {
    let fixture = Fixture::start().await;
    let long = "x".repeat(8192);
    for bad in ["a\0b", "a\r\nb", long.as_str()] {
        assert_eq!(refused_names(&fixture, json!({ "name": bad })).await, ["name"]);
        assert_eq!(refused_names(&fixture, json!({ "note": bad })).await, ["note"]);
        let brew = json!({ "brew": { "leaf": "assam", "chest_code": bad } });
        assert_eq!(refused_names(&fixture, brew).await, ["brew.chest_code"]);
    }
    fixture.make(merge(fixture.kettle_request(), json!({ "name": "Küche 茶" }))).await;
}

#[tokio::test]
async fn bar_32_every_error_is_told_at_once_and_no_secret_is_echoed() {
    let fixture = Fixture::start().await;
    let body = json!({
        "session_type": "kettle", "width": 1, "cups": 99, "pasword": "canary-1",
        "brew": { "leaf": "assam", "chest_code": { "nested": "canary-2" } },
    });
    let reply = fixture.post("/api/sessions", body).await;
    let fields = reply.body["fields"].as_object().unwrap();
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["brew.chest_code", "cups", "pasword", "width"]);
    assert!(!reply.body.to_string().contains("canary"));
}

#[tokio::test]
async fn bar_36_hops_are_held_to_their_number_and_each_needs_a_user() {
    let fixture = Fixture::start().await;
    let hop = json!({ "hostname": "a", "username": "u", "password": "canary" });
    let nine = refused(&fixture, json!({ "jump_hosts": vec![hop.clone(); 9] })).await;
    assert_eq!(nine, [("jump_hosts".to_owned(), "must have at most 8 items".to_owned())]);
    let nameless = json!({ "jump_hosts": [hop, { "hostname": "b", "password": "canary" }] });
    let nameless = refused(&fixture, nameless).await;
    assert_eq!(nameless, [("jump_hosts[1].username".to_owned(), "is required".to_owned())]);
    let old = refused(&fixture, json!({ "jump_host": "a", "jump_password": "canary" })).await;
    assert_eq!(old, [("jump_username".to_owned(), "is required".to_owned())]);
}

#[tokio::test]
async fn bar_37_a_body_over_64_kib_is_refused() {
    let fixture = Fixture::start().await;
    let body = json!({ "session_type": "kettle", "note": "x".repeat(70_000) });
    assert_eq!(fixture.post("/api/sessions", body).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_request_needs_a_session_type_or_a_preset_of_this_gateway() {
    let fixture = Fixture::with(|config| {
        config.presets.push(fanlight::config::Preset {
            id: "tea".into(),
            name: "Tea".into(),
            session_type: "kettle".into(),
            record: None,
            settings: json!({
                "kitchen": "10.0.0.9",
                "brew": { "leaf": "keemun", "chest_code": "canary-9" },
            })
            .as_object()
            .unwrap()
            .clone(),
        });
    })
    .await;
    for (body, name) in [
        (json!({}), "session_type"),
        (json!({ "session_type": 7 }), "session_type"),
        (json!({ "preset": "coffee" }), "preset"),
        (json!({ "preset": "tea", "cups": 2 }), "cups"),
        (json!({ "preset": "tea", "session_type": "kettle" }), "session_type"),
    ] {
        let reply = fixture.post("/api/sessions", body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert!(reply.body["fields"].get(name).is_some(), "{}", reply.body);
    }
    let made = fixture.make(json!({ "preset": "tea", "width": 800, "name": "Mine" })).await;
    let seen = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert_eq!((&seen["hostname"], &seen["name"]), (&json!("10.0.0.9"), &json!("Mine")));
    assert!(!seen.to_string().contains("canary"));
    let made = fixture.make(json!({ "preset": "tea" })).await;
    let seen = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert_eq!(seen["name"], "Tea");
}

#[tokio::test]
async fn limits_hold_for_each_user_and_for_all() {
    let fixture = Fixture::with(|config| {
        config.sessions.max_per_user = 2;
        config.sessions.max_total = 3;
    })
    .await;
    let request = fixture.kettle_request();
    let first = fixture.make(request.clone()).await;
    fixture.make(request.clone()).await;
    let third = fixture.post("/api/sessions", request.clone()).await;
    assert_eq!(third.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(third.headers.contains_key("retry-after"));
    let other = add_key(&fixture.app, "other").await;
    let post = |key: String, body: Value| {
        let fixture = &fixture;
        async move { fixture.call(&key, Method::POST, "/api/sessions", Some(body)).await.status }
    };
    assert_eq!(post(other.clone(), request.clone()).await, StatusCode::CREATED);
    assert_eq!(post(other.clone(), request.clone()).await, StatusCode::TOO_MANY_REQUESTS);
    let gone = fixture.delete(&format!("/api/sessions/{}", first.id())).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(post(other, request).await, StatusCode::CREATED);
}

#[tokio::test]
async fn lists_can_be_limited_to_a_status_and_unknown_ones_are_refused() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    fixture.make(fixture.kettle_request()).await;
    let pending = fixture.get("/api/sessions?status=pending").await.body;
    assert_eq!(pending.as_array().unwrap().len(), 1);
    assert_eq!(fixture.get("/api/sessions?limit=1").await.body.as_array().unwrap().len(), 1);
    let bad = fixture.get("/api/sessions?status=asleep").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    let unknown = uuid::Uuid::now_v7();
    for path in [format!("/api/sessions/{unknown}"), "/api/sessions/garbage".into()] {
        assert_eq!(fixture.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(fixture.delete(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn bar_12_no_pass_stands_in_the_database_in_the_clear() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let ticket = fixture.post("/api/ws-ticket", json!({})).await.body;
    let tokens = [
        made.share_token().to_owned(),
        made.text("open_url").trim_start_matches("/open/").to_owned(),
        ticket["ticket"].as_str().unwrap().to_owned(),
    ];
    let folder = fixture.stop().await;
    let kept = database::everything_kept(folder.path());
    for token in &tokens {
        assert!(token.len() >= 60, "240 bits");
        assert!(!database::holds(&kept, token), "{token}");
    }
}
