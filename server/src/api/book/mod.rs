//! The address book.

mod connect;
mod entries;
mod folders;
mod schema;

pub(super) use connect::*;
pub(super) use entries::*;
pub(super) use folders::*;
pub(super) use schema::{entry_change, new_entry};

use axum::http::HeaderName;
use axum::http::header::AGE;
use axum::response::AppendHeaders;
use fanlight_core::FieldError;

use super::ApiError;
use crate::App;
use crate::book::{EntryPath, FolderPath, Name};

/// A folder of a path or body; wrong names are told by field.
fn folder_path(scope: &str, folder: &str) -> Result<FolderPath, ApiError> {
    let mut errors = Vec::new();
    let scope = scope.parse().map_err(|error| errors.push(field("scope", &error))).ok();
    let name = folder.parse().map_err(|error| errors.push(field("folder", &error))).ok();
    match (scope, name) {
        (Some(scope), Some(name)) => Ok(FolderPath { scope, name }),
        _ => Err(ApiError::invalid(errors)),
    }
}

fn entry_path(scope: &str, folder: &str, entry: &str) -> Result<EntryPath, ApiError> {
    let folder = folder_path(scope, folder)?;
    Ok(EntryPath { folder, name: name("entry", entry)? })
}

fn name(field_name: &str, text: &str) -> Result<Name, ApiError> {
    text.parse().map_err(|error| ApiError::invalid(vec![field(field_name, &error)]))
}

fn field(name: &str, error: &dyn std::fmt::Display) -> FieldError {
    FieldError::new(name, error.to_string())
}

/// How old a list is in seconds, where it comes from memory.
fn age(app: &App) -> AppendHeaders<Option<(HeaderName, String)>> {
    AppendHeaders(app.book.age().map(|age| (AGE, age.as_secs().to_string())))
}
