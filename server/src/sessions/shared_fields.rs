use std::sync::{Arc, LazyLock};

use fanlight_core::{FieldError, Hostname, Secret, read_fields};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::hops::{JumpHost, MOST_JUMP_HOSTS};

/// The settings that sessions of every type have, in requests, presets and entries alike.
/// The gateway sees to them; drivers never hear of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct SharedFields {
    /// SSH servers that the connection is led through, in order: the first one is reached
    /// from the gateway, each other one from the one before, the target from the last.
    #[schemars(title = "Jump hosts", length(max = MOST_JUMP_HOSTS), extend("x-group" = "Jump hosts"))]
    jump_hosts: Option<Vec<JumpHost>>,
    /// A single jump host, in the older form. Ignored where jump_hosts has any.
    jump_host: Option<Hostname>,
    /// Its port, 22 if left out.
    #[schemars(range(min = 1, max = 65535))]
    jump_port: Option<u16>,
    /// Account to log in to it.
    #[schemars(length(min = 1, max = 256))]
    jump_username: Option<String>,
    /// Its password.
    jump_password: Option<Secret>,
    /// Private key for it, in OpenSSH, PKCS#8 or RSA PEM form.
    #[schemars(length(max = 32768), extend("x-multiline" = true))]
    jump_private_key: Option<Secret>,
    /// Text that is shown before the session starts; its owner continues or cancels.
    #[schemars(
        title = "Banner",
        length(min = 1, max = 4000),
        extend("x-group" = "Before it starts", "x-multiline" = true)
    )]
    banner: Option<String>,
}

/// Which of the fields forms show; the others are for programs of old.
const IN_FORMS: [&str; 2] = ["jump_hosts", "banner"];

/// The shared settings of one session, checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedSettings {
    /// In order; none for a direct connection.
    pub(crate) jump_hosts: Arc<[JumpHost]>,
    /// To be shown before the session starts.
    pub(crate) banner: Option<String>,
}

/// JSON Schema of the fields.
pub(crate) fn shared_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let inline = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        inline.into_generator().root_schema_for::<SharedFields>().to_value()
    });
    &SCHEMA
}

/// A driver's schema with the shared fields that forms show.
pub(crate) fn with_shared_fields(driver_schema: &Value) -> Value {
    let mut schema = driver_schema.clone();
    for name in IN_FORMS {
        schema["properties"][name] = shared_schema()["properties"][name].clone();
    }
    schema
}

/// Takes the shared fields out of `fields` and checks them.
///
/// # Errors
/// Every field that is wrong.
pub(crate) fn take_shared(
    fields: &mut Map<String, Value>,
) -> Result<SharedSettings, Vec<FieldError>> {
    let known = &shared_schema()["properties"];
    let all = std::mem::take(fields);
    let (shared, rest): (Map<_, _>, Map<_, _>) =
        all.into_iter().partition(|(name, _)| known.get(name).is_some());
    *fields = rest;
    let mut read: SharedFields = read_fields(shared_schema(), shared)?;
    let banner = read.banner.take();
    Ok(SharedSettings { jump_hosts: jump_hosts(read)?.into(), banner })
}

fn jump_hosts(read: SharedFields) -> Result<Vec<JumpHost>, Vec<FieldError>> {
    let listed = read.jump_hosts.as_ref().is_some_and(|hosts| !hosts.is_empty());
    if !listed {
        return single_jump_host(read);
    }
    let hosts = read.jump_hosts.unwrap_or_default();
    let errors = hosts
        .iter()
        .enumerate()
        .flat_map(|(index, host)| host.errors(move |field| format!("jump_hosts[{index}].{field}")));
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() { Ok(hosts) } else { Err(errors) }
}

