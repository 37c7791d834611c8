use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::entry_path;
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::api::sessions::{CreateQuery, CreatedView, TrialView, try_out};
use crate::api::{ApiError, ApiPath, ApiQuery, OptionalJson};
use crate::audit::{Action, Event};
use crate::book::{EntryPath, Overrides, Scope};
use crate::sessions::{Created, Grant};

/// Makes a session from an entry. Its secrets are read now; what the body holds is for this
/// session only and stored nowhere. Jump hosts always use the entry's own credentials. A dry
/// run makes no session, but climbs the whole way to the login at once, and says how far it
/// came.
#[utoipa::path(post, path = "/api/addressbook/folders/{scope}/{folder}/entries/{entry}/connect",
    tag = "Address book",
    params(("scope" = Scope, Path, description = "Who shares it."),
        ("folder" = String, Path, description = "The folder."),
        ("entry" = String, Path, description = "The entry."), CreateQuery),
    request_body = Option<Overrides>,
    responses((status = 200, description = "How the dry run went, failures on the way among \
            the steps.", body = TrialView),
        (status = 201, description = "Pending until its owner opens it.",
            body = CreatedView),
        (status = 404, description = "There is no such entry."),
        (status = 409, description = "The entry asks for credentials: `credentials_required`, or \
            for some of the caller's own that are not set: `personal_credentials_required`, and \
            `fields` names them."),
        (status = 502, description = "The target's name does not resolve."),
        (status = 503, description = "The gateway is stopping."),
        (status = 504, description = "Resolving the target's name took too long.")))]
pub(in crate::api) async fn connect_entry(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath((scope, folder, entry)): ApiPath<(String, String, String)>,
    ApiQuery(query): ApiQuery<CreateQuery>,
    OptionalJson(overrides): OptionalJson<Overrides>,
) -> Result<Response, ApiError> {
    let path = entry_path(&scope, &folder, &entry)?;
    if query.dry_run {
        let request = app.book.session_request(&identity, &path, &overrides).await?;
        return try_out(&app, &identity, client, request, Some(&path)).await;
    }
    let created = connect(&app, &identity, client, &path, &overrides).await?;
    Ok((StatusCode::CREATED, Json(CreatedView::from(created))).into_response())
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
