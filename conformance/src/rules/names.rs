use serde_json::{Map, Value};

use super::{Verdict, hold};
use crate::Subject;
use crate::fields::{fields, get, inner, with};

const UNKNOWN: &str = "no_such_field";

/// A field that is not known is refused by its name, at every depth.
pub(super) async fn unknown_fields(subject: &Subject) -> Verdict {
    for example in subject.examples() {
        for path in objects(subject, &example) {
            let field = path.join(".");
            let Some(fields) = with(&example, &path, Value::from("x")) else { continue };
            let errors = subject.check(&fields).err().unwrap_or_default();
            let named = errors.iter().any(|error| error.field == field);
            hold(named, || format!("{field} is not refused by its name, but: {errors:?}"))?;
        }
    }
    Ok(())
}

/// A path to an unknown field in each object of the example that has fields of its own.
fn objects(subject: &Subject, example: &Map<String, Value>) -> Vec<Vec<String>> {
    let below = fields(subject.driver.schema()).into_iter().filter_map(|field| {
        let given = get(example, &field.path)?;
        let (schema, mut path) = (inner(field.schema), field.path);
        let has_fields = match given {
            Value::Object(_) => schema["properties"].is_object(),
            Value::Array(items) if !items.is_empty() => {
                path.push("0".into());
                inner(&schema["items"])["properties"].is_object()
            }
            _ => false,
        };
        path.push(UNKNOWN.into());
        has_fields.then_some(path)
    });
    std::iter::once(vec![UNKNOWN.to_owned()]).chain(below).collect()
}
