use serde_json::Value;

use super::{Verdict, hold};
use crate::Subject;

/// The schema is the committed one: stored entries and other people's programs rely on it.
pub(super) async fn stable(subject: &Subject) -> Verdict {
    let hint = &subject.update_hint;
    let committed = subject.committed_schema.as_ref();
    let committed = committed.ok_or_else(|| format!("no schema is committed: {hint}"))?;
    let now = subject.driver.schema();
    let place = difference(committed, now, "");
    hold(place.is_none(), || {
        let place = place.unwrap_or_default();
        format!("the schema is not the committed one at {place}: {hint}")
    })
}

/// Where two values differ first.
fn difference(before: &Value, now: &Value, path: &str) -> Option<String> {
    if before == now {
        return None;
    }
    let (Value::Object(before), Value::Object(now)) = (before, now) else {
        return Some(if path.is_empty() { "its root".into() } else { path.to_owned() });
    };
    let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
    names.into_iter().find_map(|name| {
        let old = before.get(name).unwrap_or(&Value::Null);
        difference(old, now.get(name).unwrap_or(&Value::Null), &format!("{path}/{name}"))
    })
}
