//! `cargo xtask`: what is done with this repository, one word each.

mod bench;
mod demo;
mod machine;
mod new_driver;
mod openapi;
mod process;
mod run;
mod test;
mod ui;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Run, test and measure Fanlight")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything, start a gateway with a demonstration target, print a sign-in link
    Run(run::Options),
    /// Run every check and test, as CI does
    Test,
    /// Compare both engines and write docs/benchmarks.md
    Bench(bench::Options),
    /// Begin a driver: write drivers/NAME and add it to the gateway
    NewDriver(new_driver::Options),
    /// Write ui/openapi.json and the types made from it anew
    Openapi,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Run(options) => run::run(&options),
        Task::Test => test::test(),
        Task::Bench(options) => bench::bench(&options),
        Task::NewDriver(options) => new_driver::write(&options),
        Task::Openapi => openapi::write(),
    }
}
