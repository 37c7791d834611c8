//! What signs a person in: forms that are filled for them, and scripts of the operator.

mod autofill;
mod filler;
mod form;
mod script;
mod totp;

pub use autofill::{Autofill, Credentials};
pub use filler::fill_forms;
pub use script::{Script, ScriptFault, ScriptJob, Scripts, check_script_name};
pub use totp::{InvalidSeed, Seed};
