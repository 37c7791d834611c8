use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{ApiError, ApiJson, ApiPath, ApiQuery};
use crate::App;
use crate::access::{ClientAddress, Identity, Role, owns, owns_or_admin};
use crate::audit::{Action, Event};
use crate::book::EntryPath;
use crate::sessions::{Created, Grant, Live, PersonView, SessionStatus, StepView, Trial};
use crate::store::{SessionFilter, SessionRow};

/// Most sessions of one list.
const LONGEST_LIST: u32 = 1000;
const NOT_ANY_MORE: &str = "Your role does not allow sessions of your own making any more.";
const ASK_AGAIN: &str = "The credentials were given for one session only. Connect once more.";
const ASK_THE_PORTAL: &str = "The VM portal made this session: ask it for a new one.";

/// A session that was just made.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct CreatedView {
    /// Its id.
    session_id: Uuid,
    /// Path of its page, for its owner.
    client_url: String,
    /// Path of its page for others, with the share token.
    share_url: String,
    /// Path of its opening link: single use, for a browser that is not signed in here.
    open_url: String,
    /// `pending`.
    status: SessionStatus,
    /// Path of its WebSocket.
    ws_url: String,
    /// What its owner is shown before it starts: the banner, and below it the public key of
    /// a generated pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    banner_text: Option<String>,
    /// The public key alone: a line for `authorized_keys` on the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it expires unless its owner comes.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// A session, now or as its history shows it.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Its id.
    session_id: Uuid,
    /// Driver id.
    session_type: String,
    /// Name for people, if it was given one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// How far its life is.
    status: SessionStatus,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_because: Option<String>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When its owner came.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    ended_at: Option<OffsetDateTime>,
    /// Name of its creator.
    created_by: String,
    /// Whether the caller made it.
    own: bool,
    /// Where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<String>,
    /// The page, for sessions that open one.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The account at the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// `embedded` or `guacd`.
    engine: String,
    /// Bytes of instructions from all who looked at it so far, inflated.
    bytes_in: u64,
    /// Bytes of instructions to them, before they were deflated.
    bytes_out: u64,
    /// When it ends by itself, at the latest: while it is pending, unless its owner comes.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    expires_at: Option<OffsetDateTime>,
    /// How many sockets look at it.
    active_connections: usize,
    /// Who looks at it, the first who came first; for its owner and admins, while it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    viewers: Option<Vec<PersonView>>,
    /// Path of its page.
    client_url: String,
    /// Path of its page for others, with the share token; for its owner and admins, while
    /// it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_url: Option<String>,
    /// What its owner is shown before it starts, while it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    banner: Option<String>,
    /// Whether its owner can make it again without entering anything.
    can_reconnect: bool,
}

/// Which sessions to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those with this status.
    status: Option<SessionStatus>,
    /// At most so many, the newest first; 200 unless given, 1,000 at most.
    limit: Option<u32>,
}

impl From<Created> for CreatedView {
    fn from(Created { live, open_url }: Created) -> Self {
        Self {
            session_id: live.id,
            client_url: client_url(live.id),
            share_url: live.share_url().unwrap_or_default(),
            open_url,
            status: live.status(),
            ws_url: format!("/ws/{}", live.id),
            banner_text: live.banner_text(),
            public_key: live.public_key().map(str::to_owned),
            created_at: live.created_at,
            expires_at: live.expires_at(),
        }
    }
}

fn client_url(id: Uuid) -> String {
    format!("/client/{id}")
}

