//! A person's own credentials for entries that name them as `$corp_password`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fanlight_core::{FieldError, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApiError, ApiJson, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity};
use crate::audit::{Action, Event};
use crate::book::Variable;

/// A credential of the caller's own; its value is never shown.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonalView {
    /// Its name; entries say `$` and this.
    name: String,
    /// Whether the caller has set it.
    is_set: bool,
    /// How many entries that the caller may use ask for it.
    entries: usize,
}

/// The value of a credential.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonalValue {
    /// The value itself, at most 32 KiB.
    #[schema(value_type = String, write_only, format = Password, min_length = 1, max_length = 32768)]
    value: Secret,
}

/// Lists the caller's own credentials: those that are set, and those that entries ask for.
#[utoipa::path(get, path = "/api/me/credentials", tag = "Address book",
    responses((status = 200, description = "By name.", body = Vec<PersonalView>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    identity: Identity,
) -> Result<Json<Vec<PersonalView>>, ApiError> {
    let mut all = BTreeMap::new();
    for name in app.book.personal(&identity).await? {
        all.insert(name.clone(), PersonalView { name, is_set: true, entries: 0 });
    }
    let entries = app.book.all_entries(&identity).await?;
    for name in entries.into_iter().flat_map(|entry| entry.personal) {
        let unset = PersonalView { name: name.clone(), is_set: false, entries: 0 };
        all.entry(name).or_insert(unset).entries += 1;
    }
    Ok(Json(all.into_values().collect()))
}

/// Sets one of the caller's own credentials. It is sealed like an entry and never shown.
#[utoipa::path(put, path = "/api/me/credentials/{name}", tag = "Address book",
    params(("name" = String, Path, description = "Words of a-z and 0-9 with underscores between \
        them, like `corp_password`.")),
    request_body = PersonalValue,
    responses((status = 204, description = "Set.")))]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(name): ApiPath<String>,
    ApiJson(given): ApiJson<PersonalValue>,
) -> Result<StatusCode, ApiError> {
    let variable = variable(&name)?;
    app.book.set_personal(&identity, &variable, &given.value).await?;
    app.audit.record(tell(Action::CredentialSet, &identity, client, &variable)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets one of the caller's own credentials.
#[utoipa::path(delete, path = "/api/me/credentials/{name}", tag = "Address book",
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 204, description = "Forgotten."),
        (status = 404, description = "The caller has none with that name.")))]
pub(super) async fn unset(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(name): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let variable = variable(&name)?;
    app.book.unset_personal(&identity, &variable).await?;
    app.audit.record(tell(Action::CredentialDelete, &identity, client, &variable)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn variable(name: &str) -> Result<Variable, ApiError> {
    let wrong = |error: crate::book::NotAVariable| FieldError::new("name", error.to_string());
    name.parse().map_err(|error| ApiError::invalid(vec![wrong(error)]))
}

fn tell(action: Action, who: &Identity, client: ClientAddress, variable: &Variable) -> Event {
    Event::new(action).by(who).from(client.ip).about("credential", variable, variable.as_str())
}
