use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::fields::{BookFields, EntrySchema, is_own, shown};
use super::path::{FolderPath, Name};
use super::personal;
use super::store::Stored;
use crate::Drivers;

/// What may be shown of an entry: no secret is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryView {
    /// Its folder.
    pub folder: FolderPath,
    /// Its name.
    pub name: Name,
    /// Grows with every change.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// Driver id.
    pub session_type: String,
    /// Name for people.
    pub display_name: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether people connect with credentials of their own.
    pub prompt_credentials: bool,
    /// The driver's fields without its secrets.
    pub settings: Map<String, Value>,
    /// Paths of the secrets that are stored: `password`, `jump_hosts.0.password`.
    pub stored_secrets: Vec<String>,
    /// Whether the entry itself, not only its jump hosts, has a secret to log in with.
    pub has_credentials: bool,
    /// Whether connecting asks for credentials: there are none, or they must not be used.
    pub asks_credentials: bool,
    /// Names of the personal values that it asks for.
    pub personal: Vec<String>,
    /// Why it cannot be connected, if that is known.
    pub problem: Option<String>,
}

/// What may be shown of a stored entry.
pub(super) fn view(folder: &FolderPath, stored: &Stored, drivers: &Drivers) -> EntryView {
    let own = read_own(stored.document.fields());
    let schema = EntrySchema::of(&own.session_type, drivers);
    let mut stored_secrets = Vec::new();
    let mut settings = Map::new();
    for (name, value) in stored.document.fields().iter().filter(|(name, _)| !is_own(name)) {
        let schema = schema.as_ref().and_then(|schema| schema.field(name));
        if let Some(value) = shown(schema, value, name, &mut stored_secrets) {
            settings.insert(name.clone(), value);
        }
    }
    let secrets: Vec<_> = schema.iter().flat_map(EntrySchema::secrets).collect();
    let has_credentials = stored_secrets.iter().any(|path| secrets.contains(&path.as_str()));
    let personal =
        schema.as_ref().map(|schema| personal::variables(stored.document.fields(), schema));
    let personal = personal.into_iter().flatten().map(|variable| variable.to_string()).collect();
    let problem = schema.is_none().then(|| {
        format!("This gateway has no driver for entries of the type {:?}.", own.session_type)
    });
    EntryView {
        folder: folder.clone(),
        name: stored.name.clone(),
        version: stored.version,
        updated_at: stored.updated_at,
        has_credentials,
        asks_credentials: own.prompt_credentials || (!secrets.is_empty() && !has_credentials),
        session_type: own.session_type,
        display_name: own.display_name,
        tags: own.tags,
        prompt_credentials: own.prompt_credentials,
        settings,
        stored_secrets,
        personal,
        problem,
    }
}

/// The address book's own fields; what other programs wrote there in another form counts
/// as not set.
pub(super) fn read_own(fields: &Map<String, Value>) -> BookFields {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let tags = fields.get("tags").and_then(Value::as_array).into_iter().flatten();
    BookFields {
        session_type: text("type").unwrap_or_default(),
        display_name: text("display_name"),
        tags: tags.filter_map(Value::as_str).map(str::to_owned).collect(),
        prompt_credentials: fields.get("prompt_credentials") == Some(&Value::Bool(true)),
    }
}
