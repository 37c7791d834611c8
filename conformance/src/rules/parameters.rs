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
