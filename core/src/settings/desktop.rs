use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlanFields;
use crate::Plan;

/// How the picture of a desktop travels.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct DesktopSettings {
    /// Bits per pixel. Fewer are faster on slow lines; both sides agree if left out.
    #[schemars(title = "Colour depth", extend("enum" = [8, 16, 24, 32], "x-group" = "Display"))]
    pub color_depth: Option<u8>,
    /// Never sends the viewer a picture that is not exact.
    #[serde(default)]
    #[schemars(title = "Lossless only", extend("x-group" = "Display"))]
    pub force_lossless: bool,
}

impl PlanFields for DesktopSettings {
    fn add_to(&self, plan: Plan) -> Plan {
        plan.set_some("color-depth", self.color_depth)
            .set_flag("force-lossless", self.force_lossless)
    }
}
