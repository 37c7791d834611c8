use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use super::{Verdict, hold};
use crate::Subject;
use crate::fields::Field;

/// A value of a wrong type or out of range is refused by the field's name, in words that
/// do not repeat it, and never a panic.
pub(super) async fn wrong_values(subject: &Subject) -> Verdict {
    for (field, example) in subject.given_fields() {
        let name = field.name();
        for (value, must_fail) in attempts(&field) {
            let Some(fields) = crate::fields::with(&example, &field.path, value.clone()) else {
                continue;
            };
            let shown: String = value.to_string().chars().take(40).collect();
            let checked = catch_unwind(AssertUnwindSafe(|| subject.check(&fields).err()));
            let errors = checked.map_err(|_| format!("{name} = {shown} is a panic"))?;
            let Some(errors) = errors else {
                hold(!must_fail, || format!("{name} = {shown} is taken"))?;
                continue;
            };
            let named = errors.iter().any(|error| concerns(&error.field, &name));
            // A value that is right by the schema may be wrong together with another one.
            hold(named || !must_fail, || format!("{name} = {shown} is blamed on {errors:?}"))?;
        }
    }
    Ok(())
}

fn concerns(blamed: &str, name: &str) -> bool {
    blamed.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Values to try, and whether they must be refused.
fn attempts(field: &Field<'_>) -> Vec<(Value, bool)> {
    let mut all = wrong_types(field);
    all.extend(numbers(field));
    all.extend(texts(field));
    all
}

fn wrong_types(field: &Field<'_>) -> Vec<(Value, bool)> {
    let samples = [
        ("boolean", json!(true)),
        ("integer", json!(7)),
        ("number", json!(0.5)),
        ("string", json!("text")),
        ("array", json!([[]])),
        ("object", json!({ "no_such_field": 1 })),
    ];
    let fits = |name: &str| field.takes(name) || (name == "integer" && field.takes("number"));
    let has_types = !field.keyword("type").is_null();
    let wrong = samples.into_iter().filter(|(name, _)| !fits(name));
    wrong.map(|(_, value)| (value, has_types)).collect()
}

fn numbers(field: &Field<'_>) -> Vec<(Value, bool)> {
    if !field.takes("integer") && !field.takes("number") {
        return Vec::new();
    }
    let (least, most) = (field.keyword("minimum"), field.keyword("maximum"));
    let below = least.as_i64().and_then(|least| least.checked_sub(1));
    let above = most.as_i64().and_then(|most| most.checked_add(1));
    let outside = below.into_iter().chain(above).map(|value| (json!(value), true));
    let extremes = [json!(i64::MIN), json!(u64::MAX), json!(1e300)];
    outside.chain(extremes.into_iter().map(|value| (value, false))).collect()
}

fn texts(field: &Field<'_>) -> Vec<(Value, bool)> {
    if !field.takes("string") {
        return Vec::new();
    }
    let most = field.keyword("maxLength").as_u64().unwrap_or(1024);
    let longer = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1);
    let choice = !field.keyword("enum").is_null();
    vec![
        (json!("a\u{0}b"), true),
        (json!("a\u{1b}b"), true),
        (json!("x".repeat(longer.min(1 << 20))), true),
        (json!("no such choice"), choice),
        (json!(""), field.keyword("minLength").as_u64() > Some(0)),
    ]
}
