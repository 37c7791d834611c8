use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fanlight_core::FieldError;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::find_user;
use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::audit::{Action, Event};
use crate::machines::RUNNING;
use crate::store::{MachineRow, StoreError, User, now};

const LONGEST_ID: usize = 64;
const LONGEST_NAME: usize = 100;
const LONGEST_GROUP: usize = 256;
const LONGEST_STATE: usize = 32;
const MOST_GROUPS: usize = 100;
const MOST_ADDRESSES: usize = 100;

/// A machine that admins entered.
#[derive(Serialize, ToSchema)]
pub(super) struct MachineView {
    /// Its id, in requests as `vm_id`.
    id: String,
    /// Name for people.
    name: String,
    /// The id of the user who owns it.
    owner_id: Option<Uuid>,
    /// The owner's e-mail address, where they have one.
    owner: Option<String>,
    /// Groups of the identity provider whose members may open it.
    allowed_groups: Vec<String>,
    /// Its addresses.
    addresses: Vec<String>,
    /// `running`, or whatever it is instead; only running ones can be connected to.
    state: String,
    /// When it was entered.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

/// What can be said of a machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineRequest {
    /// Its id: letters, digits, `-`, `_`, `.`, not beginning with a dot. Made up where a new
    /// machine has none; it cannot be changed.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]
    id: Option<String>,
    /// Name for people.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// E-mail address or id of the user who owns it.
    owner: Option<String>,
    /// Groups of the identity provider whose members may open it.
    #[serde(default)]
    #[schema(max_items = 100)]
    allowed_groups: Vec<String>,
    /// Its IP addresses, in the order to show them.
    #[serde(default)]
    #[schema(max_items = 100)]
    addresses: Vec<String>,
    /// `running` where nothing is said.
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-z_-]+$")]
    state: Option<String>,
}

/// Lists the machines that were entered here.
#[utoipa::path(get, path = "/api/admin/vms", tag = "Machines",
    responses((status = 200, description = "By name.", body = Vec<MachineView>)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<MachineView>>, ApiError> {
    let users = app.store.users().await?;
    let rows = app.store.machines().await?;
    let owner = |row: &MachineRow| users.iter().find(|user| Some(user.id) == row.owner_id);
    Ok(Json(rows.into_iter().map(|row| view(&row, owner(&row))).collect()))
}

/// Enters a machine, to be opened through the VM portal.
#[utoipa::path(post, path = "/api/admin/vms", tag = "Machines", request_body = MachineRequest,
    responses((status = 201, description = "Entered.", body = MachineView),
        (status = 404, description = "There is no such user."),
        (status = 409, description = "There is a machine with this id, or several users have \
            the owner's e-mail address.")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiJson(fields): ApiJson<MachineRequest>,
) -> Result<(StatusCode, Json<MachineView>), ApiError> {
    let id = fields.id.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
    let (row, owner) = read(&app, id, fields, None).await?;
    app.store.add_machine(&row).await.map_err(|error| match error {
        StoreError::Conflict => ApiError::conflict("exists", "There is a machine with this id."),
        other => other.into(),
    })?;
    app.audit.record(tell(Action::MachineCreate, &identity, client, &row)).await?;
    Ok((StatusCode::CREATED, Json(view(&row, owner.as_ref()))))
}

/// One machine.
#[utoipa::path(get, path = "/api/admin/vms/{id}", tag = "Machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "The machine.", body = MachineView),
        (status = 404, description = "There is no such machine.")))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<MachineView>, ApiError> {
    let row = find(&app, &id).await?;
    let owner = match row.owner_id {
        Some(id) => app.store.user(id).await?,
        None => None,
    };
    Ok(Json(view(&row, owner.as_ref())))
}

/// Replaces what is known of a machine: what is left out is empty from then on.
#[utoipa::path(put, path = "/api/admin/vms/{id}", tag = "Machines",
    params(("id" = String, Path, description = "The machine.")),
    request_body = MachineRequest,
    responses((status = 200, description = "Changed.", body = MachineView),
        (status = 404, description = "There is no such machine, or no such user."),
        (status = 409, description = "Several users have the owner's e-mail address.")))]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<String>,
    ApiJson(fields): ApiJson<MachineRequest>,
) -> Result<Json<MachineView>, ApiError> {
    let old = find(&app, &id).await?;
    if fields.id.as_ref().is_some_and(|id| *id != old.id) {
        return Err(ApiError::invalid(vec![FieldError::new("id", "cannot be changed")]));
    }
    let (row, owner) = read(&app, old.id, fields, Some(old.created_at)).await?;
    if !app.store.update_machine(&row).await? {
        return Err(no_such_machine());
    }
    app.audit.record(tell(Action::MachineUpdate, &identity, client, &row)).await?;
    Ok(Json(view(&row, owner.as_ref())))
}

