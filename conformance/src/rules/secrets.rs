use serde_json::{Map, Value, json};

use super::targets::playable;
use super::{Verdict, hold};
use crate::fields::{Field, fields};
use crate::stage::{Stage, Target};
use crate::{Subject, TestCx};

const CANARY: &str = "canary-7Qx";
/// Words that no name of a public field ends with.
const SECRET_WORDS: [&str; 6] =
    ["password", "passphrase", "private_key", "client_key", "secret", "token"];

/// A field that is named like a secret is one.
pub(super) async fn marked(subject: &Subject) -> Verdict {
    for field in fields(subject.driver.schema()) {
        let name = field.path.last().map(String::as_str).unwrap_or_default();
        let sounds_secret = SECRET_WORDS.iter().any(|word| name.ends_with(word));
        hold(!sounds_secret || !field.takes("string") || field.is_secret(), || {
            format!("{} must be a Secret (writeOnly in the schema)", field.name())
        })?;
    }
    Ok(())
}

/// A secret's value is in no error, no debug print, no summary, no step and no title.
pub(super) async fn hidden(subject: &Subject) -> Verdict {
    for (field, example) in subject.given_fields().filter(|(field, _)| field.is_secret()) {
        let stage = |what: &str| format!("{} shows in {what}", field.name());
        for value in guises() {
            let Some(request) = crate::fields::with(&example, &field.path, value) else { continue };
            silent_about(subject, &field, &request).await?;
            let mut wrong = request.clone();
            wrong.insert("no_such_field".into(), json!(CANARY));
            let errors = format!("{:?}", subject.check(&wrong).err());
            hold(!errors.contains(CANARY), || stage(&errors))?;
        }
    }
    Ok(())
}

/// The canary as it should be, and in wrong values.
fn guises() -> Vec<Value> {
    vec![
        json!(CANARY),
        json!(format!("{CANARY}\u{0}")),
        json!(CANARY.repeat(10_000)),
        json!([CANARY]),
        json!({ CANARY: CANARY }),
    ]
}

async fn silent_about(
    subject: &Subject,
    field: &Field<'_>,
    request: &Map<String, Value>,
) -> Verdict {
    let hidden = |what: &str, text: &str| {
        hold(!text.contains(CANARY), || format!("{} shows in {what}: {text}", field.name()))
    };
    let settings = match subject.check(request) {
        Ok(settings) => settings,
        Err(errors) => return hidden("an error", &format!("{errors:?}")),
    };
    hidden("the summary", &format!("{:?}", settings.summary))?;
    for engine in subject.engines() {
        let cx = TestCx::new(engine);
        let prepared = subject.driver.prepare(&settings, &cx).await;
        cx.release().await;
        match prepared {
            Ok(plan) => hidden("the plan's debug print", &format!("{plan:?}"))?,
            Err(error) => hidden("an error", &format!("{error:?}"))?,
        }
    }
    if playable(subject, request).await {
        for target in [Target::Echoes, Target::Closes] {
            let told = Stage::play(subject, request, target).await?.told();
            hidden("what the client tells", &told)?;
        }
    }
    Ok(())
}
