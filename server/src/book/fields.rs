//! What an entry's fields mean: which are the address book's own, which are the driver's,
//! and which of those are secret.

use std::sync::{Arc, LazyLock};

use fanlight_core::{Driver, FieldError, check_fields};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::document::Document;
use crate::Drivers;
use crate::sessions::{common_schema, shared_schema};

/// The field that names an entry's driver.
pub(super) const TYPE: &str = "type";

/// The fields that every entry has, whatever its driver.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct BookFields {
    /// What it opens: the id of a driver.
    #[serde(rename = "type")]
    pub session_type: String,
    /// Name for people: the heading while it connects, and in lists.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,
    /// Words to find it by.
    #[schemars(length(max = 20), inner(length(min = 1, max = 40)))]
    pub tags: Vec<String>,
    /// Whether people connect with credentials of their own, never with stored ones.
    pub prompt_credentials: bool,
}

/// JSON Schema of the fields that every entry has.
pub fn book_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let inline = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        inline.into_generator().root_schema_for::<BookFields>().to_value()
    });
    &SCHEMA
}

/// What is wrong with the address book's own fields of an entry.
pub(super) fn check_own(fields: &Map<String, Value>, drivers: &Drivers) -> Vec<FieldError> {
    let own: Map<_, _> = fields.iter().filter(|(name, _)| is_own(name)).map(owned).collect();
    let mut errors = check_fields(book_schema(), &own);
    match own.get(TYPE) {
        None | Some(Value::Null) => errors.push(FieldError::new(TYPE, "is required")),
        Some(Value::String(id)) if drivers.get(id).is_none() => {
            let ids = drivers.ids().collect::<Vec<_>>().join(", ");
            errors.push(FieldError::new(TYPE, format!("must be one of: {ids}")));
        }
        Some(_) => {}
    }
    errors
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// Whether a field is the address book's own, whatever the driver.
pub(super) fn is_own(name: &str) -> bool {
    book_schema()["properties"].get(name).is_some()
}

/// The driver's fields of an entry, as a session's request has them; and those that no
/// entry may set.
pub(super) fn settings_of(document: &Document) -> (Map<String, Value>, Vec<FieldError>) {
    let common = &common_schema()["properties"];
    let mut errors = Vec::new();
    let mut settings = Map::new();
    for (name, value) in document.fields().iter().filter(|(name, _)| !is_own(name)) {
        if common.get(name).is_some() {
            errors.push(FieldError::new(name, "is not a field of an entry"));
        } else {
            settings.insert(name.clone(), value.clone());
        }
    }
    (settings, errors)
}

/// What a driver's entries can hold.
#[derive(Clone)]
pub(super) struct EntrySchema(Arc<dyn Driver>);

impl EntrySchema {
    pub(super) fn of(session_type: &str, drivers: &Drivers) -> Option<Self> {
        drivers.get(session_type).map(|driver| Self(Arc::clone(driver)))
    }

    /// The schema of one field, the driver's or that of every session.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        let of_driver = self.0.schema()["properties"].get(name);
        of_driver.or_else(|| shared_schema()["properties"].get(name))
    }

    /// The secret fields of the entry itself, such as its password.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let all = self.0.schema()["properties"].as_object();
        let all = all.into_iter().flat_map(Map::iter);
        all.filter(|(_, schema)| is_secret(schema)).map(|(name, _)| name.as_str())
    }
}

/// Whether a field with this schema is never shown.
pub(super) fn is_secret(schema: &Value) -> bool {
    schema["writeOnly"] == true
}

/// What may be shown of a value, by its schema; the paths of stored secrets go to `hidden`.
/// What the schema does not know may be anything, so it is not shown.
pub(super) fn shown(
    schema: Option<&Value>,
    value: &Value,
    path: &str,
    hidden: &mut Vec<String>,
) -> Option<Value> {
    let schema = unwrap_nullable(schema?);
    if value.is_null() {
        return None;
    }
    if is_secret(schema) {
        hidden.push(path.to_owned());
        return None;
    }
    match value {
        Value::Object(fields) => {
            let parts = fields.iter().filter_map(|(name, part)| {
                let schema = schema["properties"].get(name);
                Some((name.clone(), shown(schema, part, &format!("{path}.{name}"), hidden)?))
            });
            Some(Value::Object(parts.collect()))
        }
        Value::Array(items) => {
            let parts = items.iter().enumerate().map(|(index, part)| {
                let part = shown(schema.get("items"), part, &format!("{path}.{index}"), hidden);
                part.unwrap_or_default()
            });
            Some(Value::Array(parts.collect()))
        }
        scalar => Some(scalar.clone()),
    }
}

/// Of a schema that also takes `null`, the part that says what else it takes.
pub(super) fn unwrap_nullable(schema: &Value) -> &Value {
    let variants = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
    let real = variants.and_then(|all| all.iter().find(|variant| variant["type"] != "null"));
    real.filter(|variant| variant["properties"].is_object() || is_secret(variant)).unwrap_or(schema)
}