/// Removes a machine. Connections to it go on until they end.
#[utoipa::path(delete, path = "/api/admin/vms/{id}", tag = "Machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 204, description = "Removed."),
        (status = 404, description = "There is no such machine.")))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let row = find(&app, &id).await?;
    if !app.store.delete_machine(&row.id).await? {
        return Err(no_such_machine());
    }
    app.audit.record(tell(Action::MachineDelete, &identity, client, &row)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tell(action: Action, who: &Identity, client: ClientAddress, row: &MachineRow) -> Event {
    Event::new(action).by(who).from(client.ip).about("machine", &row.id, &row.name)
}

fn view(row: &MachineRow, owner: Option<&User>) -> MachineView {
    MachineView {
        id: row.id.clone(),
        name: row.name.clone(),
        owner_id: row.owner_id,
        owner: owner.and_then(|user| user.email.clone()),
        allowed_groups: row.allowed_groups.clone(),
        addresses: row.addresses.iter().map(ToString::to_string).collect(),
        state: row.state.clone(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

async fn find(app: &App, id: &str) -> Result<MachineRow, ApiError> {
    if id.chars().any(char::is_control) {
        return Err(no_such_machine());
    }
    app.store.machine(id).await?.ok_or_else(no_such_machine)
}

fn no_such_machine() -> ApiError {
    ApiError::not_found("There is no such machine.")
}

/// The row of a machine, and the user who owns it; all that is wrong at once.
async fn read(
    app: &App,
    id: String,
    fields: MachineRequest,
    created_at: Option<OffsetDateTime>,
) -> Result<(MachineRow, Option<User>), ApiError> {
    let state = fields.state.unwrap_or_else(|| RUNNING.to_owned());
    let mut wrong = wrong_names(&id, &fields.name, &state, &fields.allowed_groups);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (index, text) in fields.addresses.iter().enumerate() {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => {
                let field = format!("addresses.{index}");
                wrong.push(FieldError::new(field, "must be an IP address"));
            }
        }
    }
    if fields.addresses.len() > MOST_ADDRESSES {
        wrong.push(FieldError::new("addresses", format!("must be at most {MOST_ADDRESSES}")));
    }
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    let owner = match fields.owner.filter(|owner| !owner.is_empty()) {
        Some(owner) => Some(find_user(app, &owner).await?),
        None => None,
    };
    let now = now();
    let row = MachineRow {
        id,
        name: fields.name,
        owner_id: owner.as_ref().map(|user| user.id),
        allowed_groups: fields.allowed_groups,
        addresses,
        state,
        created_at: created_at.unwrap_or(now),
        updated_at: now,
    };
    Ok((row, owner))
}

fn wrong_names(id: &str, name: &str, state: &str, groups: &[String]) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let in_id = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.is_empty() || id.len() > LONGEST_ID || id.starts_with('.') || !id.chars().all(in_id) {
        let rule = "must be 1 to 64 of letters, digits, '-', '_' and '.', not beginning with a dot";
        wrong.push(FieldError::new("id", rule));
    }
    let fits = |text: &str, most: usize| {
        let length = text.chars().count();
        (1..=most).contains(&length) && !text.chars().any(char::is_control)
    };
    if !fits(name, LONGEST_NAME) {
        wrong.push(FieldError::new("name", "must be 1 to 100 characters, none of them a control"));
    }
    let in_state = |c: char| c.is_ascii_lowercase() || c == '_' || c == '-';
    if !fits(state, LONGEST_STATE) || !state.chars().all(in_state) {
        wrong.push(FieldError::new("state", "must be a word in lower case: running, stopped, ..."));
    }
    if groups.len() > MOST_GROUPS {
        wrong.push(FieldError::new("allowed_groups", format!("must be at most {MOST_GROUPS}")));
    }
    for (index, _) in groups.iter().enumerate().filter(|(_, group)| !fits(group, LONGEST_GROUP)) {
        let field = format!("allowed_groups.{index}");
        wrong.push(FieldError::new(field, "must be 1 to 256 characters, none of them a control"));
    }
    wrong
}
