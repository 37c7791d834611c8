//! Settings and the plan made of them.
#![allow(clippy::unwrap_used)]

use fanlight_conformance::{TestCx, find};
use fanlight_core::{EngineKind, Permits};
use fanlight_driver_telnet as _;
use serde_json::{Value, json};

#[tokio::test]
async fn the_plan_goes_to_the_checked_address_with_what_was_asked_for() {
    let driver = find("telnet", Value::Null).unwrap();
    let fields = json!({ "hostname": "server.example.com", "font_size": 14 });
    let settings =
        driver.check(fields.as_object().unwrap().clone()).unwrap_or_else(|e| panic!("{e:?}"));
    let cx = TestCx::new(EngineKind::Embedded);
    let plan = driver.prepare(&settings, &cx).await.unwrap();
    assert_eq!(cx.reached(), ["server.example.com:23"]);
    assert_eq!(plan.parameters.get("hostname"), Some("192.0.2.1"));
    assert_eq!(plan.parameters.get("font-size"), Some("14"));
}

#[test]
fn what_is_restricted_is_not_permitted() {
    let driver = find("telnet", Value::Null).unwrap();
    let permits = |value: Value| {
        let settings = driver.check(value.as_object().unwrap().clone());
        settings.unwrap_or_else(|errors| panic!("{errors:?}")).permits
    };
    let all = Permits::all(driver.info().capabilities);
    assert_eq!(permits(json!({ "hostname": "h" })), all);
    let cases = [
        ("disable_copy", Permits { copy: false, ..all }),
        ("disable_paste", Permits { paste: false, ..all }),
        ("read_only", Permits { input: false, paste: false, upload: false, resize: false, ..all }),
    ];
    for (field, expected) in cases {
        assert_eq!(permits(json!({ "hostname": "h", field: true })), expected, "{field}");
    }
}

#[test]
fn bar_29_the_signs_of_a_login_s_end_are_given_both_or_none() {
    let driver = find("telnet", Value::Null).unwrap();
    let wrong = |more: Value| {
        let mut fields = json!({ "hostname": "h" }).as_object().unwrap().clone();
        fields.extend(more.as_object().unwrap().clone());
        let errors = driver.check(fields).err().unwrap_or_default();
        errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    let both = json!({ "login_success_regex": "in", "login_failure_regex": "out" });
    assert_eq!(wrong(both), [""; 0]);
    assert_eq!(wrong(json!({ "login_success_regex": "in" })), ["login_success_regex"]);
    assert_eq!(wrong(json!({ "login_failure_regex": "out" })), ["login_failure_regex"]);
    let unread = json!({ "login_success_regex": "(", "login_failure_regex": "out" });
    assert_eq!(wrong(unread), ["login_success_regex"]);
}
