//! Settings and the plan made of them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use fanlight_conformance::{TestCx, find};
use fanlight_core::{Cause, Driver, EngineKind, Origin, Permits, Plan, SessionError};
use fanlight_driver_rdp as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

fn cx() -> TestCx {
    TestCx::new(EngineKind::Guacd)
}

fn driver_with(options: Value) -> Result<Arc<dyn Driver>, SessionError> {
    find("rdp", options)
}

fn driver() -> Arc<dyn Driver> {
    driver_with(Value::Null).unwrap()
}

fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn plan_by(driver: &dyn Driver, value: &Value, cx: &TestCx) -> Result<Plan, SessionError> {
    let settings = driver.check(fields(value)).unwrap_or_else(|errors| panic!("{errors:?}"));
    driver.prepare(&settings, cx).await
}

async fn plan(value: &Value) -> Plan {
    plan_by(&*driver(), value, &cx()).await.unwrap()
}

fn shown(plan: &Plan) -> Vec<(&str, &str)> {
    plan.parameters.iter().map(|p| (p.name, p.value.expose().as_str())).collect()
}

#[tokio::test]
async fn sensible_defaults_are_wishes_and_not_demands() {
    let plan = plan(&json!({ "hostname": "desktop.example.com" })).await;
    let expected = [
        ("hostname", "192.0.2.1"),
        ("port", "3389"),
        ("resize-method", "display-update"),
        ("client-name", "Fanlight"),
        ("enable-font-smoothing", "true"),
    ];
    assert_eq!(shown(&plan), expected);
    let demands = plan.parameters.iter().filter(|p| p.origin == Origin::Requested);
    assert_eq!(demands.map(|p| p.name).collect::<Vec<_>>(), ["hostname", "port"]);
}

#[tokio::test]
async fn the_seed_s_kerberos_session_keeps_its_name_and_asks_the_policy_about_the_kdc() {
    let cx = cx();
    let request = json!({
        "hostname": "fileserver.corp.example.com", "port": 3389,
        "username": "jdoe@CORP.EXAMPLE.COM", "password": "canary",
        "domain": "CORP.EXAMPLE.COM", "security": "nla", "auth_pkg": "kerberos",
        "kdc_url": "https://dc.corp.example.com/KdcProxy"
    });
    let driver = driver_with(json!({ "kerberos_domains": ["Corp.Example.com."] })).unwrap();
    let plan = plan_by(&*driver, &request, &cx).await.unwrap();
    let get = |name| plan.parameters.get(name).unwrap();
    assert_eq!(get("hostname"), "fileserver.corp.example.com");
    assert_eq!((get("username"), get("domain")), ("jdoe", "CORP.EXAMPLE.COM"));
    assert_eq!((get("security"), get("auth-pkg")), ("nla", "kerberos"));
    assert_eq!(get("kdc-url"), "https://dc.corp.example.com/KdcProxy");
    assert_eq!(cx.reached(), ["fileserver.corp.example.com:3389", "dc.corp.example.com:443"]);
    assert!(!format!("{plan:?}").contains("canary"));
}

#[tokio::test]
async fn bar_41_a_kdc_that_the_policy_forbids_is_not_used() {
    let request = json!({ "hostname": "h", "auth_pkg": "kerberos", "kdc_url": "denied:88" });
    let driver = driver_with(json!({ "kerberos_domains": ["h", "denied"] })).unwrap();
    let error = plan_by(&*driver, &request, &cx().deny("denied")).await.err().unwrap();
    assert_eq!(error.cause, Cause::Denied);
    assert!(!error.message.contains("kerberos_domains"), "{}", error.message);
}