pub(super) fn view(row: SessionRow, live: Option<&Live>, caller: &Identity) -> SessionView {
    let own = owns(caller, &row.creator_id);
    let in_life = live.filter(|live| live.is_live());
    let may_share = owns_or_admin(caller, &row.creator_id);
    let is_admin = caller.role == Role::Admin;
    SessionView {
        session_id: row.id,
        client_url: client_url(row.id),
        bytes_in: live.map_or(row.bytes_in, |live| live.traffic.received()),
        bytes_out: live.map_or(row.bytes_out, |live| live.traffic.sent()),
        active_connections: live.map_or(0, |live| live.presence.view(is_admin).len()),
        share_url: in_life.filter(|_| may_share).and_then(Live::share_url),
        viewers: in_life.filter(|_| may_share).map(|live| live.presence.view(is_admin)),
        expires_at: in_life.map(Live::expires_at),
        banner: in_life.filter(|_| may_share).and_then(Live::banner_text),
        can_reconnect: own && live.is_some_and(Live::can_be_made_again),
        status: live.map_or(row.status, Live::status),
        session_type: row.session_type,
        name: row.name,
        // The row is written a moment after viewers are told.
        ended_because: row
            .ended_because
            .or_else(|| live.and_then(Live::ending).map(|ending| ending.reason().to_owned())),
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        created_by: row.creator_name,
        own,
        hostname: row.hostname,
        url: row.url,
        username: row.username,
        engine: row.engine,
    }
}

/// How a dry run went.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct TrialView {
    /// Whether the way is free, up to the login; for a session that guacd would run, up to
    /// the target's port.
    reached: bool,
    /// The steps that were climbed, the one that failed last.
    steps: Vec<StepView>,
    /// Why it did not get through.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<Trial> for TrialView {
    fn from(Trial { steps, failure }: Trial) -> Self {
        Self { reached: failure.is_none(), steps, error: failure.map(|error| error.message) }
    }
}

/// How to make a session.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct CreateQuery {
    /// Try the way only: connect and log in, open no screen, and leave nothing behind.
    #[serde(default)]
    pub(in crate::api) dry_run: bool,
}

/// Makes a session. Everything is checked, nothing is dialled: that happens when its owner
/// opens it. A dry run makes none, but climbs the whole way to the login at once, and says
/// how far it came.
#[utoipa::path(post, path = "/api/sessions", tag = "Sessions",
    params(CreateQuery),
    request_body(content = ref("#/components/schemas/SessionRequest")),
    responses((status = 200, description = "How the dry run went, failures on the way among \
            the steps.", body = TrialView),
        (status = 201, description = "Pending until its owner opens it.",
        body = CreatedView),
        (status = 502, description = "The target's name does not resolve.",
            body = super::ErrorBody),
        (status = 503, description = "The gateway is stopping.",
            body = super::ErrorBody),
        (status = 504, description = "Resolving the target's name took too long.",
            body = super::ErrorBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiQuery(query): ApiQuery<CreateQuery>,
    ApiJson(fields): ApiJson<Map<String, Value>>,
) -> Result<Response, ApiError> {
    if query.dry_run {
        return try_out(&app, &identity, client, fields, None).await;
    }
    let created = app.sessions.create(&identity, fields, Grant::Role).await?;
    tell(&app, &identity, client, &created.live, Action::SessionCreate).await;
    Ok((StatusCode::CREATED, Json(CreatedView::from(created))).into_response())
}

/// Dry runs are audited: they knock at doors.
pub(in crate::api) async fn try_out(
    app: &App,
    who: &Identity,
    client: ClientAddress,
    fields: Map<String, Value>,
    entry: Option<&EntryPath>,
) -> Result<Response, ApiError> {
    let session_type = fields.get("session_type").and_then(Value::as_str).unwrap_or("preset");
    let event = Event::new(Action::SessionTry).by(who).from(client.ip);
    let event = event.detail("session_type", session_type);
    let event = entry.into_iter().fold(event, |event, path| event.detail("entry", path));
    let trial = app.sessions.try_out(fields).await?;
    let last = trial.steps.last().map(|step| step.name.as_str()).unwrap_or_default();
    let event = event.detail("last_step", last);
    app.audit.note(if trial.failure.is_some() { event.failed() } else { event }).await;
    Ok(Json(TrialView::from(trial)).into_response())
}

/// Makes a session again from the settings of one that ended, while they are held.
#[utoipa::path(post, path = "/api/sessions/{id}/reconnect", tag = "Sessions",
    params(("id" = Uuid, Path, description = "The session that ended.")),
    responses((status = 201, description = "A new session.", body = CreatedView),
        (status = 403, description = "Somebody else's, or the role, folder or entry that \
            entitled to it does not any more."),
        (status = 409, description = "It has not ended, its settings are no longer held, its \
            credentials were given for it alone, or the VM portal made it."),
        (status = 502, description = "The target's name does not resolve.",
            body = super::ErrorBody),
        (status = 503, description = "The gateway is stopping.",
            body = super::ErrorBody),
        (status = 504, description = "Resolving the target's name took too long.",
            body = super::ErrorBody)))]
