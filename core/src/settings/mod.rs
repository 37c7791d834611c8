//! Fields that several drivers have in common: flatten them into the settings.
//!
//! ```ignore
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! pub struct Settings {
//!     /// Name or address of the machine.
//!     #[schemars(title = "Host")]
//!     pub hostname: Hostname,
//!     #[serde(flatten)]
//!     pub restrictions: Restrictions,
//! }
//! ```

mod desktop;
mod restrictions;
mod terminal;
mod transfers;

use crate::Plan;

pub use desktop::DesktopSettings;
pub use restrictions::Restrictions;
pub use terminal::{ColorScheme, TERMINAL_TYPE, TerminalSettings};
pub use transfers::Transfers;

/// Fields that know guacd's parameters for themselves; [`Plan::with`] takes them.
pub trait PlanFields {
    /// Adds what was asked for to a plan.
    fn add_to(&self, plan: Plan) -> Plan;
}

/// Declares a choice among guacd's words: an enum that reads and writes them.
///
/// The crate that uses it needs `serde` and `schemars`.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// guacd's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}
