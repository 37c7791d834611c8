use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};

use super::say;
use crate::Drivers;
use crate::audit::{Action, Event};
use crate::book::{
    BookStore, Destination, Fate, FolderPath, Format, Line, SealedStore, VaultStore, import,
    migrate, read,
};
use crate::config::{BookPlace, Config, ConfigError, MasterKeySource};
use crate::store::Store;

#[derive(Subcommand)]
pub(super) enum BookCommand {
    /// Seal every entry with a new key, under a new master key. Gateways may run meanwhile;
    /// where it is interrupted, run it again.
    Rotate,
    /// Bring entries of another program into the address book. Entries that are there already
    /// are not changed; the report says of each what became of it.
    Import(ImportOptions),
    /// Copy the address book from the database to Vault, or back. The first one is left as it
    /// is, and nothing in the other one is changed; afterwards set `book.store`.
    Migrate(MigrateOptions),
}

#[derive(Args)]
pub(super) struct ImportOptions {
    /// The file to read.
    file: PathBuf,
    /// What kind of file it is.
    #[arg(long, value_enum)]
    format: Format,
    /// Folder for entries that the file puts into none; those that it names are in the same
    /// scope.
    #[arg(long, value_name = "SCOPE/NAME", default_value = "shared/imported")]
    folder: FolderPath,
    /// A group that may use folders that have to be made. Can be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Let every operator use folders that have to be made.
    #[arg(long, conflicts_with = "groups")]
    for_everyone: bool,
    /// Read the key files that an OpenSSH configuration names.
    #[arg(long)]
    identity_files: bool,
    /// Say what would be done, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub(super) struct MigrateOptions {
    /// Where to copy it.
    #[arg(long, value_enum)]
    to: Place,
    /// Say what would be done, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Place {
    Database,
    Vault,
}

pub(super) async fn manage(command: BookCommand, config: &Config) -> anyhow::Result<()> {
    let store = Store::open(config).await?;
    let done = match command {
        BookCommand::Rotate => rotate(&store, config).await,
        BookCommand::Import(options) => bring(&store, config, options).await,
        BookCommand::Migrate(options) => copy(&store, config, &options).await,
    };
    store.close().await;
    done
}

fn sealed(store: &Store, config: &Config) -> SealedStore {
    let master = config.book.master_key.clone();
    SealedStore::new(store.clone(), master, &config.book.instance)
}

fn vault(config: &Config) -> anyhow::Result<VaultStore> {
    let vault = config.book.vault.as_ref().context("book.vault.address is not set")?;
    Ok(VaultStore::new(vault, &config.book.instance)?)
}

async fn rotate(store: &Store, config: &Config) -> anyhow::Result<()> {
    let done = sealed(store, config).rotate().await?;
    let event = Event::new(Action::BookRotate).by_command_line();
    let row = event.detail("entries", done.entries).into_row();
    store.add_audit(&row).await?;
    let keys = match &config.book.master_key {
        MasterKeySource::File(path) => format!("{}: keep a new copy of it", path.display()),
        MasterKeySource::Given(_) => "book.key: its first key seals, the others may go".to_owned(),
    };
    say(&format!("sealed {} entries anew; master keys in {keys}", done.entries))
}

async fn bring(store: &Store, config: &Config, options: ImportOptions) -> anyhow::Result<()> {
    let file = options.file.display().to_string();
    let text = std::fs::read(&options.file).with_context(|| file.clone())?;
    let text = String::from_utf8(text).map_err(|_| anyhow::anyhow!("{file}: it is not UTF-8"))?;
    let drivers = Drivers::build(&config.drivers).map_err(ConfigError)?;
    let keys = std::env::var_os("HOME").map(PathBuf::from).filter(|_| options.identity_files);
    let reading =
        read(options.format, &text, &drivers, keys.as_ref()).with_context(|| file.clone())?;
    let notes = reading.notes.clone();
    let to = Destination {
        folder: options.folder,
        groups: (options.for_everyone || !options.groups.is_empty()).then_some(options.groups),
        dry_run: options.dry_run,
    };
    let lines = match &config.book.place {
        BookPlace::Database => import(&sealed(store, config), &drivers, &to, reading).await?,
        BookPlace::Vault(_) => import(&vault(config)?, &drivers, &to, reading).await?,
    };
    for note in notes {
        say(&format!("left behind: {note}"))?;
    }
    report(store, Action::BookImport, &lines, options.dry_run, "import").await
}

async fn copy(store: &Store, config: &Config, options: &MigrateOptions) -> anyhow::Result<()> {
    let (sealed, vault) = (sealed(store, config), vault(config)?);
    let (from, to): (&dyn BookStore, &dyn BookStore) = match options.to {
        Place::Vault => (&sealed, &vault),
        Place::Database => (&vault, &sealed),
    };
    let lines = migrate(from, to, options.dry_run).await?;
    say(&format!(
        "folders of the scope instance: those of {} alone; run it again for other instances",
        config.book.instance
    ))?;
    report(store, Action::BookMigrate, &lines, options.dry_run, "copy").await
}

/// One line for each entry, then how many there are of each kind.
///
/// # Errors
/// Where something was left out, so that scripts notice.
async fn report(
    store: &Store,
    action: Action,
    lines: &[Line],
    dry_run: bool,
    verb: &str,
) -> anyhow::Result<()> {
    let (mut done, mut there, mut left_out) = (0, 0, 0);
    for line in lines {
        let (count, text) = match &line.fate {
            Fate::Done(path) => (&mut done, format!("{verb} {} as {path}", line.source)),
            Fate::There(path) => (&mut there, format!("is there {} as {path}", line.source)),
            Fate::LeftOut(why) => (&mut left_out, format!("left out {}: {why}", line.source)),
        };
        *count += 1;
        say(&text)?;
        for part in &line.without {
            say(&format!("  without {part}"))?;
        }
    }
    if !dry_run {
        let event = Event::new(action).by_command_line().detail("entries", done);
        store.add_audit(&event.detail("left_out", left_out).into_row()).await?;
    }
    let would = if dry_run { "dry run, nothing was written: " } else { "" };
    say(&format!("{would}{verb}: {done}, there already: {there}, left out: {left_out}"))?;
    anyhow::ensure!(left_out == 0, "{left_out} of {} were left out, see above", lines.len());
    Ok(())
}
