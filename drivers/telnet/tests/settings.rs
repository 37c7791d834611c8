//! Settings and the plan made of them.
#![allow(clippy::unwrap_used)]

use fanlight_conformance::{TestCx, find};
use fanlight_core::EngineKind;
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
