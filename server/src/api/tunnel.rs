use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use fanlight_core::{FieldError, Viewport};
use serde::Deserialize;
use uuid::Uuid;
use yawc::{CompressionLevel, DeflatePool, IncomingUpgrade, Options};

use super::{ApiError, ApiPath, ApiQuery};
use crate::App;
use crate::access::{ClientAddress, Identity, MaybeIdentity, is_own_origin, owns};
use crate::audit::{Action, Event};
use crate::config::Config;
use crate::sessions::{Bearer, Entrance, Live, RelayLimits, Via, Window, relay};

/// The WebSocket sub-protocol of Guacamole tunnels.
const PROTOCOL: &str = "guacamole";
/// Small buffers, because most sessions are idle most of the time.
const BUFFER: usize = 4 * 1024;
/// Longest message from a viewer, bytes.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// Shorter messages are sent as they are, bytes.
const WORTH_DEFLATING: usize = 512;

/// Deflate's state, which takes a quarter of a megabyte: sockets borrow it for a message.
/// So an idle one costs nothing, and none can refer to earlier messages.
static DEFLATE: LazyLock<DeflatePool> =
    LazyLock::new(|| DeflatePool::new(available_parallelism().map_or(2, usize::from)));

/// What a viewer says of itself. Guacamole clients add names of their own: unknown ones
/// are left alone.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TunnelQuery {
    ticket: Option<String>,
    key: Option<String>,
    #[serde(default)]
    watch: bool,
    width: Option<u32>,
    height: Option<u32>,
    dpi: Option<u32>,
    timezone: Option<String>,
}

/// Opens a session's stream of Guacamole instructions, in both directions.
#[utoipa::path(get, path = "/ws/{id}", tag = "Sessions",
    params(
        ("id" = Uuid, Path, description = "The session."),
        ("ticket" = Option<String>, Query, description = "Of `POST /api/ws-ticket`."),
        ("key" = Option<String>, Query, description = "A share token: joins, never owns."),
        ("watch" = Option<bool>, Query,
            description = "Of an admin: to look only, and not to take part as an owner."),
        ("width" = Option<u32>, Query, description = "Of the viewer's window, pixels."),
        ("height" = Option<u32>, Query, description = "Of the viewer's window, pixels."),
        ("dpi" = Option<u32>, Query, description = "Of the viewer's screen."),
        ("timezone" = Option<String>, Query, description = "Such as `Europe/Berlin`.")),
    responses((status = 101, description = "A WebSocket with the sub-protocol `guacamole`.")))]
pub(super) async fn tunnel(
    State(app): State<Arc<App>>,
    client: ClientAddress,
    MaybeIdentity(identity): MaybeIdentity,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<TunnelQuery>,
    headers: HeaderMap,
    upgrade: Result<IncomingUpgrade, StatusCode>,
) -> Result<Response, ApiError> {
    if is_own_origin(&headers, client, &app.config.server) == Some(false) {
        return Err(ApiError::forbidden("This WebSocket comes from a page of another site."));
    }
    let upgrade = upgrade.map_err(|_| no_websocket())?;
    accept_protocol(&headers)?;
    let Admitted { live, entrance, identity, bearer } =
        admit(&app, id, &query, identity, &headers).await?;
    let window = window(&query, &live)?;
    let told = arrival(&entrance, identity.as_ref(), &live);
    let attachment = app.sessions.attach(&live, entrance, window).await?;
    if let Some(event) = told {
        app.audit.note(event.from(client.ip)).await;
    }
    let config = app.sessions.config();
    let limits = RelayLimits {
        send: config.send_deadline,
        idle: config.idle_deadline,
        view_only_clipboard: config.view_only_clipboard,
    };
    let (response, socket) = upgrade.upgrade(options()).map_err(|_| no_websocket())?;
    app.sessions.run(async move {
        // One that is not completed: the viewer has gone already.
        if let Ok(socket) = socket.await {
            relay(socket, attachment, bearer, limits).await;
        }
    });
    let mut response = response.map(Body::new);
    let protocol = HeaderValue::from_static(PROTOCOL);
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    Ok(response)
}

fn options() -> Options {
    Options::default()
        .with_limits(LONGEST_MESSAGE + 1, LONGEST_MESSAGE + 1)
        .with_utf8()
        .with_read_buffer_capacity(BUFFER)
        .with_write_buffer_capacity(BUFFER)
        .with_compression_level(CompressionLevel::fast())
        .with_compression_threshold(WORTH_DEFLATING)
        .server_no_context_takeover()
        .client_no_context_takeover()
        .with_deflate_pool(DEFLATE.clone())
}

fn no_websocket() -> ApiError {
    ApiError::bad_request("This address answers to WebSockets only.")
}

fn accept_protocol(headers: &HeaderMap) -> Result<(), ApiError> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    if offered.any(|name| name.trim() == PROTOCOL) {
        return Ok(());
    }
    Err(ApiError::bad_request("The WebSocket must offer the sub-protocol guacamole."))
}

