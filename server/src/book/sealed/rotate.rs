use fanlight_core::Secret;

use super::keys::DataKey;
use super::{SealedStore, place_of, seal_row};
use crate::book::BookError;
use crate::store::BookEntryRow;

/// Entries that are read at a time.
const BATCH: i64 = 200;

/// What a change of keys did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Entries that were sealed anew.
    pub entries: u64,
    /// Keys that are gone.
    pub keys: u64,
}

impl SealedStore {
    /// Makes a new master key and a new key, seals every entry anew, and removes the keys
    /// that nothing needs any more. One run at a time does; gateways go on reading and writing meanwhile. Where it
    /// is interrupted, each entry is sealed with a key that is still there: the next run
    /// does the rest.
    ///
    /// # Errors
    /// Keys and entries that cannot be read, another run, and those of the database.
    pub async fn rotate(&self) -> Result<Rotated, BookError> {
        let _changing = self.keys.lock().await?;
        let key = self.keys.renew().await?;
        let mut done = Rotated::default();
        loop {
            let rows = self.store.book_entries_of_older_keys(&key.id, BATCH).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                done.entries += u64::from(self.seal_anew(row, &key).await?);
            }
        }
        self.keys.prove(&key.id).await?;
        done.keys = self.store.drop_book_keys_before(&key.id).await?;
        Ok(done)
    }

    /// Whether the row was still as it was read; if not, its writer sealed it.
    async fn seal_anew(&self, row: BookEntryRow, key: &DataKey) -> Result<bool, BookError> {
        let old = self.keys.find(&row.key_id).await?;
        let plain: Secret<Vec<u8>> = old.key.open(&row.sealed, &place_of(&row)).map_err(|why| {
            let BookEntryRow { scope, folder, name, .. } = &row;
            BookError::Unavailable(format!("the entry {scope}/{folder}/{name}: {why}"))
        })?;
        let version = row.version;
        // The version moves, so that no writer puts the old key's text back unseen.
        let row = BookEntryRow { version: version + 1, ..seal_row(key, row, &plain)? };
        Ok(self.store.replace_book_entry(&row, version).await?)
    }
}
