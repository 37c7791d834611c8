use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use utoipa::ToSchema;

use super::envelope::{Envelope, ok};
use super::sessions::tell;
use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity, MaybeIdentity};
use crate::audit::Action;
use crate::portal::{Listed, Portal};
use crate::store::MachineConnection;

/// As the portal writes times: with three digits of a second, always.
const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

type Body = Result<ApiJson<Map<String, Value>>, ApiError>;

/// What to connect to. The fields are those that the kind of connection has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the request, which is read field by field")]
pub(super) struct PortalConnectRequest {
    /// The machine: of the list that admins keep, or of a cluster of Proxmox VE (`name:101`; the
    /// number alone where there is one cluster).
    vm_id: String,
    /// One of the machine's addresses. Chosen where none is given: a private one first.
    ip_address: Option<String>,
    /// The account there.
    username: Option<String>,
    /// Its password.
    #[schema(write_only, format = Password)]
    password: Option<String>,
    /// The usual one where none is given. A text of digits does as well.
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    /// Of terminals.
    #[schema(minimum = 10, maximum = 24, default = 14)]
    font_size: Option<u8>,
}

/// Which connection.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the request, which is read field by field")]
pub(super) struct PortalConnectionRequest {
    /// As it was given out.
    connection_id: String,
}

/// A connection that waits to be opened.
#[derive(Serialize, ToSchema)]
pub(super) struct PortalConnection {
    /// `<protocol>-<vm id>-<unix milliseconds>`.
    connection_id: String,
    /// The kind of connection.
    protocol: String,
    /// `active`.
    status: &'static str,
    /// When it was asked for.
    created_at: String,
    /// When it is over, whatever happens until then.
    expires_at: String,
    /// The address that it goes to.
    target_ip: String,
    /// All addresses of the machine that it could go to.
    available_ips: Vec<String>,
    /// Opens it in a browser: once, within 5 minutes unless configured otherwise.
    direct_url: String,
}

/// A connection in the list.
#[derive(Serialize, ToSchema)]
pub(super) struct PortalListItem {
    /// As it was given out.
    connection_id: String,
    /// The machine's name.
    name: String,
    /// The kind of connection.
    protocol: String,
    /// Where it goes.
    parameters: PortalParameters,
    /// When it was asked for.
    created_at: String,
    /// `active`, or `disconnected` once its session has ended.
    status: &'static str,
}

/// Where a connection goes.
#[derive(Serialize, ToSchema)]
pub(super) struct PortalParameters {
    /// The address.
    hostname: String,
    /// The port.
    port: u16,
    /// The account, if the request named one.
    username: Option<String>,
}

/// A connection that was ended.
#[derive(Serialize, ToSchema)]
pub(super) struct PortalDisconnected {
    /// That it was.
    message: &'static str,
    /// Which one.
    connection_id: String,
    /// When.
    disconnected_at: String,
}

/// A connection that was removed.
#[derive(Serialize, ToSchema)]
pub(super) struct PortalDeleted {
    /// Which one.
    connection_id: String,
    /// The machine's name.
    name: String,
    /// When.
    deleted_at: String,
    /// By whom: their e-mail address, or the name of the key.
    deleted_by: String,
}

fn text(time: OffsetDateTime) -> String {
    time.format(TIME).unwrap_or_default()
}

impl From<Listed> for PortalListItem {
    fn from(Listed { connection, is_live }: Listed) -> Self {
        let MachineConnection { hostname, port, username, .. } = connection;
        Self {
            connection_id: connection.id,
            name: connection.machine_name,
            protocol: connection.protocol,
            parameters: PortalParameters { hostname, port, username },
            created_at: text(connection.created_at),
            status: if is_live { "active" } else { "disconnected" },
        }
    }
}

/// Connects to a machine: makes a session, and the link that opens it. For the machine's owner,
/// members of its groups, and admins, with the role operator at least.
#[utoipa::path(post, path = "/api/v1/guacamole/{protocol}", tag = "VM portal",
    params(("protocol" = String, Path, description = "The kind of connection: the id of a \
        driver, `ssh`, `rdp` or `vnc`.")),
    request_body = PortalConnectRequest,
    responses((status = 200, description = "`SSH connection established`",
            body = Envelope<PortalConnection>)))]
