//! The `fanlight` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    fanlight::cli::run()
}
