//! A driver as its author writes it, seen through its object-safe face.
#![allow(clippy::unwrap_used, missing_docs)]

use fanlight_core::{
    Capabilities, Driver, DriverInfo, FieldError, Plan, ProtocolDriver, Secret, SessionCx,
    SessionError, Summary, registrations,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Settings {
    /// Where the switchboard is.
    station: String,
    #[schemars(range(min = 1, max = 65535))]
    line: Option<u16>,
    tone: Option<Tone>,
    #[serde(default)]
    operator: Option<Operator>,
    #[serde(default)]
    #[schemars(extend("x-multiline" = true))]
    notes: Option<String>,
    #[serde(default)]
    #[schemars(length(max = 2))]
    relays: Vec<Relay>,
}

/// How it rings.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tone {
    /// Once.
    Short,
    /// For a while.
    Long,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Operator {
    badge: Secret,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Relay {
    name: String,
    pin: Option<Secret>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    quiet: bool,
}

struct Switchboard {
    quiet: bool,
}

impl ProtocolDriver for Switchboard {
    const INFO: DriverInfo = DriverInfo {
        id: "switchboard",
        label: "Switchboard",
        description: "Rings somebody up",
        default_port: None,
        capabilities: Capabilities { clipboard: false, resize: false, terminal: true },
    };
    type Options = Options;
    type Settings = Settings;

    fn new(options: Options) -> Result<Self, SessionError> {
        Ok(Self { quiet: options.quiet })
    }

    fn validate(&self, settings: &Settings) -> Vec<FieldError> {
        if self.quiet && settings.tone.is_some() {
            return vec![FieldError::new("tone", "is not available: the switchboard is quiet")];
        }
        Vec::new()
    }

    fn summary(&self, settings: &Settings) -> Summary {
        Summary { url: Some(settings.station.clone()), ..Summary::default() }
    }

    async fn prepare(&self, _: &Settings, _: &dyn SessionCx) -> Result<Plan, SessionError> {
        Ok(Plan::new("switchboard"))
    }
}

fanlight_core::register_driver!(Switchboard);

fn driver(options: Value) -> Arc<dyn Driver> {
    registrations()
        .into_iter()
        .find(|r| r.info.id == "switchboard")
        .unwrap()
        .build(options)
        .unwrap()
}

fn errors(body: Value) -> Vec<(String, String)> {
    let fields = body.as_object().unwrap().clone();
    let found = driver(Value::Null).check(fields).err().unwrap_or_default();
    found.into_iter().map(|e| (e.field, e.message)).collect()
}

fn error(body: Value) -> (String, String) {
    let found = errors(body);
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn good_settings_pass_and_show_no_secret() {
    let body = json!({
        "station": "Zürich", "line": 7, "tone": "long", "notes": "two\nlines",
        "operator": {"badge": "canary"}, "relays": [{"name": "a", "pin": null}],
    });
    let checked = driver(Value::Null).check(body.as_object().unwrap().clone()).unwrap();
    assert_eq!(checked.summary.url.as_deref(), Some("Zürich"));
}

#[test]
fn unknown_fields_are_named_at_every_depth() {
    let body = json!({"station": "x", "pasword": 1, "operator": {"badge": "b", "rank": 2}});
    let names: Vec<_> = errors(body).into_iter().map(|(field, _)| field).collect();
    assert_eq!(names, ["pasword", "operator.rank"]);
}

#[test]
fn every_error_is_told_at_once() {
    let body = json!({"line": 0, "tone": "loud", "relays": [{"pin": "p"}]});
    let names: Vec<_> = errors(body).into_iter().map(|(field, _)| field).collect();
    assert_eq!(names, ["line", "tone", "relays[0].name", "station"]);
}

#[test]
fn bar_29_a_wrong_choice_lists_the_right_ones() {
    let found = error(json!({"station": "x", "tone": "loud"}));
    assert_eq!(found, ("tone".into(), "must be one of: short, long".into()));
}

#[test]
fn bar_30_numbers_out_of_range_or_quoted_are_refused() {
    for line in [json!(0), json!(65536), json!(4_294_967_296_u64), json!(-1)] {
        let found = error(json!({"station": "x", "line": line}));
        assert_eq!(found, ("line".into(), "must be 1-65535".into()));
    }
    let found = error(json!({"station": "x", "line": "22"}));
    assert_eq!(found, ("line".into(), "must be an integer".into()));
}

#[test]
fn bar_32_no_string_holds_control_characters_or_is_endless() {
    let long = "x".repeat(8192);
    for bad in ["a\0b", "a\r\nb", "a\u{1b}b", long.as_str()] {
        let (field, message) = error(json!({"station": bad}));
        assert_eq!(field, "station");
        assert!(!message.contains(bad), "echoes: {message}");
    }
    assert!(errors(json!({"station": "x", "notes": "a\0"})).len() == 1);
}

#[test]
fn bar_36_lists_are_bounded() {
    let relay = json!({"name": "a"});
    let found = error(json!({"station": "x", "relays": [relay, relay, relay]}));
    assert_eq!(found, ("relays".into(), "must have at most 2 items".into()));
}

#[test]
fn bar_80_a_secret_of_the_wrong_type_is_not_echoed() {
    let (field, message) = error(json!({"station": "x", "operator": {"badge": 31337}}));
    assert_eq!(field, "operator.badge");
    assert!(!message.contains("31337"), "{message}");
}

#[test]
fn secrets_are_write_only_in_the_schema() {
    let driver = driver(Value::Null);
    let badge = &driver.schema()["properties"]["operator"];
    assert!(badge.to_string().contains("\"writeOnly\":true"), "{badge}");
    assert!(!driver.schema().to_string().contains("$ref"));
}

#[test]
fn the_form_shows_fields_in_their_authors_order() {
    let driver = driver(Value::Null);
    let names: Vec<_> = driver.schema()["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["station", "line", "tone", "operator", "notes", "relays"]);
}

#[test]
fn options_configure_the_driver_and_unknown_ones_are_refused() {
    let quiet = driver(json!({"quiet": true}));
    let body = json!({"station": "x", "tone": "long"});
    assert!(quiet.check(body.as_object().unwrap().clone()).is_err());

    let registration = registrations().into_iter().find(|r| r.info.id == "switchboard").unwrap();
    let error = registration.build(json!({"loud": true})).err().unwrap();
    assert!(error.message.contains("loud"), "{error}");
}
