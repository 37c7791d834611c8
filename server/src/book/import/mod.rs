//! Entries of other programs: read from their files, put into the address book, and told of
//! what could not be brought over. What is there already is never changed.

mod csv;
mod dump;
mod guacamole;
mod openssh;

use std::collections::BTreeSet;
use std::path::PathBuf;

use fanlight_core::FieldError;
use serde_json::{Map, Value};

use super::check::checked;
use super::document::Document;
use super::error::BookError;
use super::fields::EntrySchema;
use super::path::{EntryPath, FolderPath, Name};
use super::store::{BookStore, Folder, Replaces};
use crate::Drivers;

const LONGEST_NAME: usize = 64;
const LONGEST_DISPLAY_NAME: usize = 100;
/// Room in a name for what tells it from others of the same name.
const SUFFIX: usize = 5;

/// A file that entries are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table with a head: `name`, `type` and `folder`, and fields of the drivers.
    Csv,
    /// OpenSSH's `config`: every `Host` that is no pattern.
    Openssh,
    /// A dump of Apache Guacamole's database, by mysqldump or `pg_dump`.
    Guacamole,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not what it is said to be.
    #[error("{0}")]
    Unreadable(String),
    /// Folders have to be made, and nobody said for whom.
    #[error(
        "these folders are not there: {0}; say which groups may use them by --group, or that all \
         operators may by --for-everyone"
    )]
    ForWhom(String),
    /// The store failed.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Reading {
    found: Vec<Found>,
    /// What is no entry and stays behind.
    pub notes: Vec<String>,
}

/// An entry of another program, as far as it could be read.
#[derive(Debug, Default)]
struct Found {
    /// Where it is in the file.
    source: String,
    /// The folder that it was in.
    folder: Option<String>,
    name: String,
    fields: Map<String, Value>,
    /// What of it has no place here, and why.
    without: Vec<String>,
    /// Why it cannot be brought over at all.
    problem: Option<String>,
    /// Whether fields that this gateway does not take are left out one by one.
    is_lenient: bool,
}

/// Reads a file of another program. Key files that it names are read where `keys` is given,
/// the home folder that `~` stands for in it.
///
/// # Errors
/// A file that is not of that format.
pub fn read(
    format: Format,
    text: &str,
    drivers: &Drivers,
    keys: Option<&PathBuf>,
) -> Result<Reading, ImportError> {
    match format {
        Format::Csv => csv::read(text, drivers),
        Format::Openssh => Ok(openssh::read(text, drivers, keys)),
        Format::Guacamole => guacamole::read(text, drivers),
    }
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in the address book now, or would be.
    Done(String),
    /// The same was there.
    There(String),
    /// It is not: why.
    LeftOut(String),
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where the entry was.
    pub source: String,
    /// What became of it.
    pub fate: Fate,
    /// What of it was left out.
    pub without: Vec<String>,
}

/// Where imported entries go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Those without a folder of their own.
    pub folder: FolderPath,
    /// Groups that may use folders that are made; `None`: none may be made.
    pub groups: Option<Vec<String>>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// Puts what was read into `store`, and says of each entry what became of it.
///
/// # Errors
/// [`ImportError::ForWhom`] before anything is written; a store that fails.
pub async fn import(
    store: &dyn BookStore,
    drivers: &Drivers,
    to: &Destination,
    reading: Reading,
) -> Result<Vec<Line>, ImportError> {
    let mut names = BTreeSet::new();
    let placed: Vec<_> = reading
        .found
        .into_iter()
        .map(|found| (place(&found, &to.folder, &mut names), found))
        .collect();
    make_folders(store, to, &placed).await?;
    let mut lines = Vec::new();
    for (path, found) in placed {
        lines.push(put(store, drivers, to.dry_run, path, found).await?);
    }
    Ok(lines)
}

