use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroize as _;

/// An entry as stores keep it: a flat JSON object, secrets among its members. It never
/// shows itself and is zeroed on drop.
#[derive(Clone, Default, PartialEq)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Wraps an entry's fields.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// The fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Takes the fields out, for what takes care of them from then on.
    pub fn into_fields(mut self) -> Map<String, Value> {
        std::mem::take(&mut self.0)
    }

    /// The text of a field, where it is one.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
