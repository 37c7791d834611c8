use fanlight_core::FieldError;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::api::ApiError;
use crate::book::{EntryPath, FolderPath};

const DEFAULT_PROTOCOL: &str = "ssh";
const SIZES: [&str; 3] = ["width", "height", "dpi"];
const PLACE: [&str; 3] = ["scope", "folder", "entry"];
const AD_HOC: [&str; 5] = ["protocol", "hostname", "port", "username", "url"];
/// Addresses end up in logs and histories.
const SECRETS: [&str; 4] = ["password", "private_key", "passphrase", "jump_password"];

/// What a quick connect opens.
pub(super) enum Target {
    /// An entry of the address book.
    Entry {
        /// Which.
        path: EntryPath,
        /// Width, height and dots per inch, where they were given.
        size: [Option<u32>; 3],
    },
    /// The fields of a session's request.
    AdHoc(Map<String, Value>),
}

impl Target {
    /// What people know it by.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Entry { path, .. } => path.to_string(),
            Self::AdHoc(fields) => {
                let text =
                    |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
                let place = if text("url").is_empty() { text("hostname") } else { text("url") };
                format!("{} {place}", text("session_type"))
            }
        }
    }
}

/// Reads the query; every wrong parameter is named.
pub(super) fn read(query: &str) -> Result<Target, ApiError> {
    let given = parameters(query)?;
    if PLACE.iter().any(|name| given.contains_key(*name)) {
        entry(&given)
    } else {
        Ok(ad_hoc(given))
    }
}

fn parameters(query: &str) -> Result<Map<String, Value>, ApiError> {
    let mut given = Map::new();
    let mut errors = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let known = [AD_HOC.as_slice(), &PLACE, &SIZES].concat().contains(&&*name);
        if SECRETS.contains(&&*name) {
            errors.push(FieldError::new(name, "must not stand in an address"));
        } else if !known {
            errors.push(FieldError::new(name, "is not a known field"));
        } else if !value.is_empty()
            && given.insert(name.to_string(), number_or_text(&name, &value)).is_some()
        {
            errors.push(FieldError::new(name, "must be given once"));
        }
    }
    if errors.is_empty() { Ok(given) } else { Err(ApiError::invalid(errors)) }
}

/// What must be a number and is none stays a text, which the checks refuse by its name.
fn number_or_text(name: &str, value: &str) -> Value {
    let is_number = name == "port" || SIZES.contains(&name);
    let number = is_number.then(|| value.parse::<u64>().ok()).flatten();
    number.map_or_else(|| Value::from(value), Value::from)
}

fn entry(given: &Map<String, Value>) -> Result<Target, ApiError> {
    let mut errors: Vec<_> = AD_HOC
        .iter()
        .filter(|name| given.contains_key(**name))
        .map(|name| FieldError::new(*name, "cannot be combined with entry"))
        .collect();
    let mut text = |name: &'static str| {
        let text = given.get(name).and_then(Value::as_str);
        if text.is_none() {
            errors.push(FieldError::new(name, "is required"));
        }
        text.unwrap_or_default()
    };
    let (scope, folder, entry) = (text("scope"), text("folder"), text("entry"));
    let size = SIZES.map(|name| match given.get(name) {
        None => None,
        Some(value) => match value.as_u64().and_then(|size| u32::try_from(size).ok()) {
            Some(size) => Some(size),
            None => {
                errors.push(FieldError::new(name, "must be an integer"));
                None
            }
        },
    });
    let scope = scope.parse().map_err(|e| errors.push(wrong("scope", &e))).ok();
    let folder = folder.parse().map_err(|e| errors.push(wrong("folder", &e))).ok();
    let name = entry.parse().map_err(|e| errors.push(wrong("entry", &e))).ok();
    match (scope, folder, name) {
        (Some(scope), Some(folder), Some(name)) if errors.is_empty() => Ok(Target::Entry {
            path: EntryPath { folder: FolderPath { scope, name: folder }, name },
            size,
        }),
        _ => Err(ApiError::invalid(errors)),
    }
}

fn wrong(name: &str, error: &dyn std::fmt::Display) -> FieldError {
    FieldError::new(name, error.to_string())
}

fn ad_hoc(mut given: Map<String, Value>) -> Target {
    let protocol = given.remove("protocol").unwrap_or_else(|| DEFAULT_PROTOCOL.into());
    given.insert("session_type".to_owned(), protocol);
    Target::AdHoc(given)
}
