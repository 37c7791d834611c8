use fanlight_core::{EngineKind, Plan};
use fanlight_engine::wire::{instruction, parse_all};
use serde_json::{Map, Value, json};

use super::{Verdict, hold};
use crate::fields::{get, with};
use crate::{Subject, TestCx};

/// Three scripts, one of them beyond the first 65,536 characters, in nine of them.
const FOREIGN: &str = "Zoë 日本 🦀";

/// Text of any script arrives as it was written, in the plan and on the wire.
pub(super) async fn intact(subject: &Subject) -> Verdict {
    for (field, example) in subject.given_fields().filter(|(field, _)| field.is_free_text()) {
        let Some(given) = get(&example, &field.path).and_then(Value::as_str) else { continue };
        let Some(foreign) = with(&example, &field.path, json!(FOREIGN)) else { continue };
        // A field may have reasons to take less; then there is nothing to keep intact.
        let (Some(plain), Some(plan)) =
            (plan(subject, &example).await, plan(subject, &foreign).await)
        else {
            continue;
        };
        let is_sent = values(&plain).iter().any(|value| value == given);
        let arrives = values(&plan).iter().any(|value| value.contains(FOREIGN));
        hold(!is_sent || arrives, || format!("{} = {FOREIGN} does not arrive", field.name()))?;
        survives_the_wire(&values(&plan))?;
    }
    Ok(())
}

async fn plan(subject: &Subject, fields: &Map<String, Value>) -> Option<Plan> {
    let cx = TestCx::new(EngineKind::Guacd);
    let plan = subject.plan(fields, &cx).await.ok();
    cx.release().await;
    plan
}

fn values(plan: &Plan) -> Vec<String> {
    plan.parameters.iter().map(|parameter| parameter.value.expose().clone()).collect()
}

fn survives_the_wire(values: &[String]) -> Verdict {
    let sent: Vec<_> = values.iter().map(String::as_str).collect();
    let bytes = instruction("connect", &sent);
    let received = parse_all(&bytes).next().and_then(Result::ok);
    hold(received.is_some_and(|one| one.args == sent), || "the wire changes a value".into())
}
