use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::entry_path;
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::api::sessions::CreatedView;
use crate::api::{ApiError, ApiPath, OptionalJson};
use crate::audit::{Action, Event};
use crate::book::{EntryPath, Overrides, Scope};
use crate::sessions::{Created, Grant};

/// Makes a session from an entry. Its secrets are read now; what the body holds is for this
/// session only and stored nowhere. Jump hosts always use the entry's own credentials.
#[utoipa::path(post, path = "/api/addressbook/folders/{scope}/{folder}/entries/{entry}/connect",
    tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder."),
        ("entry" = String, Path, description = "The entry.")),
    request_body = Option<Overrides>,
    responses((status = 201, description = "Pending until its owner opens it.",
            body = CreatedView),
        (status = 404, description = "There is no such entry."),
        (status = 409, description = "The entry asks for credentials: `credentials_required`."),
        (status = 502, description = "The target's name does not resolve."),
        (status = 503, description = "The gateway is stopping."),
        (status = 504, description = "Resolving the target's name took too long.")))]
pub(in crate::api) async fn connect_entry(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder, entry)): ApiPath<(String, String, String)>,
    OptionalJson(overrides): OptionalJson<Overrides>,
) -> Result<(StatusCode, Json<CreatedView>), ApiError> {
    let path = entry_path(&scope, &folder, &entry)?;
    let created = connect(&app, &identity, client, &path, &overrides).await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Makes a session from an entry, and tells of it.
pub(in crate::api) async fn connect(
    app: &App,
    who: &Identity,
    client: ClientAddress,
    path: &EntryPath,
    overrides: &Overrides,
) -> Result<Created, ApiError> {
    let request = app.book.session_request(who, path, overrides).await?;
    let created = app.sessions.create(who, request, grant_by(path, overrides)).await?;
    let live = &created.live;
    let event = Event::new(Action::SessionCreate).by(who).from(client.ip);
    let event = event.about("session", live.id, &live.label()).detail("entry", path);
    app.audit.note(event.detail("session_type", live.session_type())).await;
    Ok(created)
}

fn grant_by(path: &EntryPath, overrides: &Overrides) -> Grant {
    if overrides.bring_credentials() { Grant::Once } else { Grant::Entry(path.clone()) }
}
