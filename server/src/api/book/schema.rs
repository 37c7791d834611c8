//! What an entry's body may hold: the address book's own fields, and those of a driver.

use fanlight_core::Driver;
use serde_json::{Map, Value, json};

use crate::Drivers;
use crate::book::book_schema;
use crate::sessions::shared_schema;

const NAME_PATTERN: &str = "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$";

/// One variant for each driver, told apart by `type`.
pub(in crate::api) fn new_entry(drivers: &Drivers) -> Value {
    let variants: Vec<_> = drivers.iter().map(|driver| variant(driver.as_ref())).collect();
    json!({ "description": "An entry to be.", "oneOf": variants })
}

fn variant(driver: &dyn Driver) -> Value {
    let mut properties = driver.schema()["properties"].as_object().cloned().unwrap_or_default();
    properties.extend(shared());
    properties.insert("type".into(), json!({ "const": driver.info().id }));
    properties.insert(
        "name".into(),
        json!({ "type": "string", "description": "Its name in its folder.",
            "minLength": 1, "maxLength": 64, "pattern": NAME_PATTERN }),
    );
    let required = driver.schema()["required"].as_array().into_iter().flatten().cloned();
    let required: Vec<_> = [json!("name"), json!("type")].into_iter().chain(required).collect();
    json!({
        "title": driver.info().label,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The address book's own fields, and those of every session.
fn shared() -> Map<String, Value> {
    let own = book_schema()["properties"].as_object().cloned().unwrap_or_default();
    let common = shared_schema()["properties"].as_object().cloned().unwrap_or_default();
    own.into_iter().chain(common).collect()
}

/// A change names only what changes.
pub(in crate::api) fn entry_change() -> Value {
    json!({
        "description": "What changes of an entry: any field of it, `null` to clear it.",
        "type": "object",
        "properties": {
            "version": {
                "type": ["integer", "null"],
                "description": "The version that the change is based on. Where another is \
                    stored by now, nothing is changed.",
            },
        },
        "additionalProperties": true,
    })
}
