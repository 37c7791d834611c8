use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use fanlight_core::FieldError;
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{age, entry_path, folder_path};
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::api::{ApiError, ApiJson, ApiPath};
use crate::audit::{Action, Event};
use crate::book::{EntryPath, EntryView, Scope};

/// An entry of the address book, without its secrets. The driver's fields stand beside
/// these, as in a request.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct EntryBody {
    /// Who shares its folder.
    scope: Scope,
    /// Its folder.
    folder: String,
    /// Its name.
    name: String,
    /// What it opens: the id of a driver.
    #[serde(rename = "type")]
    session_type: String,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    /// Words to find it by.
    tags: Vec<String>,
    /// Whether people connect with credentials of their own.
    prompt_credentials: bool,
    /// Whether a password or key to log in with is stored.
    has_credentials: bool,
    /// Whether connecting asks for credentials: it has none of its own, or must not use them.
    asks_credentials: bool,
    /// The secrets that are stored, by field: `password`, `jump_hosts.0.password`.
    stored_secrets: Vec<String>,
    /// Personal values that it asks for, by name: `corp_password`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    personal: Vec<String>,
    /// Grows with every change.
    version: i64,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// Why it cannot be connected, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The driver's fields: `hostname`, `port`, `username`, ...
    #[serde(flatten)]
    #[schema(additional_properties)]
    settings: Map<String, Value>,
}

impl From<EntryView> for EntryBody {
    fn from(view: EntryView) -> Self {
        Self {
            scope: view.folder.scope,
            folder: view.folder.name.to_string(),
            name: view.name.to_string(),
            session_type: view.session_type,
            display_name: view.display_name,
            tags: view.tags,
            prompt_credentials: view.prompt_credentials,
            has_credentials: view.has_credentials,
            asks_credentials: view.asks_credentials,
            stored_secrets: view.stored_secrets,
            personal: view.personal,
            version: view.version,
            updated_at: view.updated_at,
            problem: view.problem,
            settings: view.settings,
        }
    }
}

/// Lists all entries that the caller may use.
#[utoipa::path(get, path = "/api/addressbook/entries", tag = "Address book",
    responses((status = 200, description = "By folder and name.", body = Vec<EntryBody>)))]
pub(in crate::api) async fn list_all_entries(
    State(app): State<Arc<App>>,
    identity: Identity,
) -> Result<impl IntoResponse, ApiError> {
    let entries = app.book.all_entries(&identity).await?;
    Ok((age(&app), Json(entries.into_iter().map(EntryBody::from).collect::<Vec<_>>())))
}

/// Lists the entries of a folder.
#[utoipa::path(get, path = "/api/addressbook/folders/{scope}/{folder}/entries",
    tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder.")),
    responses((status = 200, description = "By name.", body = Vec<EntryBody>),
        (status = 404, description = "There is no such folder.")))]
pub(in crate::api) async fn list_entries(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiPath((scope, folder)): ApiPath<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let entries = app.book.entries(&identity, &folder_path(&scope, &folder)?).await?;
    Ok((age(&app), Json(entries.into_iter().map(EntryBody::from).collect::<Vec<_>>())))
}

/// Makes an entry.
#[utoipa::path(post, path = "/api/addressbook/folders/{scope}/{folder}/entries",
    tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder.")),
    request_body(content = ref("#/components/schemas/NewEntry")),
    responses((status = 201, description = "Made.", body = EntryBody),
        (status = 404, description = "There is no such folder."),
        (status = 409, description = "There is one with that name.")))]
pub(in crate::api) async fn create_entry(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder)): ApiPath<(String, String)>,
    ApiJson(mut fields): ApiJson<Map<String, Value>>,
) -> Result<(StatusCode, Json<EntryBody>), ApiError> {
    let folder = folder_path(&scope, &folder)?;
    let name = match fields.remove("name") {
        Some(Value::String(text)) => super::name("name", &text)?,
        Some(Value::Null) | None => return Err(wrong("name", "is required")),
        Some(_) => return Err(wrong("name", "must be a string")),
    };
    let path = EntryPath { folder, name };
    let entry = app.book.add_entry(&path, fields).await?;
    app.audit.record(tell(Action::EntryCreate, &identity, client, &path)).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Changes an entry: fields that are left out stay, `null` clears. Jump hosts are merged by
/// their place in the chain; one whose host or user changes keeps no secret.
#[utoipa::path(put, path = "/api/addressbook/folders/{scope}/{folder}/entries/{entry}",
    tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder."),
        ("entry" = String, Path, description = "The entry.")),
    request_body(content = ref("#/components/schemas/EntryChange")),
    responses((status = 200, description = "Changed.", body = EntryBody),
        (status = 404, description = "There is no such entry."),
        (status = 409, description = "Somebody else changed it in the meantime.")))]
pub(in crate::api) async fn change_entry(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder, entry)): ApiPath<(String, String, String)>,
    ApiJson(mut fields): ApiJson<Map<String, Value>>,
) -> Result<Json<EntryBody>, ApiError> {
    let path = entry_path(&scope, &folder, &entry)?;
    let based_on = match fields.remove("version") {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_i64().ok_or_else(|| wrong("version", "must be an integer"))?),
    };
    let changed: Vec<_> = fields.keys().cloned().collect();
    let entry = app.book.change_entry(&path, fields, based_on).await?;
    let event = tell(Action::EntryUpdate, &identity, client, &path);
    app.audit.record(event.detail("fields", changed.join(", "))).await?;
    Ok(Json(entry.into()))
}

/// Deletes an entry.
#[utoipa::path(delete, path = "/api/addressbook/folders/{scope}/{folder}/entries/{entry}",
    tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder."),
        ("entry" = String, Path, description = "The entry.")),
    responses((status = 204, description = "Deleted."),
        (status = 404, description = "There is no such entry.")))]
pub(in crate::api) async fn delete_entry(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder, entry)): ApiPath<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let path = entry_path(&scope, &folder, &entry)?;
    app.book.delete_entry(&path).await?;
    app.audit.record(tell(Action::EntryDelete, &identity, client, &path)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tell(action: Action, who: &Identity, client: ClientAddress, path: &EntryPath) -> Event {
    let event = Event::new(action).by(who).from(client.ip);
    event.about("entry", path, path.name.as_str())
}

fn wrong(field: &str, message: &str) -> ApiError {
    ApiError::invalid(vec![FieldError::new(field, message)])
}
