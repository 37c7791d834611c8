//! Settings and the plan made of them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use fanlight_conformance::{TestCx, find};
use fanlight_core::{Driver, EngineKind, FieldError, Origin, Permits, Plan};
use fanlight_driver_vnc as _;
use serde_json::{Map, Value, json};

fn driver() -> Arc<dyn Driver> {
    find("vnc", Value::Null).unwrap()
}

fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn check(value: &Value) -> Vec<FieldError> {
    driver().check(fields(value)).err().unwrap_or_default()
}

async fn plan(value: &Value) -> Plan {
    let settings = driver().check(fields(value)).unwrap_or_else(|errors| panic!("{errors:?}"));
    let cx = TestCx::new(EngineKind::Guacd);
    let plan = driver().prepare(&settings, &cx).await.unwrap();
    assert!(cx.kept().is_empty());
    plan
}

#[tokio::test]
async fn the_plan_goes_to_the_checked_address_with_what_was_asked_for() {
    let plan = plan(&json!({
        "hostname": "desktop.example.com", "port": 5901, "username": "jürgen",
        "password": "canary", "color_depth": 16, "cursor": "remote", "encodings": "zrle tight",
        "clipboard_encoding": "UTF-8", "disable_server_input": true, "compress_level": 9, "quality_level": 0,
        "swap_red_blue": true, "force_lossless": true, "disable_copy": true,
        "disable_paste": true, "read_only": true
    }))
    .await;
    let asked = plan.parameters.iter().filter(|p| p.origin == Origin::Requested);
    let shown: Vec<_> = asked.map(|p| (p.name, p.value.expose().as_str())).collect();
    let expected = [
        ("hostname", "192.0.2.1"),
        ("port", "5901"),
        ("username", "jürgen"),
        ("password", "canary"),
        ("color-depth", "16"),
        ("force-lossless", "true"),
        ("cursor", "remote"),
        ("encodings", "zrle tight"),
        ("clipboard-encoding", "UTF-8"),
        ("compress-level", "9"),
        ("quality-level", "0"),
        ("swap-red-blue", "true"),
        ("disable-server-input", "true"),
        ("disable-copy", "true"),
        ("disable-paste", "true"),
        ("read-only", "true"),
    ];
    assert_eq!(shown, expected);
    assert!(!format!("{plan:?}").contains("canary"));
}

#[tokio::test]
async fn what_was_not_asked_for_is_left_to_guacd() {
    let plan = plan(&json!({ "hostname": "h", "cursor": null })).await;
    let names: Vec<_> = plan.parameters.iter().map(|p| p.name).collect();
    assert_eq!(names, ["hostname", "port", "disable-display-resize"]);
    assert_eq!(plan.parameters.get("port"), Some("5900"));
}

#[test]
fn bar_29_to_32_wrong_fields_are_named() {
    let cases = [
        (json!({}), "hostname"),
        (json!({ "hostname": "h", "port": 0 }), "port"),
        (json!({ "hostname": "h", "color_depth": 15 }), "color_depth"),
        (json!({ "hostname": "h", "cursor": "big" }), "cursor"),
        (json!({ "hostname": "h", "encodings": "zrle, tight" }), "encodings"),
        (json!({ "hostname": "h", "encodings": "zrle  tight" }), "encodings"),
        (json!({ "hostname": "h", "clipboard_encoding": "utf8" }), "clipboard_encoding"),
        (json!({ "hostname": "h", "compress_level": 10 }), "compress_level"),
        (json!({ "hostname": "h", "password": "canary\n" }), "password"),
        (json!({ "hostname": "h", "domain": "canary" }), "domain"),
    ];
    for (fields, field) in cases {
        let errors = check(&fields);
        assert_eq!(errors.len(), 1, "{fields}: {errors:?}");
        assert_eq!(errors[0].field, field);
        assert!(!errors[0].message.contains("canary"));
    }
}

#[test]
fn what_is_restricted_is_not_permitted() {
    let permits = |value: Value| {
        driver().check(fields(&value)).unwrap_or_else(|errors| panic!("{errors:?}")).permits
    };
    let all = Permits::all(driver().info().capabilities);
    assert_eq!(permits(json!({ "hostname": "h" })), all);
    let cases = [
        ("disable_copy", Permits { copy: false, ..all }),
        ("disable_paste", Permits { paste: false, ..all }),
        ("disable_server_input", all),
        ("read_only", Permits { input: false, paste: false, upload: false, ..all }),
    ];
    for (field, expected) in cases {
        assert_eq!(permits(json!({ "hostname": "h", field: true })), expected, "{field}");
    }
}
