use std::time::Duration;

use fanlight::config::{HostKeyPolicy, Sources};
use serde_json::{Value, json};
use tempfile::TempDir;

fn from_file(text: &str) -> Sources {
    let folder = TempDir::new().unwrap().keep();
    let file = folder.join("fanlight.toml");
    std::fs::write(&file, text).unwrap();
    Sources { file: Some(file), ..Sources::default() }
}

fn errors(text: &str) -> Vec<String> {
    let error = from_file(text).load().unwrap_err();
    error.0.iter().map(|error| format!("{} {}", error.field, error.message)).collect()
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let config = from_file("").load().unwrap();
    assert_eq!(config.server.body_limit, 64 * 1024);
    let stop = config.server.drain + config.server.shutdown_grace;
    assert_eq!(stop, Duration::from_secs(30), "bar 78");
    assert_eq!(config.sessions.pending_timeout, Duration::from_secs(60));
    assert_eq!(config.sessions.max_duration, Duration::from_secs(8 * 3600));
    assert_eq!(config.host_keys, HostKeyPolicy::FirstUse);
    assert!(config.guacd.is_none());
}

#[test]
fn unknown_keys_are_refused_wherever_they_stand() {
    let text = "data_dirr = \"x\"\n[server]\nlissten = \"x\"\n[network.ssh]\nalow = []\n";
    let found = errors(text);
    for key in ["data_dirr", "server.lissten", "network.ssh.alow"] {
        assert!(found.contains(&format!("{key} is not a known field")), "{key}: {found:?}");
    }
    assert_eq!(found.len(), 3);
}

#[test]
fn all_wrong_values_are_named_at_once() {
    let found = errors(
        "[server]\nlisten = \"nowhere\"\npublic_url = \"ftp://x\"\ntls_cert = \"/none.pem\"\n\
         trusted_proxies = [\"10.0.0.0/8\", \"10.0.0.0/40\"]\n\
         [site]\naccent = \"red\"\n[database]\nurl = \"mysql://x\"\n\
         [engine]\ndefault = \"guacd\"\n[network]\nallow = [\"everything\"]\n\
         [[presets]]\nid = \"a b\"\nname = \"A\"\nsession_type = \"ssh\"\nsettings = {}\n\
         [log]\nlevel = \"a=b=c\"\n",
    );
    let keys: Vec<_> = found.iter().filter_map(|error| error.split(' ').next()).collect();
    let expected = [
        "server.listen",
        "server.public_url",
        "server.tls_key",
        "server.trusted_proxies.1",
        "site.accent",
        "database.url",
        "guacd.addresses",
        "network.allow.0",
        "presets.0.id",
        "log.level",
    ];
    assert_eq!(keys, expected, "{found:#?}");
}

#[test]
fn wrong_types_and_ranges_are_named_at_once() {
    let found = errors(
        "[server]\nlisten = 5\nbody_limit = 1\n[sessions]\nmax_total = 0\nlist_own_only = \"yes\"\n\
         [host_keys]\npolicy = \"never\"\n[log]\nformat = \"xml\"\n",
    );
    let keys: Vec<_> = found.iter().filter_map(|error| error.split(' ').next()).collect();
    for key in [
        "server.listen",
        "server.body_limit",
        "sessions.max_total",
        "sessions.list_own_only",
        "host_keys.policy",
        "log.format",
    ] {
        assert!(keys.contains(&key), "{key}: {found:#?}");
    }
}

#[test]
fn a_wrong_period_names_its_key() {
    for text in ["\"soon\"", "\"8 hours\"", "-5", "1.5", "true"] {
        let found = errors(&format!("[sessions]\nmax_duration = {text}\n"));
        assert!(found[0].starts_with("sessions.max_duration must be"), "{found:?}");
    }
}

#[test]
fn broken_toml_and_a_missing_file_are_told() {
    assert!(errors("[server")[0].contains("fanlight.toml"));
    let missing = Sources { file: Some("/none/fanlight.toml".into()), ..Sources::default() };
    assert!(missing.load().unwrap_err().to_string().contains("/none/fanlight.toml cannot be read"));
}

#[test]
fn flags_win_over_the_file() {
    let flags = vec![("site.title".to_owned(), json!("Flag"))];
    let sources = Sources { flags, ..from_file("[site]\ntitle = \"File\"\n") };
    assert_eq!(sources.load().unwrap().site.title, "Flag");
}

#[test]
fn guacd_addresses_take_names_addresses_and_ports() {
    let text = "[guacd]\naddresses = [\"a.example\", \"a.example:1\", \"[::1]:2\", \"::1\", \"10.0.0.1\"]\n";
    let config = from_file(text).load().unwrap();
    let read: Vec<Value> = config
        .guacd
        .unwrap()
        .addresses
        .iter()
        .map(|address| json!([address.host, address.port]))
        .collect();
    let expected = [
        json!(["a.example", 4822]),
        json!(["a.example", 1]),
        json!(["::1", 2]),
        json!(["::1", 4822]),
        json!(["10.0.0.1", 4822]),
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn what_no_driver_takes_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let preset = json!([{ "id": "a", "name": "A", "session_type": "ssh",
        "settings": { "hostname": "h", "pasword": "canary" } }]);
    let settings = [("network.gopher", json!({ "deny": ["10.0.0.0/8"] })), ("presets", preset)];
    let config = crate::harness::configuration(&folder, &settings);
    let error = fanlight::App::start(config).await.err().unwrap().to_string();
    assert!(error.contains("network.gopher"), "{error}");
    assert!(error.contains("presets.0.settings.pasword is not a known field"), "{error}");
    assert!(!error.contains("canary"));
}

#[test]
fn times_that_cannot_be_kept_are_named_at_once() {
    let found = errors(
        "[sessions]\nidle_deadline = 0\nmax_duration = \"18446744073709551615s\"\n\
         [server]\nrequest_timeout = \"0ms\"\n[guacd]\ncheck_interval = 0\n\
         [access]\nsign_in_lifetime = \"10000d\"\n",
    );
    for key in [
        "sessions.idle_deadline",
        "sessions.max_duration",
        "server.request_timeout",
        "guacd.check_interval",
        "access.sign_in_lifetime",
    ] {
        assert!(
            found.iter().any(|error| error.starts_with(&format!("{key} "))),
            "{key}: {found:?}"
        );
    }
    let config = from_file("[sessions]\nreattach_grace = 0\n").load().unwrap();
    assert_eq!(config.sessions.reattach_grace, Duration::ZERO);
}
