//! The address book, copied from one store to another. What the other one holds already is
//! never changed, and the first one is left as it is.

use super::error::BookError;
use super::import::{Fate, Line, copy};
use super::path::{EntryPath, FolderPath};
use super::personal::{document_in, put as put_personal};
use super::store::{BookStore, Folder, Replaces};

/// Copies every folder, entry and personal credential; says of each what became of it.
///
/// # Errors
/// A store that fails; what was copied by then is there, and the next run does the rest.
pub async fn migrate(
    from: &dyn BookStore,
    to: &dyn BookStore,
    dry_run: bool,
) -> Result<Vec<Line>, BookError> {
    let mut lines = Vec::new();
    for path in from.hidden().await? {
        let why = "the store does not show it to this gateway, or its name is none here";
        lines.push(line(path, Fate::LeftOut(why.to_owned())));
    }
    for folder in from.folders().await? {
        if copy_folder(to, &folder, dry_run, &mut lines).await? {
            copy_entries(from, to, &folder.path, dry_run, &mut lines).await?;
        }
    }
    for person in from.people().await? {
        lines.extend(copy_person(from, to, person, dry_run).await?);
    }
    Ok(lines)
}

fn line(source: impl ToString, fate: Fate) -> Line {
    Line { source: source.to_string(), fate, without: Vec::new() }
}

/// Whether entries can follow.
async fn copy_folder(
    to: &dyn BookStore,
    folder: &Folder,
    dry_run: bool,
    lines: &mut Vec<Line>,
) -> Result<bool, BookError> {
    let path = &folder.path;
    if folder.admins_only {
        let why = "nobody said who may use it: set its groups first, an empty list for all";
        lines.push(line(path, Fate::LeftOut(why.to_owned())));
        return Ok(false);
    }
    match to.folder(path).await {
        Ok(there) if there.allowed_groups == folder.allowed_groups => {
            lines.push(line(path, Fate::There(path.to_string())));
            Ok(true)
        }
        Ok(_) => {
            let why = "a folder of that name is there, for other groups";
            lines.push(line(path, Fate::LeftOut(why.to_owned())));
            Ok(false)
        }
        Err(BookError::NoFolder(_)) => {
            if !dry_run {
                to.add_folder(folder).await?;
            }
            lines.push(line(path, Fate::Done(path.to_string())));
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

async fn copy_entries(
    from: &dyn BookStore,
    to: &dyn BookStore,
    folder: &FolderPath,
    dry_run: bool,
    lines: &mut Vec<Line>,
) -> Result<(), BookError> {
    for stored in from.entries(folder).await? {
        let path = EntryPath { folder: folder.clone(), name: stored.name };
        let fate = copy(to, &path, &stored.document, dry_run).await?;
        lines.push(line(path, fate));
    }
    Ok(())
}

async fn copy_person(
    from: &dyn BookStore,
    to: &dyn BookStore,
    person: FolderPath,
    dry_run: bool,
) -> Result<Option<Line>, BookError> {
    let path = document_in(person)?;
    let document = match from.entry(&path).await {
        Ok(stored) => stored.document,
        Err(BookError::NoEntry(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    // Whether it is there is looked up first, so that a dry run tells the same.
    let mut fate = copy(to, &path, &document, true).await?;
    if let (Fate::Done(_), false) = (&fate, dry_run) {
        match put_personal(to, &path, &document, Replaces::Nothing).await {
            Err(BookError::Exists(what)) => fate = Fate::LeftOut(format!("{what} is there")),
            done => done?,
        }
    }
    Ok(Some(line(path, fate)))
}
