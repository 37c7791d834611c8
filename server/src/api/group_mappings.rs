use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fanlight_core::FieldError;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity, Role};
use crate::audit::{Action, Event};
use crate::store::{GroupMapping, StoreError};

const LONGEST_GROUP: usize = 256;

/// A group of the provider, and the role that it gives.
#[derive(Serialize, ToSchema)]
pub(super) struct GroupMappingView {
    /// Its id.
    id: i64,
    /// Name of the group, exactly as the provider writes it.
    oidc_group: String,
    /// What it gives.
    role: Role,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// A mapping to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroupMapping {
    /// Name of the group, exactly as the provider writes it.
    #[schema(min_length = 1, max_length = 256)]
    oidc_group: String,
    /// What it gives. Of several that match, the highest counts.
    role: Role,
}

impl From<GroupMapping> for GroupMappingView {
    fn from(mapping: GroupMapping) -> Self {
        let GroupMapping { id, oidc_group, role, created_at } = mapping;
        Self { id, oidc_group, role, created_at }
    }
}

/// Lists which groups of the provider give which role.
#[utoipa::path(get, path = "/api/admin/group-mappings", tag = "Group mappings",
    responses((status = 200, description = "By group.", body = Vec<GroupMappingView>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
) -> Result<Json<Vec<GroupMappingView>>, ApiError> {
    let mappings = app.store.group_mappings().await?;
    Ok(Json(mappings.into_iter().map(GroupMappingView::from).collect()))
}

/// Maps a group to a role. It counts at each user's next sign-in.
#[utoipa::path(post, path = "/api/admin/group-mappings", tag = "Group mappings",
    request_body = NewGroupMapping,
    responses((status = 201, description = "Mapped.", body = GroupMappingView),
        (status = 409, description = "The group is mapped already.")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiJson(new): ApiJson<NewGroupMapping>,
) -> Result<(StatusCode, Json<GroupMappingView>), ApiError> {
    check(&new)?;
    let mapping = app.store.add_group_mapping(&new.oidc_group, new.role).await;
    let mapping = mapping.map_err(already_mapped)?;
    app.audit.record(tell(Action::MappingCreate, &identity, client, &mapping)).await?;
    Ok((StatusCode::CREATED, Json(mapping.into())))
}

/// Changes a mapping. It counts at each user's next sign-in.
#[utoipa::path(put, path = "/api/admin/group-mappings/{id}", tag = "Group mappings",
    params(("id" = i64, Path, description = "The mapping.")),
    request_body = NewGroupMapping,
    responses((status = 200, description = "Changed.", body = GroupMappingView),
        (status = 404, description = "There is no such mapping."),
        (status = 409, description = "The group is mapped already.")))]
pub(super) async fn update(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<i64>,
    ApiJson(new): ApiJson<NewGroupMapping>,
) -> Result<Json<GroupMappingView>, ApiError> {
    check(&new)?;
    let mapping = app.store.update_group_mapping(id, &new.oidc_group, new.role).await;
    let mapping = mapping.map_err(already_mapped)?.ok_or_else(no_such_mapping)?;
    app.audit.record(tell(Action::MappingUpdate, &identity, client, &mapping)).await?;
    Ok(Json(mapping.into()))
}

/// Removes a mapping. It counts at each user's next sign-in.
#[utoipa::path(delete, path = "/api/admin/group-mappings/{id}", tag = "Group mappings",
    params(("id" = i64, Path, description = "The mapping.")),
    responses((status = 204, description = "Removed."),
        (status = 404, description = "There is no such mapping.")))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, ApiError> {
    let mapping = app.store.delete_group_mapping(id).await?.ok_or_else(no_such_mapping)?;
    app.audit.record(tell(Action::MappingDelete, &identity, client, &mapping)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tell(action: Action, who: &Identity, client: ClientAddress, mapping: &GroupMapping) -> Event {
    let event = Event::new(action).by(who).from(client.ip);
    event.about("mapping", mapping.id, &mapping.oidc_group).detail("role", mapping.role.name())
}

fn check(new: &NewGroupMapping) -> Result<(), ApiError> {
    let length = new.oidc_group.chars().count();
    if (1..=LONGEST_GROUP).contains(&length) && !new.oidc_group.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("must be 1 to {LONGEST_GROUP} characters, none of them a control");
    Err(ApiError::invalid(vec![FieldError::new("oidc_group", message)]))
}

fn already_mapped(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict => ApiError::conflict("group_mapped", "This group is mapped already."),
        other => other.into(),
    }
}

fn no_such_mapping() -> ApiError {
    ApiError::not_found("There is no such mapping.")
}