pub(super) async fn connect(
    State(app): State<Arc<App>>,
    MaybeIdentity(who): MaybeIdentity,
    client: ClientAddress,
    ApiPath(protocol): ApiPath<String>,
    body: Body,
) -> Result<Json<Envelope<PortalConnection>>, ApiError> {
    let portal = Portal::of(&app, who.as_ref(), client)?;
    let made = portal.connect(&protocol, body?.0).await?;
    if let Some(who) = &who {
        tell(&app, who, client, &made.created.live, Action::SessionCreate).await;
    }
    let message = format!("{} connection established", made.label);
    let connection = made.connection;
    Ok(ok(
        message,
        PortalConnection {
            connection_id: connection.id,
            protocol: connection.protocol,
            status: "active",
            created_at: text(connection.created_at),
            expires_at: text(connection.expires_at),
            target_ip: connection.hostname,
            available_ips: made.available.iter().map(ToString::to_string).collect(),
            direct_url: app.config.server.base_url() + &made.created.open_url,
        },
    ))
}

/// Ends a connection. It stays in the list.
#[utoipa::path(post, path = "/api/v1/guacamole/disconnect", tag = "VM portal",
    request_body = PortalConnectionRequest,
    responses((status = 200, description = "`Connection disconnected successfully`",
            body = Envelope<PortalDisconnected>)))]
pub(super) async fn disconnect(
    State(app): State<Arc<App>>,
    MaybeIdentity(who): MaybeIdentity,
    client: ClientAddress,
    body: Body,
) -> Result<Json<Envelope<PortalDisconnected>>, ApiError> {
    const DONE: &str = "Connection disconnected successfully";
    let portal = Portal::of(&app, who.as_ref(), client)?;
    let connection = portal.disconnect(&connection_id(body)?).await?;
    let disconnected_at = text(OffsetDateTime::now_utc());
    let connection_id = connection.id;
    Ok(ok(DONE, PortalDisconnected { message: DONE, connection_id, disconnected_at }))
}

/// Lists the caller's connections until they expire or are deleted; to admins, everybody's.
#[utoipa::path(get, path = "/api/v1/guacamole/connections", tag = "VM portal",
    responses((status = 200, description = "`Found 2 connections`, the newest first, or \
            `No connections found`", body = Envelope<Vec<PortalListItem>>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    MaybeIdentity(who): MaybeIdentity,
    client: ClientAddress,
) -> Result<Json<Envelope<Vec<PortalListItem>>>, ApiError> {
    let all = Portal::of(&app, who.as_ref(), client)?.list().await?;
    let message = match all.len() {
        0 => "No connections found".to_owned(),
        count => format!("Found {count} connections"),
    };
    Ok(ok(message, all.into_iter().map(PortalListItem::from).collect()))
}

/// Ends a connection and removes it from the list.
#[utoipa::path(delete, path = "/api/v1/guacamole/deleteConnection", tag = "VM portal",
    request_body = PortalConnectionRequest,
    responses((status = 200, description = "`Connection deleted successfully`",
            body = Envelope<PortalDeleted>)))]
pub(super) async fn delete_by_body(
    State(app): State<Arc<App>>,
    MaybeIdentity(who): MaybeIdentity,
    client: ClientAddress,
    body: Body,
) -> Result<Json<Envelope<PortalDeleted>>, ApiError> {
    let portal = Portal::of(&app, who.as_ref(), client)?;
    delete(&portal, &connection_id(body)?, who.as_ref()).await
}

/// Ends a connection and removes it from the list.
#[utoipa::path(delete, path = "/api/v1/guacamole/connections/{connection_id}", tag = "VM portal",
    params(("connection_id" = String, Path, description = "As it was given out.")),
    responses((status = 200, description = "`Connection deleted successfully`",
            body = Envelope<PortalDeleted>)))]
pub(super) async fn delete_by_path(
    State(app): State<Arc<App>>,
    MaybeIdentity(who): MaybeIdentity,
    client: ClientAddress,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Envelope<PortalDeleted>>, ApiError> {
    delete(&Portal::of(&app, who.as_ref(), client)?, &id, who.as_ref()).await
}

async fn delete(
    portal: &Portal<'_>,
    id: &str,
    who: Option<&Identity>,
) -> Result<Json<Envelope<PortalDeleted>>, ApiError> {
    let connection = portal.delete(id).await?;
    let by = who.map(|who| who.email.clone().unwrap_or_else(|| who.name.clone()));
    Ok(ok(
        "Connection deleted successfully",
        PortalDeleted {
            connection_id: connection.id,
            name: connection.machine_name,
            deleted_at: text(OffsetDateTime::now_utc()),
            deleted_by: by.unwrap_or_default(),
        },
    ))
}

/// The id that a body names; an empty one where it names none.
fn connection_id(body: Body) -> Result<String, ApiError> {
    let ApiJson(mut fields) = body?;
    let id = fields.remove("connection_id");
    if let Some(unknown) = fields.keys().next() {
        return Err(ApiError::bad_request(format!("{unknown} is not a field of this request")));
    }
    match id {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(id)) => Ok(id),
        Some(_) => Err(ApiError::bad_request("Connection ID must be a string")),
    }
}
