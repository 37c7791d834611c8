//! Scripts of the operator that sign in where filling in forms is not enough.

mod file;
mod output;
mod run;

pub use file::{ScriptFault, check_script_name};
pub use run::{Script, ScriptJob, Scripts};
