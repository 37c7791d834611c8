use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlanFields;
use crate::{Capabilities, Permits, Plan};

/// What viewers of a session may not do; every protocol has these.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct Restrictions {
    /// Nothing copied in the session reaches the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No copying", extend("x-group" = "Restrictions"))]
    pub disable_copy: bool,
    /// Nothing can be pasted from the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No pasting", extend("x-group" = "Restrictions"))]
    pub disable_paste: bool,
    /// Watch only: no key and no click reaches the remote side.
    #[serde(default)]
    #[schemars(title = "Read only", extend("x-group" = "Restrictions"))]
    pub read_only: bool,
}

impl Restrictions {
    /// What they leave viewers to do of all that the driver can.
    pub fn permits(&self, can: Capabilities) -> Permits {
        let all = Permits::all(can);
        let input = !self.read_only;
        Permits {
            input,
            resize: all.resize && input,
            copy: all.copy && !self.disable_copy,
            paste: all.paste && !self.disable_paste && input,
            download: all.download,
            upload: all.upload && input,
        }
    }
}

impl PlanFields for Restrictions {
    fn add_to(&self, plan: Plan) -> Plan {
        plan.set_flag("disable-copy", self.disable_copy)
            .set_flag("disable-paste", self.disable_paste)
            .set_flag("read-only", self.read_only)
    }
}
