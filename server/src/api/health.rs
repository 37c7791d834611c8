use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// How the gateway is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Says that the server is running.
#[utoipa::path(get, path = "/api/health", tag = "Service",
    responses((status = 200, description = "It is running.", body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}