/// The one of the older fields.
fn single_jump_host(read: SharedFields) -> Result<Vec<JumpHost>, Vec<FieldError>> {
    let others = [
        ("jump_port", read.jump_port.is_some()),
        ("jump_username", read.jump_username.is_some()),
        ("jump_password", read.jump_password.is_some()),
        ("jump_private_key", read.jump_private_key.is_some()),
    ];
    let Some(hostname) = read.jump_host else {
        let idle = others.iter().filter(|(_, given)| *given);
        let errors: Vec<_> = idle
            .map(|(name, _)| FieldError::new(*name, "is of no use without jump_host"))
            .collect();
        return if errors.is_empty() { Ok(Vec::new()) } else { Err(errors) };
    };
    let Some(username) = read.jump_username else {
        return Err(vec![FieldError::new("jump_username", "is required")]);
    };
    let host = JumpHost {
        hostname,
        port: read.jump_port,
        username,
        password: read.jump_password,
        private_key: read.jump_private_key,
        passphrase: None,
        host_key: None,
    };
    let errors = host.errors(|field| format!("jump_{field}"));
    if errors.is_empty() { Ok(vec![host]) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn take(fields: Value) -> Result<SharedSettings, Vec<(String, String)>> {
        let mut fields = fields.as_object().unwrap().clone();
        let told = |errors: Vec<FieldError>| {
            errors.into_iter().map(|error| (error.field, error.message)).collect()
        };
        take_shared(&mut fields).map_err(told)
    }

    fn error(fields: Value) -> (String, String) {
        let mut errors = take(fields).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    }

    #[test]
    fn bar_36_a_hop_without_a_user_name_is_named() {
        let good = json!({"hostname": "a", "username": "u"});
        let found = error(json!({"jump_hosts": [good, {"hostname": "b", "password": "canary"}]}));
        assert_eq!(found, ("jump_hosts[1].username".into(), "is required".into()));
        let found = error(json!({"jump_hosts": [{"hostname": "b", "username": ""}]}));
        assert_eq!(found, ("jump_hosts[0].username".into(), "must not be empty".into()));
        let found = error(json!({"jump_host": "bastion", "jump_password": "canary"}));
        assert_eq!(found, ("jump_username".into(), "is required".into()));
    }

    #[test]
    fn bar_36_eight_hops_are_the_most() {
        let hop = json!({"hostname": "a", "username": "u"});
        let hops = |count| json!({"jump_hosts": vec![hop.clone(); count]});
        assert_eq!(take(hops(MOST_JUMP_HOSTS)).unwrap().jump_hosts.len(), MOST_JUMP_HOSTS);
        let found = error(hops(MOST_JUMP_HOSTS + 1));
        assert_eq!(found, ("jump_hosts".into(), "must have at most 8 items".into()));
    }

    #[test]
    fn bar_80_what_is_wrong_with_a_hop_shows_nothing_of_it() {
        for (wrong, field) in [
            (json!({"hostname": "canary!", "username": "u"}), "jump_hosts[0].hostname"),
            (
                json!({"hostname": "a", "username": "u", "private_key": "canary"}),
                "jump_hosts[0].private_key",
            ),
            (
                json!({"hostname": "a", "username": "u", "passphrase": "canary"}),
                "jump_hosts[0].passphrase",
            ),
            (
                json!({"hostname": "a", "username": "u", "password": 31337}),
                "jump_hosts[0].password",
            ),
            (
                json!({"hostname": "a", "username": "u", "host_key": "canary"}),
                "jump_hosts[0].host_key",
            ),
            (
                json!({"hostname": "a", "username": "u", "pasword": "canary"}),
                "jump_hosts[0].pasword",
            ),
        ] {
            let (named, message) = error(json!({"jump_hosts": [wrong]}));
            assert_eq!(named, field);
            assert!(!message.contains("canary") && !message.contains("31337"), "{message}");
        }
    }

    #[test]
    fn the_older_form_is_one_hop_and_the_list_goes_before_it() {
        let old = json!({"jump_host": "bastion", "jump_port": 2222, "jump_username": "u",
            "jump_password": "p"});
        let hops = take(old.clone()).unwrap().jump_hosts;
        assert_eq!(hops[0].endpoint().to_string(), "bastion:2222");
        let mut both = old;
        both["jump_hosts"] = json!([{"hostname": "listed", "username": "u"}]);
        let hops = take(both.clone()).unwrap().jump_hosts;
        assert_eq!((hops.len(), hops[0].endpoint().to_string()), (1, "listed:22".into()));
        both["jump_hosts"] = json!([]);
        assert_eq!(take(both).unwrap().jump_hosts[0].hostname.as_str(), "bastion");
        assert!(take(json!({"jump_hosts": null})).unwrap().jump_hosts.is_empty());
        let found = error(json!({"jump_port": 22}));
        assert_eq!(found, ("jump_port".into(), "is of no use without jump_host".into()));
    }

    #[test]
    fn what_is_not_shared_stays() {
        let mut fields = json!({"hostname": "h", "banner": "Mind the gap.\nThen go."});
        let fields = fields.as_object_mut().unwrap();
        let shared = take_shared(fields).unwrap();
        assert_eq!(shared.banner.as_deref(), Some("Mind the gap.\nThen go."));
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["hostname"]);
    }
}