#[tokio::test]
async fn bar_39_guacd_looks_up_no_name_that_the_operator_does_not_trust() {
    let driver = driver_with(json!({ "kerberos_domains": ["corp.example.com"] })).unwrap();
    for (request, allowed) in [
        (json!({ "hostname": "a.corp.example.com", "auth_pkg": "kerberos" }), true),
        (json!({ "hostname": "corp.example.com", "auth_pkg": "kerberos" }), true),
        (json!({ "hostname": "10.0.0.9", "auth_pkg": "kerberos" }), true),
        (json!({ "hostname": "evilcorp.example.com", "auth_pkg": "kerberos" }), false),
        (json!({ "hostname": "rebind.example", "auth_pkg": "kerberos" }), false),
        (json!({ "hostname": "10.0.0.9", "kdc_url": "https://rebind.example/Kdc" }), false),
        (json!({ "hostname": "rebind.example", "auth_pkg": "ntlm" }), true),
    ] {
        let planned = plan_by(&*driver, &request, &cx()).await;
        assert_eq!(planned.is_ok(), allowed, "{request}");
        if let Err(error) = planned {
            assert_eq!(error.cause, Cause::Denied);
            assert!(error.message.contains("rebind") || error.message.contains("evilcorp"));
        }
    }
}

#[tokio::test]
async fn a_drive_is_a_folder_of_this_session_alone_and_goes_with_it() {
    let parent = tempfile::tempdir().unwrap();
    let driver = driver_with(json!({
        "drive_dir": parent.path(), "guacd_drive_dir": "/srv/drives"
    }));
    let cx = cx();
    let request = json!({ "hostname": "h", "enable_drive": true, "disable_upload": true });
    let plan = plan_by(&*driver.unwrap(), &request, &cx).await.unwrap();
    let get = |name| plan.parameters.get(name).unwrap();
    assert_eq!(get("drive-path"), format!("/srv/drives/{}", Uuid::nil()));
    assert_eq!((get("enable-drive"), get("drive-name")), ("true", "Fanlight"));
    assert_eq!(get("disable-upload"), "true");
    let folder = parent.path().join(Uuid::nil().to_string());
    std::fs::write(folder.join("left behind"), "x").unwrap();
    cx.release().await;
    assert!(!folder.exists());
}

#[test]
fn drives_of_a_killed_gateway_are_removed_and_those_of_a_living_one_are_not() {
    let parent = tempfile::tempdir().unwrap();
    let (left, other) = (parent.path().join(Uuid::nil().to_string()), parent.path().join("other"));
    std::fs::create_dir(&left).unwrap();
    std::fs::create_dir(&other).unwrap();
    let start = || driver_with(json!({ "drive_dir": parent.path() })).unwrap();
    let living = start();
    assert!(!left.exists() && other.exists());
    std::fs::create_dir(&left).unwrap();
    drop(start());
    assert!(left.exists());
    drop(living);
    drop(start());
    assert!(!left.exists());
}

#[tokio::test]
async fn a_drive_that_cannot_be_made_fails_the_session() {
    let parent = tempfile::tempdir().unwrap();
    let driver = driver_with(json!({ "drive_dir": parent.path() })).unwrap();
    drop(parent);
    let request = json!({ "hostname": "h", "enable_drive": true });
    let error = plan_by(&*driver, &request, &cx()).await.err().unwrap();
    assert_eq!(error.cause, Cause::Unavailable);
}

