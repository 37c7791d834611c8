//! A change of an entry, laid over what is stored.

use serde_json::{Map, Value};

use super::document::Document;
use super::fields::{EntrySchema, TYPE, is_own, is_secret};
use crate::Drivers;

const HOPS: &str = "jump_hosts";
/// What makes a hop the one that its secrets are for.
const HOP_IDENTITY: &[&str] = &["hostname", "username"];
/// The same of the single jump host that older requests name.
const LONE_HOP_IDENTITY: &[&str] = &["jump_host", "jump_username"];
const LONE_HOP_SECRETS: &[&str] = &["jump_password", "jump_private_key"];

/// What an entry becomes: omitted fields stay, `null` clears, jump hosts merge by their
/// place in the chain. No secret goes where it was not meant for: one of a jump host whose
/// host or user changes is not kept, nor are those of an entry whose type changes.
pub(super) fn merge(stored: &Document, changes: Document, drivers: &Drivers) -> Document {
    let mut changes = changes.into_fields();
    let mut merged = stored.fields().clone();
    if differs(&merged, &changes, &[TYPE]) {
        change_type(&mut merged, &changes, drivers);
    }
    if differs(&merged, &changes, LONE_HOP_IDENTITY) {
        merged.retain(|name, _| !LONE_HOP_SECRETS.contains(&name.as_str()));
    }
    let schema = schema_of(&merged, &changes, drivers);
    let hop = schema.as_ref().and_then(|schema| schema.field(HOPS)).map(|hops| &hops["items"]);
    if let (Some(Value::Array(before)), Some(Value::Array(after))) =
        (merged.get(HOPS), changes.get_mut(HOPS))
    {
        for (before, after) in before.iter().zip(after) {
            if let (Value::Object(before), Value::Object(after)) = (before, after) {
                merge_hop(before, after, hop);
            }
        }
    }
    for (name, value) in changes {
        if value.is_null() {
            merged.remove(&name);
        } else {
            merged.insert(name, value);
        }
    }
    Document::new(merged)
}

fn schema_of(
    merged: &Map<String, Value>,
    changes: &Map<String, Value>,
    drivers: &Drivers,
) -> Option<EntrySchema> {
    let session_type = changes.get(TYPE).or_else(|| merged.get(TYPE))?.as_str()?;
    EntrySchema::of(session_type, drivers)
}

/// Whether a change says something else of one of these fields.
fn differs(before: &Map<String, Value>, changes: &Map<String, Value>, fields: &[&str]) -> bool {
    let other = |name: &&str| {
        changes.get(*name).is_some_and(|value| value != before.get(*name).unwrap_or(&Value::Null))
    };
    fields.iter().any(other)
}

/// Keeps what the new driver knows, and nothing secret.
fn change_type(merged: &mut Map<String, Value>, changes: &Map<String, Value>, drivers: &Drivers) {
    let schema = schema_of(merged, changes, drivers);
    merged.retain(|name, _| {
        let of_driver = schema.as_ref().and_then(|schema| schema.field(name));
        is_own(name) || (name != HOPS && of_driver.is_some_and(|schema| !is_secret(schema)))
    });
}

/// Completes a hop by what is stored in its place.
fn merge_hop(before: &Map<String, Value>, after: &mut Map<String, Value>, items: Option<&Value>) {
    let is_another = differs(before, after, HOP_IDENTITY);
    for (name, value) in before {
        let known = items.and_then(|items| items["properties"].get(name));
        let may_stay = !is_another || known.is_some_and(|schema| !is_secret(schema));
        if may_stay && !after.contains_key(name) {
            after.insert(name.clone(), value.clone());
        }
    }
    after.retain(|_, value| !value.is_null());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn merged(stored: Value, changes: Value) -> Value {
        let drivers = Drivers::build(&std::collections::BTreeMap::new()).unwrap();
        let document = |value: Value| Document::new(value.as_object().cloned().unwrap());
        Value::Object(merge(&document(stored), document(changes), &drivers).into_fields())
    }

    fn entry(more: Value) -> Value {
        let mut entry = json!({ "type": "ssh", "hostname": "a.example", "username": "root",
            "password": "canary" });
        entry.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        entry
    }

    #[test]
    fn what_is_left_out_stays_and_null_clears() {
        let changes = json!({ "hostname": "b.example", "username": null, "tags": ["x"] });
        let expected = json!({ "type": "ssh", "hostname": "b.example", "password": "canary",
            "tags": ["x"] });
        assert_eq!(merged(entry(json!({})), changes), expected);
    }

    #[test]
    fn bar_59_a_jump_host_whose_host_or_user_changed_inherits_no_secret() {
        let hop = |host: &str, user: &str| json!({ "hostname": host, "username": user });
        let stored = entry(json!({ "jump_hosts": [
            { "hostname": "one", "username": "u", "port": 2222, "password": "canary-1" },
            { "hostname": "two", "username": "u", "private_key": "canary-2" },
        ] }));
        let hops = |hops: Value| {
            let result = merged(stored.clone(), json!({ "jump_hosts": hops }));
            result["jump_hosts"].clone()
        };
        let kept = hops(json!([hop("one", "u"), { "port": 22 }]));
        assert_eq!(kept[0]["password"], "canary-1");
        assert_eq!(kept[0]["port"], 2222);
        assert_eq!(
            kept[1],
            json!({ "hostname": "two", "username": "u",
            "private_key": "canary-2", "port": 22 })
        );
        for changed in [hop("two", "u"), hop("one", "v"), json!({ "hostname": "evil" })] {
            let text = hops(json!([changed])).to_string();
            assert!(!text.contains("canary"), "{text}");
        }
        let swapped = hops(json!([hop("two", "u"), hop("one", "u")])).to_string();
        assert!(!swapped.contains("canary"), "{swapped}");
        let cleared = hops(json!([{ "hostname": "one", "username": "u", "password": null }]));
        assert!(cleared[0].get("password").is_none(), "{cleared}");
        assert_eq!(hops(json!([])), json!([]));
    }

    #[test]
    fn bar_59_the_same_holds_for_the_single_jump_host_of_older_requests() {
        let stored = entry(json!({ "jump_host": "one", "jump_username": "u",
            "jump_password": "canary-1" }));
        let kept = merged(stored.clone(), json!({ "jump_port": 22 }));
        assert_eq!(kept["jump_password"], "canary-1");
        let changed = merged(stored, json!({ "jump_host": "evil" }));
        assert!(changed.get("jump_password").is_none(), "{changed}");
    }

    #[test]
    fn an_entry_of_another_type_keeps_no_secret_and_nothing_it_does_not_know() {
        let stored = entry(json!({ "scrollback": 100, "host_key": "SHA256:x",
            "display_name": "A", "jump_hosts": [{ "hostname": "one", "password": "canary" }] }));
        let changed = merged(stored, json!({ "type": "vnc" }));
        let expected = json!({ "type": "vnc", "hostname": "a.example", "username": "root",
            "display_name": "A" });
        assert_eq!(changed, expected);
    }
}
