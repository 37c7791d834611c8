//! Whether an entry is one that a session could be made of.

use fanlight_core::FieldError;

use super::document::Document;
use super::error::BookError;
use super::fields::{EntrySchema, TYPE, check_own, settings_of};
use super::personal;
use crate::Drivers;
use crate::sessions::errors_of_settings;

/// The document, if a session could be made of it.
///
/// # Errors
/// [`BookError::Invalid`] with every wrong field.
pub fn checked(document: Document, drivers: &Drivers) -> Result<Document, BookError> {
    let mut errors = check_own(document.fields(), drivers);
    let (settings, foreign) = settings_of(&document);
    errors.extend(foreign);
    let driver = document.text(TYPE).and_then(|id| Some((drivers.get(id)?, id)));
    if let Some((driver, id)) = driver {
        let schema = EntrySchema::of(id, drivers);
        let unknown = schema.map(|schema| personal::unknown_fields(&settings, &schema));
        let unknown = unknown.unwrap_or_default();
        let known = |error: &FieldError| !unknown.contains(&error.field);
        errors.extend(errors_of_settings(driver, settings).into_iter().filter(known));
    }
    if errors.is_empty() { Ok(document) } else { Err(BookError::Invalid(errors)) }
}
