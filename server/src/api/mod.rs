//! The REST API: one file per resource. A handler authorises by its declaration, calls,
//! and replies.

mod auth;
mod docs_page;
mod drivers;
mod error;
mod extract;
mod health;
mod me;
mod openapi;
mod presets;
mod routes;

use std::sync::Arc;

use axum::Router;
use utoipa_axum::routes;

pub use error::{ApiError, ErrorBody};
pub use extract::{ApiJson, ApiPath, ApiQuery};
pub use openapi::document;
pub use routes::{RouteInfo, Routes};

use crate::App;
use crate::access::{Access, Role};

/// Every route of the API with its access declaration.
pub fn all_routes() -> Routes {
    let any = Access::Least(Role::Viewer);
    Routes::default()
        .add(Access::Open, routes!(health::health))
        .add(Access::Open, routes!(auth::status))
        .add(Access::Open, routes!(auth::sign_in))
        .add(Access::Open, routes!(auth::follow_link))
        .add(Access::Open, routes!(auth::log_out))
        .add(any, routes!(me::me))
        .add(any, routes!(drivers::list))
        .add(any, routes!(presets::list))
        .add(Access::Open, routes!(openapi::json))
        .add(Access::Open, routes!(openapi::page))
}

/// The API of `app`: unknown paths under `/api/` and wrong methods are answered in JSON.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    all_routes().router(app).route("/api/{*path}", axum::routing::any(error::no_such_route))
}
