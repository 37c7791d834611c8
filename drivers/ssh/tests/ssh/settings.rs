use fanlight_core::{EngineKind, Permits};
use serde_json::{Value, json};

use crate::session::{check, driver, plan};

/// What guacd 1.6 lists in `args` for ssh.
const GUACD: &str = "hostname host-key port timeout username password font-name font-size \
    enable-sftp sftp-root-directory sftp-disable-download sftp-disable-upload private-key \
    passphrase public-key color-scheme command typescript-path typescript-name \
    create-typescript-path typescript-write-existing recording-path recording-name \
    recording-exclude-output recording-exclude-mouse recording-include-keys \
    create-recording-path recording-write-existing read-only server-alive-interval backspace \
    terminal-type scrollback locale timezone disable-copy disable-paste wol-send-packet \
    wol-mac-addr wol-broadcast-addr wol-udp-port wol-wait-time";

fn everything() -> serde_json::Value {
    json!({
        "hostname": "127.0.0.1", "port": 2222, "username": "a", "password": "canary",
        "host_key": "AAAAC3NzaC1lZDI1NTE5AAAAIK2pr+Bfus1hvPof4Wb/plZCzSbqadHH0u+/f4ODtKnE",
        "command": "top", "font_size": 14, "color_scheme": "black-white", "scrollback": 5,
        "terminal_type": "vt220", "backspace": 8, "locale": "de_DE.UTF-8",
        "server_alive_interval": 0, "disable_copy": true, "disable_paste": true, "read_only": true
    })
}

#[tokio::test]
async fn every_field_becomes_a_parameter_that_guacd_and_the_client_know() {
    let client = driver().client().unwrap();
    for engine in [EngineKind::Guacd, EngineKind::Embedded] {
        let plan = plan(everything(), engine).await.unwrap();
        assert_eq!(plan.protocol, "ssh");
        for parameter in plan.parameters.iter() {
            assert!(GUACD.split_whitespace().any(|name| name == parameter.name));
            assert!(client.parameters().contains(&parameter.name), "{}", parameter.name);
        }
        let get = |name| plan.parameters.get(name).unwrap();
        assert_eq!(get("color-scheme"), "black-white");
        assert_eq!((get("backspace"), get("scrollback"), get("port")), ("8", "5", "2222"));
        assert_eq!((get("read-only"), get("server-alive-interval")), ("true", "0"));
        assert!(!format!("{plan:?}").contains("canary"));
    }
    assert!(client.parameters().iter().all(|name| GUACD.split_whitespace().any(|n| n == *name)));
}

#[test]
fn bar_29_to_32_wrong_fields_are_named() {
    let cases = [
        (json!({}), "hostname"),
        (json!({ "hostname": "a b" }), "hostname"),
        (json!({ "hostname": "h", "port": 0 }), "port"),
        (json!({ "hostname": "h", "port": 65536 }), "port"),
        (json!({ "hostname": "h", "port": "22" }), "port"),
        (json!({ "hostname": "h", "pasword": "canary" }), "pasword"),
        (json!({ "hostname": "h", "generate_keypair": "yes" }), "generate_keypair"),
        (json!({ "hostname": "h", "username": "a\nb" }), "username"),
        (json!({ "hostname": "h", "username": "" }), "username"),
        (json!({ "hostname": "h", "password": "canary\0" }), "password"),
        (json!({ "hostname": "h", "color_scheme": "pink" }), "color_scheme"),
        (json!({ "hostname": "h", "backspace": 9 }), "backspace"),
        (json!({ "hostname": "h", "font_size": 1000 }), "font_size"),
        (json!({ "hostname": "h", "scrollback": 1_000_000 }), "scrollback"),
        (json!({ "hostname": "h", "locale": "de; rm" }), "locale"),
        (json!({ "hostname": "h", "terminal_type": "x y" }), "terminal_type"),
        (json!({ "hostname": "h", "host_key": "canary" }), "host_key"),
        (json!({ "hostname": "h", "private_key": "x".repeat(40_000) }), "private_key"),
    ];
    for (fields, field) in cases {
        let errors = check(fields.clone());
        assert_eq!(errors.len(), 1, "{fields}: {errors:?}");
        assert_eq!(errors[0].field, field);
        assert!(!errors[0].message.contains("canary"));
    }
    assert_eq!(check(everything()), vec![]);
}

#[test]
fn the_schema_describes_every_field_and_hides_secrets() {
    let driver = driver();
    let properties = driver.schema()["properties"].as_object().unwrap();
    for (name, schema) in properties {
        assert!(schema["description"].is_string(), "{name} has no help");
        assert!(schema["title"].is_string(), "{name} has no title");
    }
    for secret in ["password", "private_key", "passphrase"] {
        assert_eq!(properties[secret]["writeOnly"], true, "{secret}");
    }
    assert_eq!(properties["private_key"]["x-multiline"], true);
}

#[test]
fn wrong_options_are_named() {
    let ssh = fanlight_core::registrations().into_iter().find(|one| one.info.id == "ssh").unwrap();
    for options in [json!({ "prompt_seconds": 0 }), json!({ "promt_seconds": 5 })] {
        let error = ssh.build(options).err().unwrap();
        assert!(error.message.contains("_seconds"), "{error}");
    }
}

#[test]
fn what_is_restricted_is_not_permitted() {
    let permits = |value: Value| {
        let settings = driver().check(value.as_object().unwrap().clone());
        settings.unwrap_or_else(|errors| panic!("{errors:?}")).permits
    };
    let all = Permits::all(driver().info().capabilities);
    assert_eq!(permits(json!({ "hostname": "h" })), all);
    let cases = [
        ("disable_copy", Permits { copy: false, ..all }),
        ("disable_paste", Permits { paste: false, ..all }),
        ("disable_download", Permits { download: false, ..all }),
        ("disable_upload", Permits { upload: false, ..all }),
        ("read_only", Permits { input: false, paste: false, upload: false, resize: false, ..all }),
    ];
    for (field, expected) in cases {
        assert_eq!(permits(json!({ "hostname": "h", field: true })), expected, "{field}");
    }
}
