use serde_json::Value;

use super::{Verdict, hold};
use crate::Subject;
use crate::fields::{fields, get};

/// The form and the API's description can be made of the schema: an object without
/// references, every field with a title and a help text.
pub(super) async fn form(subject: &Subject) -> Verdict {
    let schema = subject.driver.schema();
    hold(schema["type"] == "object", || "the settings must be an object".into())?;
    hold(!has_reference(schema), || "the schema must not hold $ref".into())?;
    for field in fields(schema) {
        for word in ["title", "description"] {
            let text = field.schema[word].as_str().unwrap_or_default();
            hold(!text.trim().is_empty(), || format!("{} has no {word}", field.name()))?;
        }
    }
    Ok(())
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("$ref") || members.values().any(has_reference)
        }
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

/// The schema's examples are valid, and every field occurs in one.
pub(super) async fn examples(subject: &Subject) -> Verdict {
    let examples = subject.examples();
    hold(!examples.is_empty(), || "the schema has no examples".into())?;
    for (number, example) in examples.iter().enumerate() {
        let errors = subject.check(example).err().unwrap_or_default();
        hold(errors.is_empty(), || format!("example {number} is refused: {errors:?}"))?;
    }
    for field in fields(subject.driver.schema()) {
        let given = examples.iter().any(|one| get(one, &field.path).is_some());
        hold(given, || format!("{} occurs in no example", field.name()))?;
    }
    Ok(())
}
