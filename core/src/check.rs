use serde_json::{Map, Value};

use crate::FieldError;

/// Longest string where the schema sets no `maxLength`, in characters.
const DEFAULT_MAX_LENGTH: u64 = 1024;

/// Checks a request's fields against a settings schema: unknown fields, missing ones,
/// types, enums, ranges, and what no string may hold. Finds all errors, echoes no value.
///
/// It reads the part of JSON Schema that settings structs produce: `properties`,
/// `required`, `type`, `enum`, `const`, `minimum`, `maximum`, `minLength`, `maxLength`,
/// `items`, `maxItems`, `anyOf`, `oneOf`, and `additionalProperties` given as a schema or
/// as `true`.
pub fn check_fields(schema: &Value, fields: &Map<String, Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_object(schema, fields, "", &mut errors);
    errors
}

/// Removes `null` members, which mean "not set".
pub(crate) fn drop_nulls(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| !value.is_null());
    for value in fields.values_mut() {
        if let Value::Object(nested) = value {
            drop_nulls(nested);
        }
    }
}

fn check_object(
    schema: &Value,
    fields: &Map<String, Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let properties = schema["properties"].as_object();
    let others = schema.get("additionalProperties").filter(|s| s.is_object());
    let takes_anything = schema["additionalProperties"] == true;
    for (name, value) in fields {
        let field = join(path, name);
        match properties.and_then(|p| p.get(name)).or(others) {
            Some(schema) => check_value(schema, value, &field, errors),
            None if takes_anything => {}
            None => errors.push(FieldError::new(field, "is not a known field")),
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if fields.get(name).is_none_or(Value::is_null) {
            errors.push(FieldError::new(join(path, name), "is required"));
        }
    }
}

fn check_value(schema: &Value, value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if value.is_null() {
        return;
    }
    if let Some(variants) = ["anyOf", "oneOf"].iter().find_map(|k| schema[*k].as_array()) {
        return check_variants(variants, value, field, errors);
    }
    if let Some(allowed) = allowed_values(schema) {
        if !allowed.contains(&value) {
            errors.push(FieldError::new(field, one_of(&allowed)));
        }
        return;
    }
    if let Some(message) = wrong_type(&schema["type"], value) {
        errors.push(FieldError::new(field, message));
        return;
    }
    match value {
        Value::String(text) => check_string(schema, text, field, errors),
        Value::Number(_) => check_number(schema, value, field, errors),
        Value::Array(items) => check_array(schema, items, field, errors),
        Value::Object(fields) => check_object(schema, fields, field, errors),
        Value::Bool(_) | Value::Null => {}
    }
}

/// A value must fit one variant; the errors of the nearest one are told.
fn check_variants(variants: &[Value], value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if let Some(allowed) = variants.iter().map(allowed_values).collect::<Option<Vec<_>>>() {
        let allowed: Vec<_> = allowed.into_iter().flatten().collect();
        if !allowed.contains(&value) {
            errors.push(FieldError::new(field, one_of(&allowed)));
        }
        return;
    }
    let attempts = variants.iter().filter(|v| v["type"] != "null").map(|variant| {
        let mut found = Vec::new();
        check_value(variant, value, field, &mut found);
        found
    });
    errors.extend(attempts.min_by_key(Vec::len).unwrap_or_default());
}

fn allowed_values(schema: &Value) -> Option<Vec<&Value>> {
    match (schema.get("const"), schema["enum"].as_array()) {
        (Some(value), _) => Some(vec![value]),
        (_, Some(values)) => Some(values.iter().filter(|v| !v.is_null()).collect()),
        _ => None,
    }
}

fn one_of(allowed: &[&Value]) -> String {
    let words: Vec<_> =
        allowed.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    format!("must be one of: {}", words.join(", "))
}

fn wrong_type(expected: &Value, value: &Value) -> Option<String> {
    let names: Vec<&str> = match expected {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let fits = names.iter().any(|name| match *name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    });
    let wanted = names.into_iter().find(|n| *n != "null").unwrap_or("null");
    let article = if wanted.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    (!fits).then(|| format!("must be {article} {wanted}"))
}

fn check_string(schema: &Value, text: &str, field: &str, errors: &mut Vec<FieldError>) {
    let longest = schema["maxLength"].as_u64().unwrap_or(DEFAULT_MAX_LENGTH);
    let shortest = schema["minLength"].as_u64().unwrap_or(0);
    let length = text.chars().count() as u64;
    let multiline = schema["x-multiline"] == true;
    let forbidden = |c: char| c.is_control() && !(multiline && matches!(c, '\n' | '\r' | '\t'));
    let message = if length > longest {
        format!("must be at most {longest} characters long")
    } else if length < shortest {
        if shortest == 1 {
            "must not be empty".into()
        } else {
            format!("must be at least {shortest} characters long")
        }
    } else if text.chars().any(forbidden) {
        "must not contain control characters or line breaks".into()
    } else {
        return;
    };
    errors.push(FieldError::new(field, message));
}

fn check_number(schema: &Value, value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let bounds = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    let number = value.as_f64().unwrap_or(f64::NAN);
    let message = match bounds {
        (Some(min), Some(max)) if !(min..=max).contains(&number) => format!("must be {min}-{max}"),
        (Some(min), None) if number < min => format!("must be at least {min}"),
        (None, Some(max)) if number > max => format!("must be at most {max}"),
        _ => return,
    };
    errors.push(FieldError::new(field, message));
}

fn check_array(schema: &Value, items: &[Value], field: &str, errors: &mut Vec<FieldError>) {
    if let Some(most) = schema["maxItems"].as_u64().filter(|most| items.len() as u64 > *most) {
        errors.push(FieldError::new(field, format!("must have at most {most} items")));
        return;
    }
    for (index, item) in items.iter().enumerate() {
        check_value(&schema["items"], item, &format!("{field}[{index}]"), errors);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
