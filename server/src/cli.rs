//! The command line.

mod book;
mod guacd;
mod keys;
mod logging;
mod serving;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::Drivers;
use crate::config::{Config, ConfigError, Sources};

/// The configuration is wrong: as `EX_CONFIG` of sysexits.h.
const EXIT_CONFIG: u8 = 78;

/// Opens any machine in a browser tab.
#[derive(Parser)]
#[command(name = "fanlight", version)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Options {
    /// Configuration file (TOML). Its keys can also be given as environment variables
    /// (`FANLIGHT_SECTION__KEY`).
    #[arg(long, global = true, value_name = "FILE", env = "FANLIGHT_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on: `server.listen`, or guacd's door.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Folder for everything the gateway keeps: `data_dir`.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Any other key of the configuration: `--set site.title=Example`.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, Value)>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway (what happens without a command).
    Serve,
    /// Run the embedded engine as a guacd for foreign clients, on 127.0.0.1:4822 unless
    /// `--listen` says otherwise.
    Guacd(guacd::GuacdOptions),
    /// Manage API keys.
    #[command(subcommand)]
    Key(keys::KeyCommand),
    /// Look after the address book.
    #[command(subcommand)]
    Book(book::BookCommand),
    /// Print a one-time link that signs a browser in.
    SignInLink(keys::LinkOptions),
    /// Print the OpenAPI document.
    Openapi,
    /// A part of a driver that is a process of its own. The gateway starts it.
    #[command(hide = true)]
    Helper {
        /// Which one.
        name: String,
        /// What it is told.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn key_and_value(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("must be like section.key=value")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((key.to_owned(), value))
}

impl Options {
    fn sources(self) -> Sources {
        let mut flags: Vec<(String, Value)> = Vec::new();
        flags.extend(self.listen.map(|value| ("server.listen".to_owned(), value.into())));
        flags.extend(self.data_dir.map(|value| ("data_dir".to_owned(), value.into())));
        flags.extend(self.set);
        Sources { file: self.config, environment: true, flags }
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Helper { name, arguments }) = cli.command {
        return help(&name, arguments);
    }
    let listen = cli.options.listen.clone();
    let done = cli.options.sources().load().map_err(anyhow::Error::from).and_then(|config| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(execute(cli.command.unwrap_or(Command::Serve), listen, config))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

/// Runs without configuration, which a helper's user may not be able to read.
fn help(name: &str, arguments: Vec<OsString>) -> ExitCode {
    let unknown = || anyhow::anyhow!("there is no helper {name}");
    let helper = fanlight_core::helper(name).ok_or_else(unknown);
    match helper.and_then(|helper| (helper.run)(arguments).map_err(Into::into)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

fn complain(error: &anyhow::Error) -> ExitCode {
    let mut stderr = std::io::stderr().lock();
    // Nothing is left to tell it to if this fails.
    let _ = writeln!(stderr, "fanlight: {error:#}");
    let of_config = error.chain().any(<dyn std::error::Error>::is::<ConfigError>);
    if of_config { ExitCode::from(EXIT_CONFIG) } else { ExitCode::FAILURE }
}

async fn execute(command: Command, listen: Option<String>, config: Config) -> anyhow::Result<()> {
    match command {
        Command::Serve => serving::serve(config).await,
        Command::Guacd(options) => guacd::serve(options, listen, config).await,
        Command::Key(command) => keys::manage(command, &config).await,
        Command::Book(command) => book::manage(command, &config).await,
        Command::SignInLink(options) => keys::sign_in_link(&options, &config).await,
        Command::Helper { name, .. } => anyhow::bail!("the helper {name} needs no gateway"),
        Command::Openapi => {
            let drivers = Drivers::build(&config.drivers).map_err(ConfigError)?;
            say(&serde_json::to_string_pretty(&crate::api::document(&drivers))?)
        }
    }
}

/// One line on standard output, for people and scripts.
fn say(line: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