pub(super) async fn reconnect(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<(StatusCode, Json<CreatedView>), ApiError> {
    match app.sessions.grant_of(&identity, id).await? {
        Grant::Role if identity.role >= Role::Poweruser => {}
        Grant::Role => return Err(ApiError::forbidden(NOT_ANY_MORE)),
        Grant::Entry(path) => drop(app.book.entry(&identity, &path).await?),
        Grant::Once => return Err(ApiError::conflict("given_once", ASK_AGAIN)),
        Grant::Machine => return Err(ApiError::conflict("portal_session", ASK_THE_PORTAL)),
    }
    let created = app.sessions.reconnect(&identity, id).await?;
    tell(&app, &identity, client, &created.live, Action::SessionCreate).await;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// Lists sessions, those that ended among them.
#[utoipa::path(get, path = "/api/sessions", tag = "Sessions", params(ListQuery),
    responses((status = 200, description = "The newest first.", body = Vec<SessionView>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Vec<SessionView>>, ApiError> {
    let filter = SessionFilter {
        creator_id: sees_own_only(&app, &identity).then(|| identity.subject.clone()),
        status: query.status,
        limit: query.limit.unwrap_or(200).min(LONGEST_LIST),
    };
    let rows = app.store.sessions(&filter).await?;
    let views = rows.into_iter().map(|row| {
        let live = app.sessions.find(row.id);
        view(row, live.as_deref(), &identity)
    });
    Ok(Json(views.collect()))
}

/// One session.
#[utoipa::path(get, path = "/api/sessions/{id}", tag = "Sessions",
    params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = SessionView),
        (status = 404, description = "There is none.")))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Json<SessionView>, ApiError> {
    let row = visible_row(&app, &identity, id).await?;
    let live = app.sessions.find(id);
    Ok(Json(view(row, live.as_deref(), &identity)))
}

/// The steps of a session on its way to a screen, with their times. They are held as long
/// as the session can be made again.
#[utoipa::path(get, path = "/api/sessions/{id}/steps", tag = "Sessions",
    params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 200, description = "In order.", body = Vec<StepView>),
        (status = 404, description = "There is no such session.")))]
pub(super) async fn steps(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<Json<Vec<StepView>>, ApiError> {
    visible_row(&app, &identity, id).await?;
    Ok(Json(app.sessions.find(id).map(|live| live.ladder().view()).unwrap_or_default()))
}

/// Ends a session. When the answer is there, its socket takes no more input and the
/// connection to the target is closed.
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "Sessions",
    params(("id" = Uuid, Path, description = "The session.")),
    responses((status = 204, description = "It has ended."),
        (status = 404, description = "There is none.")))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<Uuid>,
) -> Result<StatusCode, ApiError> {
    let live = app.sessions.find(id).filter(|live| live.is_live());
    app.sessions.end(&identity, id).await?;
    if let Some(live) = live {
        tell(&app, &identity, client, &live, Action::SessionDelete).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::api) async fn tell(
    app: &App,
    who: &Identity,
    client: ClientAddress,
    live: &Live,
    action: Action,
) {
    let event = Event::new(action).by(who).from(client.ip);
    let event = event.about("session", live.id, &live.label());
    app.audit.note(event.detail("session_type", live.session_type())).await;
}

fn sees_own_only(app: &App, identity: &Identity) -> bool {
    app.config.sessions.list_own_only && identity.role != Role::Admin
}

async fn visible_row(app: &App, identity: &Identity, id: Uuid) -> Result<SessionRow, ApiError> {
    let hidden = || ApiError::not_found("There is no such session.");
    let row = app.store.session(id).await?.ok_or_else(hidden)?;
    if sees_own_only(app, identity) && !owns(identity, &row.creator_id) {
        return Err(hidden());
    }
    Ok(row)
}
