//! From an entry to a session's request, with what its caller brings for this once.

use fanlight_core::{FieldError, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::document::Document;
use super::error::BookError;
use super::fields::{EntrySchema, TYPE, settings_of};
use super::path::EntryPath;
use super::personal::Given;
use super::view::read_own;
use crate::Drivers;

/// What counts for one session only and is stored nowhere.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// Account, instead of the stored one. Stored secrets are not used for another account.
    pub username: Option<String>,
    /// Password, instead of every stored secret of the entry.
    #[schema(value_type = Option<String>, write_only, format = Password)]
    pub password: Option<Secret>,
    /// Private key, instead of every stored secret of the entry.
    #[schema(value_type = Option<String>, write_only, format = Password)]
    pub private_key: Option<Secret>,
    /// Domain, instead of the stored one.
    pub domain: Option<String>,
    /// Text to show before the session starts.
    pub banner: Option<String>,
    /// Width of the screen in pixels.
    #[schema(minimum = 64, maximum = 8192)]
    pub width: Option<u32>,
    /// Height of the screen in pixels.
    #[schema(minimum = 64, maximum = 8192)]
    pub height: Option<u32>,
    /// Dots per inch.
    #[schema(minimum = 24, maximum = 600)]
    pub dpi: Option<u32>,
    /// Values of the caller's own for what the entry names as `$corp_password`, by name,
    /// instead of those that they have set.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>, write_only)]
    pub personal: Given,
}

impl Overrides {
    /// Names of the driver's fields that are given.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.of_driver().into_iter().map(|(name, _)| name).collect()
    }

    /// Whether there are credentials among them.
    pub fn bring_credentials(&self) -> bool {
        self.replace_secrets() || !self.personal.is_empty()
    }

    /// Whether they stand for every stored secret of the entry.
    fn replace_secrets(&self) -> bool {
        self.password.is_some() || self.private_key.is_some()
    }

    fn account(&self) -> [(&'static str, Option<&str>); 2] {
        [("username", self.username.as_deref()), ("domain", self.domain.as_deref())]
    }

    /// The same as fields of a session's request.
    pub fn for_request(&self) -> impl Iterator<Item = (String, Value)> {
        self.of_driver().into_iter().map(|(name, value)| (name.to_owned(), value))
    }

    /// The fields that only some drivers have.
    fn of_driver(&self) -> Vec<(&'static str, Value)> {
        let secret = |secret: &Option<Secret>| secret.as_ref().map(|text| text.expose().clone());
        let texts = [
            ("username", self.username.clone()),
            ("password", secret(&self.password)),
            ("private_key", secret(&self.private_key)),
            ("domain", self.domain.clone()),
        ];
        let given = texts.into_iter().filter_map(|(name, text)| Some((name, text?.into())));
        given.collect()
    }
}

/// The request of a session that the entry describes.
pub(super) fn request(
    path: &EntryPath,
    document: &Document,
    overrides: &Overrides,
    drivers: &Drivers,
) -> Result<Map<String, Value>, BookError> {
    let own = read_own(document.fields());
    if own.prompt_credentials && !overrides.replace_secrets() {
        return Err(BookError::CredentialsRequired(path.clone()));
    }
    let no_driver = || BookError::Invalid(vec![FieldError::new(TYPE, "belongs to no driver here")]);
    let schema = EntrySchema::of(&own.session_type, drivers).ok_or_else(no_driver)?;
    let (mut fields, errors) = settings_of(document);
    if !errors.is_empty() {
        return Err(BookError::Invalid(errors));
    }
    let other_account = |(name, given): (&str, Option<&str>)| {
        given.is_some() && document.text(name).is_some_and(|stored| Some(stored) != given)
    };
    if own.prompt_credentials
        || overrides.replace_secrets()
        || overrides.account().into_iter().any(other_account)
    {
        schema.secrets().for_each(|name| drop(fields.remove(name)));
    }
    let given = overrides.of_driver();
    let unused = given.iter().filter(|(name, _)| schema.field(name).is_none());
    let unused: Vec<_> =
        unused.map(|(name, _)| FieldError::new(*name, "is of no use for this entry")).collect();
    if !unused.is_empty() {
        return Err(BookError::Invalid(unused));
    }
    fields.extend(given.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let sizes = [("width", overrides.width), ("height", overrides.height), ("dpi", overrides.dpi)];
    let sizes = sizes.into_iter().filter_map(|(name, size)| Some((name, Value::from(size?))));
    let banner = overrides.banner.clone().map(|text| ("banner", text.into()));
    fields.extend(sizes.chain(banner).map(|(name, value)| (name.to_owned(), value)));
    fields.insert("session_type".to_owned(), own.session_type.into());
    let name = own.display_name.unwrap_or_else(|| path.name.to_string());
    fields.insert("name".to_owned(), name.into());
    Ok(fields)
}
