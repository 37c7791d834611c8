use std::net::IpAddr;

use fanlight_core::{Endpoint, Plan};
use serde_json::{Map, Value};

use super::{Verdict, hold};
use crate::{Fault, Subject, TestCx};

/// The target is reached through the session, and the plan goes to the address that was
/// checked, not to a name that may mean another one by then.
pub(super) async fn checked_address(subject: &Subject) -> Verdict {
    for example in subject.examples() {
        for engine in subject.engines() {
            let cx = TestCx::new(engine);
            let prepared = subject.plan(&example, &cx).await;
            cx.release().await;
            // Some settings are for one engine only.
            let Ok(plan) = prepared else { continue };
            goes_there(&plan, &cx)?;
            if subject.keeps_name(&example).is_none() {
                holds_no_name(&plan, &cx, &example)?;
            }
        }
    }
    Ok(())
}

fn goes_there(plan: &Plan, cx: &TestCx) -> Verdict {
    hold(!cx.reached().is_empty(), || "prepare reaches nothing: call cx.reach".into())?;
    let target = plan.target.as_ref().ok_or("the plan has no target: call Plan::target")?;
    let route = target.endpoint.to_string();
    hold(cx.reached().contains(&route), || format!("the plan goes to {route}, unchecked"))
}

fn holds_no_name(plan: &Plan, cx: &TestCx, example: &Map<String, Value>) -> Verdict {
    let names = cx.names();
    for parameter in plan.parameters.iter() {
        let value = parameter.value.expose();
        hold(!names.contains_key(value), || {
            let name = parameter.name;
            format!("the parameter {name} is the name {value}, not the address that was checked")
        })?;
    }
    let Some(Endpoint::Tcp(host, _)) = plan.target.as_ref().map(|route| &route.endpoint) else {
        return Ok(());
    };
    let address = names.get(host.as_str()).map(|ip| IpAddr::V4(*ip).to_string());
    let dialled = plan.parameters.get("hostname");
    hold(dialled.is_none() || dialled == address.as_deref(), || {
        format!("the plan for {example:?} dials {dialled:?} instead of {address:?}")
    })
}

/// When the network policy forbids one of the places, there is no plan.
pub(super) async fn denial(subject: &Subject) -> Verdict {
    for example in subject.examples() {
        for engine in subject.engines() {
            let cx = TestCx::new(engine);
            let prepared = subject.plan(&example, &cx).await;
            cx.release().await;
            if prepared.is_err() {
                continue;
            }
            for (nth, place) in cx.reached().iter().enumerate() {
                let cx = TestCx::new(engine).fault_at(nth, Fault::Denied);
                let prepared = subject.plan(&example, &cx).await;
                cx.release().await;
                hold(prepared.is_err(), || {
                    format!("{place} is forbidden, and prepare makes a plan nevertheless")
                })?;
            }
        }
    }
    Ok(())
}
