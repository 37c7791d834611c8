//! Personal credentials: an entry says `$corp_username`, and each person's own value is used.
//! They are kept in the address book's store, one document for each person, and are never
//! shown again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use fanlight_core::{FieldError, Secret};
use serde_json::{Map, Value};

use super::document::Document;
use super::error::BookError;
use super::fields::{EntrySchema, is_secret, unwrap_nullable};
use super::path::{EntryPath, FolderPath, Name, Scope};
use super::store::{BookStore, Folder, Replaces};

/// Most values of one person.
const MOST: usize = 100;
/// Longest value in bytes: a private key fits.
const LONGEST_VALUE: usize = 32 * 1024;
const LONGEST_NAME: usize = 64;
/// How often a write is tried again where another one came first.
const ATTEMPTS: u32 = 5;
/// Accounts are personal, too, though they are no secrets.
const ACCOUNTS: &[&str] = &["username", "domain", "jump_username"];
/// The document's name in its person's folder.
const DOCUMENT: &str = "credentials";

/// Name of a personal value: words of lower case letters and digits, two at least, with
/// underscores between them. A password is hardly ever such a text behind a dollar sign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(String);

/// A text that names no personal value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be words of a-z and 0-9 with underscores between them, like corp_password")]
pub struct NotAVariable;

impl Variable {
    /// The name, without the dollar sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Variable {
    type Err = NotAVariable;

    fn from_str(text: &str) -> Result<Self, NotAVariable> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        let fits = begins && text.len() <= LONGEST_NAME && text.contains('_');
        if fits && text.split('_').all(is_word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAVariable)
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a text of an entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    /// `$corp_password`: each person's own value.
    Personal(Variable),
    /// `$$corp_password`: the text `$corp_password` itself.
    Literal,
}

impl Meaning {
    fn of(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('$')?;
        if let Ok(variable) = rest.parse() {
            return Some(Self::Personal(variable));
        }
        rest.strip_prefix('$')?.parse::<Variable>().is_ok().then_some(Self::Literal)
    }
}

/// A text of an entry that stands for another one.
struct Reference {
    /// JSON pointer to it: `/jump_hosts/0/password`.
    pointer: String,
    meaning: Meaning,
}

impl Reference {
    /// The entry's field that it is in.
    fn field(&self) -> &str {
        self.pointer[1..].split('/').next().unwrap_or_default()
    }
}

fn references(settings: &Map<String, Value>, schema: &EntrySchema) -> Vec<Reference> {
    let mut found = Vec::new();
    for (name, value) in settings {
        look(schema.field(name), name, value, &format!("/{name}"), &mut found);
    }
    found
}

