use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::access::{AuthType, Identity, Role};
use crate::config::BookPlace;

/// Who is calling.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    /// Name for people.
    name: String,
    /// E-mail address, where the identity has one.
    email: Option<String>,
    /// What they may do.
    role: Role,
    /// Groups of the identity provider.
    groups: Vec<String>,
    /// What kind of credential it was.
    auth_type: AuthType,
    /// Whether an address book in Vault is switched on.
    vault_enabled: bool,
    /// Whether the Vault is configured.
    vault_configured: bool,
}

/// Tells who is calling and what they may do.
#[utoipa::path(get, path = "/api/me", tag = "Access",
    responses((status = 200, description = "The caller.", body = Me)))]
pub(super) async fn me(State(app): State<Arc<App>>, identity: Identity) -> Json<Me> {
    let in_vault = matches!(app.config.book.place, BookPlace::Vault(_));
    Json(Me {
        name: identity.name,
        email: identity.email,
        role: identity.role,
        groups: identity.groups,
        auth_type: identity.auth_type,
        vault_enabled: in_vault,
        vault_configured: in_vault,
    })
}
