use clap::Subcommand;

use super::say;
use crate::audit::{Action, Event};
use crate::book::SealedStore;
use crate::config::{Config, MasterKeySource};
use crate::store::Store;

#[derive(Subcommand)]
pub(super) enum BookCommand {
    /// Seal every entry with a new key, under a new master key. Gateways may run meanwhile;
    /// where it is interrupted, run it again.
    Rotate,
}

pub(super) async fn manage(command: BookCommand, config: &Config) -> anyhow::Result<()> {
    let store = Store::open(config).await?;
    match command {
        BookCommand::Rotate => rotate(&store, config).await?,
    }
    store.close().await;
    Ok(())
}

async fn rotate(store: &Store, config: &Config) -> anyhow::Result<()> {
    let master = &config.book.master_key;
    let book = SealedStore::new(store.clone(), master.clone(), &config.book.instance);
    let done = book.rotate().await?;
    let event = Event::new(Action::BookRotate).by_command_line();
    let row = event.detail("entries", done.entries).into_row();
    store.add_audit(&row).await?;
    let keys = match master {
        MasterKeySource::File(path) => format!("{}: keep a new copy of it", path.display()),
        MasterKeySource::Given(_) => "book.key: its first key seals, the others may go".to_owned(),
    };
    say(&format!("sealed {} entries anew; master keys in {keys}", done.entries))
}
