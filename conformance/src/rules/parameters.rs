use std::collections::BTreeSet;

use fanlight_core::{EngineKind, Origin, Plan};

use super::{Verdict, hold};
use crate::{Subject, TestCx};

const GUACD: &str = include_str!("../../data/guacd-args.txt");
/// The embedded engine sees to these itself.
const BY_THE_HOST: [&str; 5] = ["hostname", "port", "read-only", "disable-copy", "disable-paste"];

/// guacd knows every parameter, where it knows the protocol, and the driver's own client
/// knows those that were asked for.
pub(super) async fn known(subject: &Subject) -> Verdict {
    for example in subject.examples() {
        for engine in subject.engines() {
            let cx = TestCx::new(engine);
            let prepared = subject.plan(&example, &cx).await;
            cx.release().await;
            let Ok(plan) = prepared else { continue };
            match engine {
                EngineKind::Guacd => guacd_knows(subject, &plan)?,
                EngineKind::Embedded => client_knows(subject, &plan)?,
            }
        }
    }
    Ok(())
}

fn guacd_knows(subject: &Subject, plan: &Plan) -> Verdict {
    let Some(known) = guacd_parameters(plan.protocol) else {
        return hold(subject.driver.client().is_some(), || {
            format!("guacd has no protocol {}, and the driver has no client", plan.protocol)
        });
    };
    for parameter in plan.parameters.iter() {
        hold(known.contains(&parameter.name), || {
            format!("guacd's {} knows no parameter {}", plan.protocol, parameter.name)
        })?;
    }
    Ok(())
}

fn client_knows(subject: &Subject, plan: &Plan) -> Verdict {
    let client = subject.driver.client();
    let known = client.map(|client| client.parameters()).unwrap_or_default();
    for parameter in plan.parameters.iter().filter(|one| one.origin == Origin::Requested) {
        let name = parameter.name;
        hold(known.contains(&name) || BY_THE_HOST.contains(&name), || {
            format!("the driver's own client does not list the parameter {name}")
        })?;
    }
    Ok(())
}

/// guacd's parameters of a protocol, if it has that.
fn guacd_parameters(protocol: &str) -> Option<Vec<&'static str>> {
    let lines = GUACD.lines().filter(|line| !line.starts_with('#'));
    let mut lines = lines.filter_map(|line| line.split_once(": "));
    let (_, names) = lines.find(|(name, _)| *name == protocol)?;
    Some(names.split(' ').collect())
}

/// What guacd could be told is either a field or left out with a reason: a new version's
/// parameters are not overlooked.
pub(super) async fn accounted(subject: &Subject) -> Verdict {
    let mut used = BTreeSet::new();
    let mut protocols = BTreeSet::new();
    for example in subject.examples() {
        let cx = TestCx::new(EngineKind::Guacd);
        let prepared = subject.plan(&example, &cx).await;
        cx.release().await;
        let Ok(plan) = prepared else { continue };
        used.extend(plan.parameters.iter().map(|parameter| parameter.name));
        protocols.insert(plan.protocol);
    }
    for known in protocols.into_iter().filter_map(guacd_parameters) {
        let is_forgotten = |name: &&&str| !used.contains(**name) && !subject.leaves_out(name);
        let forgotten = known.iter().find(is_forgotten);
        hold(forgotten.is_none(), || {
            let name = forgotten.copied().unwrap_or_default();
            format!("no example uses guacd's {name}, and conformance.json does not leave it out")
        })?;
    }
    let needless = used.iter().find(|name| subject.leaves_out(name));
    hold(needless.is_none(), || {
        let name = needless.copied().unwrap_or_default();
        format!("conformance.json leaves out {name}, which an example uses")
    })
}
