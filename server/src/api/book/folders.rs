use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use fanlight_core::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{age, folder_path};
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::api::{ApiError, ApiJson, ApiPath};
use crate::audit::{Action, Event};
use crate::book::{Folder, FolderChange, FolderPath, Scope};

const MOST_GROUPS: usize = 100;
const LONGEST_GROUP: usize = 256;
const LONGEST_DESCRIPTION: usize = 500;

/// A folder of the address book.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct FolderView {
    /// Who shares it.
    scope: Scope,
    /// Its name.
    name: String,
    /// Groups that may use it; every operator where it is empty.
    allowed_groups: Vec<String>,
    /// Whether only admins may use it, because nobody said who else.
    admins_only: bool,
    /// One line for people.
    description: String,
}

/// A folder to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewFolder {
    /// Who shares it: all gateways of this store, or those of this instance.
    scope: Scope,
    /// Letters, digits, `-`, `_` and `.`, not beginning with `.`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
    name: String,
    /// Groups of the identity provider that may use it; every operator where it is empty.
    #[serde(default)]
    allowed_groups: Vec<String>,
    /// One line for people.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
}

/// A change of a folder; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ChangedFolder {
    /// Groups of the identity provider that may use it; every operator where it is empty.
    allowed_groups: Option<Vec<String>>,
    /// One line for people.
    #[schema(max_length = 500)]
    description: Option<String>,
}

impl From<Folder> for FolderView {
    fn from(Folder { path, allowed_groups, admins_only, description }: Folder) -> Self {
        let (scope, name) = (path.scope, path.name.to_string());
        Self { scope, name, allowed_groups, admins_only, description }
    }
}

/// Lists the folders that the caller may use.
#[utoipa::path(get, path = "/api/addressbook/folders", tag = "Address book",
    responses((status = 200, description = "By scope and name.", body = Vec<FolderView>)))]
pub(in crate::api) async fn list_folders(
    State(app): State<Arc<App>>,
    identity: Identity,
) -> Result<impl IntoResponse, ApiError> {
    let folders = app.book.folders(&identity).await?;
    Ok((age(&app), Json(folders.into_iter().map(FolderView::from).collect::<Vec<_>>())))
}

/// Makes a folder.
#[utoipa::path(post, path = "/api/addressbook/folders", tag = "Address book",
    request_body = NewFolder,
    responses((status = 201, description = "Made.", body = FolderView),
        (status = 409, description = "There is one with that name.")))]
pub(in crate::api) async fn create_folder(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiJson(new): ApiJson<NewFolder>,
) -> Result<(StatusCode, Json<FolderView>), ApiError> {
    let name = super::name("name", &new.name)?;
    check(Some(&new.allowed_groups), Some(&new.description))?;
    let NewFolder { scope, allowed_groups, description, .. } = new;
    let path = FolderPath { scope, name };
    let folder = Folder { path, allowed_groups, admins_only: false, description };
    app.book.add_folder(&folder).await?;
    app.audit.record(tell(Action::FolderCreate, &identity, client, &folder)).await?;
    Ok((StatusCode::CREATED, Json(folder.into())))
}

/// Changes a folder's groups or description.
#[utoipa::path(put, path = "/api/addressbook/folders/{scope}/{folder}", tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder.")),
    request_body = ChangedFolder,
    responses((status = 200, description = "Changed.", body = FolderView),
        (status = 404, description = "There is no such folder.")))]
pub(in crate::api) async fn change_folder(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder)): ApiPath<(String, String)>,
    ApiJson(change): ApiJson<ChangedFolder>,
) -> Result<Json<FolderView>, ApiError> {
    let path = folder_path(&scope, &folder)?;
    let ChangedFolder { allowed_groups, description } = change;
    check(allowed_groups.as_deref(), description.as_deref())?;
    let change = FolderChange { allowed_groups, description };
    let folder = app.book.change_folder(&path, change).await?;
    app.audit.record(tell(Action::FolderUpdate, &identity, client, &folder)).await?;
    Ok(Json(folder.into()))
}

/// Deletes a folder and all its entries. Where that fails half-way, the error says how far
/// it came.
#[utoipa::path(delete, path = "/api/addressbook/folders/{scope}/{folder}", tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder.")),
    responses((status = 204, description = "Deleted."),
        (status = 404, description = "There is no such folder.")))]
pub(in crate::api) async fn delete_folder(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder)): ApiPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let path = folder_path(&scope, &folder)?;
    let event = Event::new(Action::FolderDelete).by(&identity).from(client.ip);
    let event = event.about("folder", &path, path.name.as_str());
    if let Err(error) = app.book.delete_folder(&path).await {
        app.audit.note(event.failed().detail("because", &error)).await;
        return Err(error.into());
    }
    app.audit.record(event).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tell(action: Action, who: &Identity, client: ClientAddress, folder: &Folder) -> Event {
    let event = Event::new(action).by(who).from(client.ip);
    let event = event.about("folder", &folder.path, folder.path.name.as_str());
    event.detail("allowed_groups", folder.allowed_groups.join(", "))
}

fn check(groups: Option<&[String]>, description: Option<&str>) -> Result<(), ApiError> {
    let fits = |text: &str, least, most| {
        (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    let groups = groups.unwrap_or_default();
    let mut errors = Vec::new();
    if groups.len() > MOST_GROUPS {
        let message = format!("must have at most {MOST_GROUPS} items");
        errors.push(FieldError::new("allowed_groups", message));
    }
    for (index, _) in groups.iter().enumerate().filter(|(_, text)| !fits(text, 1, LONGEST_GROUP)) {
        let message = format!("must be 1 to {LONGEST_GROUP} characters, none of them a control");
        errors.push(FieldError::new(format!("allowed_groups.{index}"), message));
    }
    if !description.is_none_or(|text| fits(text, 0, LONGEST_DESCRIPTION)) {
        let message = format!("must be at most {LONGEST_DESCRIPTION} characters, in one line");
        errors.push(FieldError::new("description", message));
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}