fn look(schema: Option<&Value>, name: &str, value: &Value, at: &str, found: &mut Vec<Reference>) {
    let Some(schema) = schema.map(unwrap_nullable) else { return };
    match value {
        Value::String(text) if is_secret(schema) || ACCOUNTS.contains(&name) => {
            let meaning = Meaning::of(text);
            found.extend(meaning.map(|meaning| Reference { pointer: at.to_owned(), meaning }));
        }
        Value::Object(fields) => {
            for (name, part) in fields {
                look(schema["properties"].get(name), name, part, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, part) in items.iter().enumerate() {
                look(schema.get("items"), name, part, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The personal values that an entry asks for.
pub(super) fn variables(settings: &Map<String, Value>, schema: &EntrySchema) -> BTreeSet<Variable> {
    let all = references(settings, schema).into_iter();
    all.filter_map(|reference| match reference.meaning {
        Meaning::Personal(variable) => Some(variable),
        Meaning::Literal => None,
    })
    .collect()
}

/// Paths of the fields whose text is not the value: what is wrong with them cannot be told
/// before each person's own is there.
pub(super) fn unknown_fields(settings: &Map<String, Value>, schema: &EntrySchema) -> Vec<String> {
    let all = references(settings, schema);
    all.iter().map(|reference| reference.pointer[1..].replace('/', ".")).collect()
}

/// Values that count for one session only, by name.
pub(super) type Given = BTreeMap<String, Secret>;

/// Puts personal values in their places in a session's request, those of `given` first;
/// what this caller brought for the fields `brought` is as it is. `read` is asked for the
/// rest, and only where there is one.
pub(super) async fn fill<Reading>(
    path: &EntryPath,
    request: &mut Map<String, Value>,
    schema: &EntrySchema,
    (given, brought): (&Given, &[&str]),
    read: impl FnOnce() -> Reading,
) -> Result<(), BookError>
where
    Reading: Future<Output = Result<Document, BookError>>,
{
    let mut references = references(request, schema);
    references.retain(|reference| !brought.contains(&reference.field()));
    let wanted: BTreeSet<_> = references.iter().filter_map(wanted).collect();
    let unused = given.keys().filter(|name| !wanted.contains(name.as_str()));
    let unused: Vec<_> = unused
        .map(|name| FieldError::new(format!("personal.{name}"), "is of no use for this entry"))
        .collect();
    if !unused.is_empty() {
        return Err(BookError::Invalid(unused));
    }
    let brings = |name: &&str| given.get(*name).is_some_and(|secret| !secret.expose().is_empty());
    let own = if wanted.iter().all(brings) { Document::default() } else { read().await? };
    let value = |name: &str| {
        let given = given.get(name).map(|secret| secret.expose().as_str());
        given.filter(|text| !text.is_empty()).or_else(|| own.text(name))
    };
    let missing: Vec<_> = wanted.iter().filter(|name| value(name).is_none()).collect();
    if !missing.is_empty() {
        let missing = missing.into_iter().map(|name| (*name).to_owned()).collect();
        return Err(BookError::PersonalRequired(path.clone(), missing));
    }
    for reference in &references {
        let Some(Value::String(text)) = request_at(request, &reference.pointer) else { continue };
        *text = match &reference.meaning {
            Meaning::Personal(variable) => value(variable.as_str()).unwrap_or_default().to_owned(),
            Meaning::Literal => text[1..].to_owned(),
        };
    }
    Ok(())
}

fn wanted(reference: &Reference) -> Option<&str> {
    match &reference.meaning {
        Meaning::Personal(variable) => Some(variable.as_str()),
        Meaning::Literal => None,
    }
}

fn request_at<'a>(request: &'a mut Map<String, Value>, pointer: &str) -> Option<&'a mut Value> {
    let (name, rest) = pointer[1..]
        .split_once('/')
        .map_or((&pointer[1..], None), |(name, rest)| (name, Some(format!("/{rest}"))));
    let value = request.get_mut(name)?;
    match rest {
        Some(rest) => value.pointer_mut(&rest),
        None => Some(value),
    }
}

/// Where one person's values are, by their [`subject`](crate::access::Identity::subject).
fn folder_of(subject: &str) -> Result<FolderPath, BookError> {
    let name = subject.replace(':', "-").parse::<Name>();
    let name = name.map_err(|error| BookError::Unavailable(format!("{subject}: {error}")))?;
    Ok(FolderPath { scope: Scope::Personal, name })
}

/// Where the values are that the folder of a person holds.
pub(super) fn document_in(folder: FolderPath) -> Result<EntryPath, BookError> {
    let name = DOCUMENT.parse::<Name>();
    let name = name.map_err(|error| BookError::Unavailable(error.to_string()))?;
    Ok(EntryPath { folder, name })
}

/// One person's values and their version; none where there are none yet.
pub(super) async fn read(
    store: &dyn BookStore,
    subject: &str,
) -> Result<(Document, Replaces), BookError> {
    match store.entry(&document_in(folder_of(subject)?)?).await {
        Ok(stored) => Ok((stored.document, Replaces::Version(stored.version))),
        Err(BookError::NoEntry(_)) => Ok((Document::default(), Replaces::Nothing)),
        Err(error) => Err(error),
    }
}

/// Sets one value.
pub(super) async fn set(
    store: &dyn BookStore,
    subject: &str,
    variable: &Variable,
    value: &Secret,
) -> Result<(), BookError> {
    check_value(value.expose())?;
    change(store, subject, |fields| {
        if fields.len() >= MOST && !fields.contains_key(variable.as_str()) {
            let many = format!("is one too many: there are {MOST} of yours already");
            return Err(BookError::Invalid(vec![FieldError::new("name", many)]));
        }
        fields.insert(variable.to_string(), value.expose().clone().into());
        Ok(())
    })
    .await
}

/// Forgets one value.
pub(super) async fn unset(
    store: &dyn BookStore,
    subject: &str,
    variable: &Variable,
) -> Result<(), BookError> {
    change(store, subject, |fields| match fields.remove(variable.as_str()) {
        Some(_) => Ok(()),
        None => Err(BookError::NoPersonal(variable.clone())),
    })
    .await
}

/// Forgets all of one person.
pub(super) async fn forget(store: &dyn BookStore, subject: &str) -> Result<(), BookError> {
    match store.delete_folder(&folder_of(subject)?).await {
        Ok(()) | Err(BookError::NoFolder(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_value(value: &str) -> Result<(), BookError> {
    let wrong = match value.len() {
        0 => "is required".to_owned(),
        length if length > LONGEST_VALUE => format!("must be at most {LONGEST_VALUE} bytes"),
        _ if value.contains('\0') => "must not hold NUL".to_owned(),
        _ => return Ok(()),
    };
    Err(BookError::Invalid(vec![FieldError::new("value", wrong)]))
}

/// Two browsers that write together: neither's value is lost.
async fn change(
    store: &dyn BookStore,
    subject: &str,
    change: impl Fn(&mut Map<String, Value>) -> Result<(), BookError>,
) -> Result<(), BookError> {
    let path = document_in(folder_of(subject)?)?;
    let mut last = BookError::Changed("Your credentials".to_owned());
    for _ in 0..ATTEMPTS {
        let (document, replaces) = read(store, subject).await?;
        let mut fields = document.into_fields();
        change(&mut fields)?;
        match put(store, &path, &Document::new(fields), replaces).await {
            Ok(()) => return Ok(()),
            Err(error @ (BookError::Changed(_) | BookError::Exists(_))) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Writes a person's values; the folder is made where the store wants one.
pub(super) async fn put(
    store: &dyn BookStore,
    path: &EntryPath,
    document: &Document,
    replaces: Replaces,
) -> Result<(), BookError> {
    match store.put_entry(path, document, replaces).await {
        Err(BookError::NoFolder(_)) => {}
        done => return done.map(drop),
    }
    let folder = Folder {
        path: path.folder.clone(),
        allowed_groups: Vec::new(),
        admins_only: true,
        description: String::new(),
    };
    match store.add_folder(&folder).await {
        Ok(()) | Err(BookError::Exists(_)) => {}
        Err(error) => return Err(error),
    }
    store.put_entry(path, document, replaces).await.map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_names_of_two_words_are_variables() {
        for good in ["corp_username", "a_b", "corp_2_key", &format!("a_{}", "x".repeat(62))] {
            assert!(good.parse::<Variable>().is_ok(), "{good}");
        }
        let long = format!("a_{}", "x".repeat(63));
        for bad in
            ["", "corp", "Corp_name", "corp__name", "_a_b", "a_b_", "1_a", "a_b c", "a-b", &long]
        {
            assert_eq!(bad.parse::<Variable>(), Err(NotAVariable), "{bad}");
        }
    }

    #[test]
    fn a_text_stands_for_a_variable_as_a_whole_or_not_at_all() {
        let variable = |name: &str| Meaning::Personal(name.parse().unwrap());
        assert_eq!(Meaning::of("$corp_password"), Some(variable("corp_password")));
        assert_eq!(Meaning::of("$$corp_password"), Some(Meaning::Literal));
        for text in
            ["", "$", "$ecret", "corp_password", "$corp_password!", "x$corp_password", "$$$a_b"]
        {
            assert_eq!(Meaning::of(text), None, "{text}");
        }
    }
}