/// Somebody who may come in.
struct Admitted {
    live: Arc<Live>,
    entrance: Entrance,
    /// Who it is, if they are signed in.
    identity: Option<Identity>,
    bearer: Option<Bearer>,
}

/// Who comes: by share token, ticket, opening cookie or identity, whichever is shown first.
async fn admit(
    app: &App,
    id: Uuid,
    query: &TunnelQuery,
    identity: Option<Identity>,
    headers: &HeaderMap,
) -> Result<Admitted, ApiError> {
    let sessions = &app.sessions;
    let find = || sessions.find(id).ok_or_else(|| ApiError::not_found("There is no such session."));
    if let Some(key) = &query.key {
        let name = identity.as_ref().map(|identity| identity.name.clone());
        let entrance = sessions.share_entrance(key, id, name).await?;
        let entrance =
            entrance.ok_or_else(|| ApiError::forbidden("This share link is not good."))?;
        return Ok(Admitted { live: find()?, entrance, identity, bearer: None });
    }
    let identity = match &query.ticket {
        Some(ticket) => sessions.use_ticket(ticket).await?,
        None => {
            if let Some(cookie) = shown_opening_cookie(headers, id)
                && sessions.is_opening_cookie(cookie, id).await?
            {
                let name = identity.as_ref().map_or("Opening link", |identity| &identity.name);
                let entrance = Entrance::owner(name);
                return Ok(Admitted { live: find()?, entrance, identity: None, bearer: None });
            }
            identity
        }
    };
    let identity = identity.ok_or_else(ApiError::unauthenticated)?;
    let live = find()?;
    let entrance = if query.watch {
        sessions.watch_entrance(&identity)?
    } else if sessions.may_own(&identity, &live) {
        Entrance::owner(&identity.name)
    } else {
        return Err(ApiError::forbidden("This is somebody else's session."));
    };
    let bearer = Some(sessions.admit(identity.clone()));
    Ok(Admitted { live, entrance, identity: Some(identity), bearer })
}

/// What the audit log is told of somebody who comes to a session that is not their own.
fn arrival(entrance: &Entrance, identity: Option<&Identity>, live: &Live) -> Option<Event> {
    let action = match (entrance.via, identity) {
        (Via::Share, _) => Action::SessionShare,
        (Via::Watch, _) => Action::SessionWatch,
        (Via::Owner, Some(identity)) if !owns(identity, &live.creator.id) => Action::SessionJoin,
        (Via::Owner, _) => return None,
    };
    let event = Event::new(action).about("session", live.id, &live.label());
    let event = match identity {
        Some(identity) => event.by(identity),
        None => event,
    };
    let event = event.detail("owner", &live.creator.name);
    Some(match entrance.share {
        Some(share) => event.detail("share_id", share),
        None => event,
    })
}

/// The viewer's window: what the request for the session said, where the query is silent.
fn window(query: &TunnelQuery, live: &Live) -> Result<Window, ApiError> {
    let asked = live.viewport();
    let mut errors = Vec::new();
    let mut within = |field: &str, value: Option<u32>, usual: u32, low: u32, high: u32| {
        let value = value.unwrap_or(usual);
        if !(low..=high).contains(&value) {
            errors.push(FieldError::new(field, format!("must be {low}-{high}")));
        }
        value
    };
    let viewport = Viewport {
        width: within("width", query.width, asked.width, 64, 8192),
        height: within("height", query.height, asked.height, 64, 8192),
        dpi: within("dpi", query.dpi, asked.dpi, 24, 600),
    };
    if !query.timezone.as_deref().is_none_or(is_timezone) {
        errors.push(FieldError::new("timezone", "must be a name like Europe/Berlin"));
    }
    if errors.is_empty() {
        Ok(Window { viewport, timezone: query.timezone.clone() })
    } else {
        Err(ApiError::invalid(errors))
    }
}

/// The form of a name in the IANA time zone database.
fn is_timezone(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
}

fn cookie_name(session: Uuid) -> String {
    format!("fanlight-open-{}", session.simple())
}

/// The cookies that an opening link turns into. Browsers send them to this session's stream
/// and to its banner only.
pub(super) fn opening_cookies(
    session: Uuid,
    value: &str,
    config: &Config,
) -> Option<[HeaderValue; 2]> {
    let at = |path: String| opening_cookie(session, value, &path, config);
    Some([at(format!("/ws/{session}"))?, at(format!("/api/sessions/{session}/banner"))?])
}

fn opening_cookie(session: Uuid, value: &str, path: &str, config: &Config) -> Option<HeaderValue> {
    let secure = if config.server.is_https() { "; Secure" } else { "" };
    let lifetime = config.sessions.pending_for(true) + config.sessions.max_duration;
    let text = format!(
        "{}={value}; Path={path}; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
        cookie_name(session),
        lifetime.as_secs()
    );
    HeaderValue::try_from(text).ok()
}

pub(super) fn shown_opening_cookie(headers: &HeaderMap, session: Uuid) -> Option<&str> {
    let name = cookie_name(session);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}
