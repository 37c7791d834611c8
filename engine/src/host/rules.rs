use fanlight_core::{Cause, Origin, Parameters, Plan, SessionError};

use crate::link::ViewerAccess;

/// Parameters that the host enforces for every client.
const READ_ONLY: &str = "read-only";
const DISABLE_COPY: &str = "disable-copy";
const DISABLE_PASTE: &str = "disable-paste";

/// What a session forbids its viewers, whatever their access.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) read_only: bool,
    pub(super) disable_copy: bool,
    pub(super) disable_paste: bool,
}

impl Rules {
    pub(super) fn of(parameters: &Parameters) -> Self {
        Self {
            read_only: parameters.is_true(READ_ONLY),
            disable_copy: parameters.is_true(DISABLE_COPY),
            disable_paste: parameters.is_true(DISABLE_PASTE),
        }
    }

    /// Whether a viewer may do more than look.
    pub(super) fn lets_act(&self, access: ViewerAccess) -> bool {
        access != ViewerAccess::View && !self.read_only
    }
}

/// The plan's parameters, without defaults that the client does not know.
///
/// # Errors
/// `EngineLacksParameter` for one that was asked for and that the client does not know.
pub(super) fn accept(plan: &Plan, known: &[&str]) -> Result<Parameters, SessionError> {
    // A route carries the address itself, so every client with a route knows these two.
    let routed = |name: &str| plan.target.is_some() && matches!(name, "hostname" | "port");
    let knows = |name: &str| {
        known.contains(&name)
            || matches!(name, READ_ONLY | DISABLE_COPY | DISABLE_PASTE)
            || routed(name)
    };
    let lacking = plan.parameters.iter().find(|p| p.origin == Origin::Requested && !knows(p.name));
    if let Some(parameter) = lacking {
        return Err(SessionError::new(
            Cause::EngineLacksParameter,
            format!(
                "The embedded engine does not support the parameter {} for {}.",
                parameter.name, plan.protocol
            ),
        ));
    }
    let mut parameters = plan.parameters.clone();
    parameters.retain(|p| knows(p.name));
    Ok(parameters)
}
