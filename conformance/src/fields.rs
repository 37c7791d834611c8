//! The fields that a settings schema describes, at every depth.

use serde_json::{Map, Value};

/// Nested deeper than this, a schema is not looked into.
const DEEPEST: usize = 8;

/// One property of a schema, or of an object within it.
pub(crate) struct Field<'a> {
    /// The names that lead to it; the first item of a list is `0`.
    pub(crate) path: Vec<String>,
    /// Its schema with title, description and marks.
    pub(crate) schema: &'a Value,
}

impl Field<'_> {
    /// The path as errors give it: `jump_hosts.0.username`.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// Whether it is a secret by its schema.
    pub(crate) fn is_secret(&self) -> bool {
        self.schema["writeOnly"] == true || inner(self.schema)["writeOnly"] == true
    }

    /// Whether it takes values of this JSON type.
    pub(crate) fn takes(&self, name: &str) -> bool {
        let types = &inner(self.schema)["type"];
        *types == name || types.as_array().is_some_and(|all| all.iter().any(|one| one == name))
    }

    /// A keyword of its schema.
    pub(crate) fn keyword(&self, name: &str) -> &Value {
        self.schema.get(name).unwrap_or(&inner(self.schema)[name])
    }

    /// Whether it is text of the author's own choice of words: no enum, no format.
    pub(crate) fn is_free_text(&self) -> bool {
        let format = self.keyword("format");
        let free = format.is_null() || *format == "password";
        self.takes("string") && free && self.keyword("enum").is_null() && !self.is_choice()
    }

    fn is_choice(&self) -> bool {
        let inner = inner(self.schema);
        ["oneOf", "anyOf", "const"].iter().any(|word| inner.get(*word).is_some())
    }
}

/// All fields, each before those within it.
pub(crate) fn fields(schema: &Value) -> Vec<Field<'_>> {
    let mut all = Vec::new();
    collect(schema, &mut Vec::new(), &mut all);
    all
}

fn collect<'a>(schema: &'a Value, path: &mut Vec<String>, all: &mut Vec<Field<'a>>) {
    if path.len() > DEEPEST {
        return;
    }
    let schema = inner(schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        all.push(Field { path: path.clone(), schema: property });
        collect(property, path, all);
        path.pop();
    }
    if schema["items"].is_object() {
        path.push("0".into());
        collect(&schema["items"], path, all);
        path.pop();
    }
}

/// The schema itself where `null` is the only other choice.
pub(crate) fn inner(schema: &Value) -> &Value {
    let variants = ["anyOf", "oneOf"].iter().find_map(|word| schema[*word].as_array());
    let mut real = variants.into_iter().flatten().filter(|one| one["type"] != "null");
    match (real.next(), real.next()) {
        (Some(only), None) => only,
        _ => schema,
    }
}

/// The value at a path.
pub(crate) fn get<'a>(fields: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(fields.get(first)?, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

/// The fields with another value at a path; `None` where what it lies in is absent.
pub(crate) fn with(
    fields: &Map<String, Value>,
    path: &[String],
    value: Value,
) -> Option<Map<String, Value>> {
    let (last, way) = path.split_last()?;
    let mut changed = fields.clone();
    match way.split_first() {
        None => changed.insert(last.clone(), value),
        Some((first, rest)) => {
            let start = changed.get_mut(first)?;
            let parent = rest.iter().try_fold(start, |value, name| match value {
                Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
                other => other.get_mut(name),
            })?;
            parent.as_object_mut()?.insert(last.clone(), value)
        }
    };
    Some(changed)
}