async fn make_folders(
    store: &dyn BookStore,
    to: &Destination,
    placed: &[(Option<EntryPath>, Found)],
) -> Result<(), ImportError> {
    let wanted = placed.iter().filter(|(_, found)| found.problem.is_none());
    let wanted: BTreeSet<_> = wanted.filter_map(|(path, _)| Some(&path.as_ref()?.folder)).collect();
    let mut missing = Vec::new();
    for path in wanted {
        match store.folder(path).await {
            Ok(_) => {}
            Err(BookError::NoFolder(_)) => missing.push(path.clone()),
            Err(error) => return Err(error.into()),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let Some(groups) = &to.groups else {
        let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
        return Err(ImportError::ForWhom(names.join(", ")));
    };
    for path in missing.into_iter().filter(|_| !to.dry_run) {
        let (allowed_groups, description) = (groups.clone(), String::new());
        store.add_folder(&Folder { path, allowed_groups, admins_only: false, description }).await?;
    }
    Ok(())
}

async fn put(
    store: &dyn BookStore,
    drivers: &Drivers,
    dry_run: bool,
    path: Option<EntryPath>,
    found: Found,
) -> Result<Line, ImportError> {
    let Found { source, fields, mut without, problem, is_lenient, .. } = found;
    let line = |fate, without| Ok(Line { source, fate, without });
    let path = match (path, problem) {
        (Some(path), None) => path,
        (_, problem) => {
            let why = problem.unwrap_or_else(|| "it has no name".to_owned());
            return line(Fate::LeftOut(why), without);
        }
    };
    let document = match fitting(fields, drivers, is_lenient, &mut without) {
        Ok(document) => document,
        Err(why) => return line(Fate::LeftOut(why), without),
    };
    let fate = copy(store, &path, &document, dry_run).await?;
    line(fate, without)
}

/// Puts an entry where none is.
pub(super) async fn copy(
    store: &dyn BookStore,
    path: &EntryPath,
    document: &Document,
    dry_run: bool,
) -> Result<Fate, BookError> {
    match store.entry(path).await {
        Ok(there) if there.document == *document => return Ok(Fate::There(path.to_string())),
        Ok(_) => return Ok(Fate::LeftOut(format!("another entry {path} is there"))),
        Err(BookError::NoEntry(_)) => {}
        Err(error) => return Err(error),
    }
    if !dry_run {
        store.put_entry(path, document, Replaces::Nothing).await?;
    }
    Ok(Fate::Done(path.to_string()))
}

/// An entry that this gateway takes.
fn fitting(
    mut fields: Map<String, Value>,
    drivers: &Drivers,
    is_lenient: bool,
    without: &mut Vec<String>,
) -> Result<Document, String> {
    let errors = match checked(Document::new(fields.clone()), drivers) {
        Ok(document) => return Ok(document),
        Err(BookError::Invalid(errors)) => errors,
        Err(error) => return Err(error.to_string()),
    };
    let can_go =
        |error: &FieldError| fields.contains_key(&error.field) && error.field != "hostname";
    if !is_lenient || !errors.iter().all(can_go) {
        return Err(in_words(&errors));
    }
    for error in &errors {
        fields.remove(&error.field);
        without.push(format!("{}: {}", error.field, error.message));
    }
    checked(Document::new(fields), drivers).map_err(|error| match error {
        BookError::Invalid(errors) => in_words(&errors),
        other => other.to_string(),
    })
}

fn in_words(errors: &[FieldError]) -> String {
    let all: Vec<_> =
        errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    all.join("; ")
}

/// Where an entry goes; of several with one name all but the first get a number.
fn place(
    found: &Found,
    otherwise: &FolderPath,
    taken: &mut BTreeSet<(FolderPath, String)>,
) -> Option<EntryPath> {
    let folder = match &found.folder {
        Some(name) => FolderPath { scope: otherwise.scope, name: slug(name)?.parse().ok()? },
        None => otherwise.clone(),
    };
    let first = slug(&found.name)?;
    let others = (2..).map(|number| format!("{first}-{number}"));
    let free = |name: &String| !taken.contains(&(folder.clone(), name.clone()));
    let name = std::iter::once(first.clone()).chain(others).find(free)?;
    taken.insert((folder.clone(), name.clone()));
    Some(EntryPath { folder, name: name.parse::<Name>().ok()? })
}

/// A name made of what people called it.
fn slug(text: &str) -> Option<String> {
    let mut name = String::new();
    for character in text.trim().chars() {
        let fits = character.is_ascii_alphanumeric() || "-_.".contains(character);
        match fits {
            true => name.push(character),
            false if name.ends_with('-') => {}
            false => name.push('-'),
        }
    }
    name.truncate(LONGEST_NAME - SUFFIX);
    let name = name.trim_start_matches('.').trim_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

/// Keeps what people called it, where the entry's name cannot.
fn display_name(name: &str, fields: &mut Map<String, Value>) {
    if slug(name).as_deref() != Some(name) && !fields.contains_key("display_name") {
        let text: String = name.trim().chars().take(LONGEST_DISPLAY_NAME).collect();
        fields.insert("display_name".to_owned(), text.into());
    }
}

/// A text as the value that a field takes; what does not fit is told when it is checked.
fn typed(schema: &Value, text: &str) -> Value {
    let is = |kind: &str| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        one => one == kind,
    };
    let numbers = || schema["enum"].as_array().is_some_and(|all| all.iter().any(Value::is_number));
    let value = if is("boolean") {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true.into()),
            "false" | "no" | "0" => Some(false.into()),
            _ => None,
        }
    } else if is("integer") || is("number") || numbers() {
        text.parse::<i64>().ok().map(Value::from)
    } else if is("array") && text.trim_start().starts_with('[') {
        serde_json::from_str(text).ok()
    } else if is("array") {
        Some(text.split(';').map(str::trim).filter(|part| !part.is_empty()).collect())
    } else {
        None
    };
    value.unwrap_or_else(|| text.into())
}

/// The schema of a driver's field.
fn field_of(schema: &EntrySchema, field: &str) -> Option<Value> {
    schema.field(field).map(|schema| super::fields::unwrap_nullable(schema).clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_for_people_become_names_of_entries() {
        for (text, name) in [
            ("web-01", "web-01"),
            ("Web server (old)", "Web-server-old"),
            ("..x", "x"),
            ("Büro", "B-ro"),
            ("  a / b  ", "a-b"),
        ] {
            assert_eq!(slug(text).unwrap(), name);
        }
        assert_eq!(slug("东京"), None);
        assert!(slug(&"x".repeat(200)).unwrap().parse::<Name>().is_ok());
    }
}
