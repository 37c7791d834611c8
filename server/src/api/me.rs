use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{AuthType, Identity, Role};

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
pub(super) async fn me(identity: Identity) -> Json<Me> {
    Json(Me {
        name: identity.name,
        email: identity.email,
        role: identity.role,
        groups: identity.groups,
        auth_type: identity.auth_type,
        vault_enabled: false,
        vault_configured: false,
    })
}