#[test]
fn bar_29_to_32_wrong_fields_are_named() {
    let cases = [
        (json!({ "hostname": "h", "security": "ssl" }), "security"),
        (json!({ "hostname": "h", "auth_pkg": "basic" }), "auth_pkg"),
        (json!({ "hostname": "h", "auth_pkg": "ntlm", "security": "tls" }), "auth_pkg"),
        (json!({ "hostname": "h", "kdc_url": "h", "security": "rdp" }), "kdc_url"),
        (json!({ "hostname": "h", "kdc_url": "h", "auth_pkg": "ntlm" }), "kdc_url"),
        (json!({ "hostname": "h", "kdc_url": "ftp://h/" }), "kdc_url"),
        (json!({ "hostname": "h", "kdc_url": "https://u:canary@h/" }), "kdc_url"),
        (json!({ "hostname": "h", "kdc_url": "h:0" }), "kdc_url"),
        (json!({ "hostname": "h", "color_depth": 15 }), "color_depth"),
        (json!({ "hostname": "h", "resize_method": "stretch" }), "resize_method"),
        (json!({ "hostname": "h", "server_layout": "klingon" }), "server_layout"),
        (json!({ "hostname": "h", "timezone": "Europe/Berlin; rm" }), "timezone"),
        (json!({ "hostname": "h", "cert_fingerprints": "sha256:xy" }), "cert_fingerprints"),
        (
            json!({ "hostname": "h", "cert_fingerprints": "sha256:0a", "ignore_cert": true }),
            "cert_fingerprints",
        ),
        (json!({ "hostname": "h", "enable_drive": true }), "enable_drive"),
        (json!({ "hostname": "h", "drive_name": "x" }), "drive_name"),
        (json!({ "hostname": "h", "remote_app_args": "x" }), "remote_app_args"),
        (json!({ "hostname": "h", "normalize_clipboard": "mac" }), "normalize_clipboard"),
        (json!({ "hostname": "h", "kerberos_cache": "krb5cc_0" }), "kerberos_cache"),
        (json!({ "hostname": "h", "private_key": "canary" }), "private_key"),
    ];
    for (request, field) in cases {
        let errors = driver().check(fields(&request)).err().unwrap_or_default();
        assert_eq!(errors.len(), 1, "{request}: {errors:?}");
        assert_eq!(errors[0].field, field);
        assert!(!errors[0].message.contains("canary"));
    }
}

#[test]
fn bar_38_a_kerberos_cache_is_a_file_name_and_no_way_elsewhere() {
    let driver = driver_with(json!({ "kerberos_cache_dir": "/srv/caches" })).unwrap();
    for name in ["../x", "/etc/x", "a/b", "..", ".x", "a\\b", "%2e%2e", "a b"] {
        let request = json!({ "hostname": "h", "kerberos_cache": name });
        let errors = driver.check(fields(&request)).err().unwrap_or_default();
        assert_eq!(errors.first().map(|e| e.field.as_str()), Some("kerberos_cache"), "{name}");
    }
    let good = json!({ "hostname": "h", "kerberos_cache": "krb5cc_1000.x" });
    assert!(driver.check(fields(&good)).is_ok());
}

#[test]
fn wrong_options_are_named() {
    for (options, name) in [
        (json!({ "drive_dir": "relative" }), "drive_dir"),
        (json!({ "drive_dir": "/does/not/exist" }), "drive_dir"),
        (json!({ "kerberos_cache_dir": "x" }), "kerberos_cache_dir"),
        (json!({ "drives_dir": "/tmp" }), "drives_dir"),
    ] {
        let error = driver_with(options).err().unwrap();
        assert!(error.message.contains(name), "{error}");
    }
}

#[test]
fn what_is_restricted_is_not_permitted() {
    let permits = |more: Value| {
        let mut fields = fields(&json!({ "hostname": "h" }));
        fields.extend(more.as_object().unwrap().clone());
        driver().check(fields).unwrap_or_else(|errors| panic!("{errors:?}")).permits
    };
    let all = Permits::all(driver().info().capabilities);
    assert_eq!(permits(json!({})), all);
    let cases = [
        ("disable_copy", Permits { copy: false, ..all }),
        ("disable_paste", Permits { paste: false, ..all }),
        ("disable_download", Permits { download: false, ..all }),
        ("disable_upload", Permits { upload: false, ..all }),
        ("read_only", Permits { input: false, paste: false, upload: false, resize: false, ..all }),
    ];
    for (field, expected) in cases {
        assert_eq!(permits(json!({ field: true })), expected, "{field}");
    }
}
