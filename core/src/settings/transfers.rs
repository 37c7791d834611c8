use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Permits;

/// Which way files may not go, for drivers whose sessions have files. guacd's parameters for
/// it have other names in each protocol.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct Transfers {
    /// No file can be fetched.
    #[serde(default)]
    #[schemars(title = "No downloads", extend("x-group" = "Restrictions"))]
    pub disable_download: bool,
    /// No file can be put.
    #[serde(default)]
    #[schemars(title = "No uploads", extend("x-group" = "Restrictions"))]
    pub disable_upload: bool,
}

impl Transfers {
    /// What is left of these permits.
    #[must_use]
    pub fn limit(&self, permits: Permits) -> Permits {
        Permits {
            download: permits.download && !self.disable_download,
            upload: permits.upload && !self.disable_upload,
            ..permits
        }
    }
}
