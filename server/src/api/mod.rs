//! The REST API: one file per resource. A handler authorises by its declaration, calls,
//! and replies.

mod audit;
mod audit_csv;
mod auth;
mod banners;
mod book;
mod byte_range;
mod docs_page;
mod drivers;
mod envelope;
mod error;
mod extract;
mod group_mappings;
mod health;
mod history;
mod host_keys;
mod machines;
mod me;
mod metrics;
mod oidc;
mod one_time;
mod openapi;
mod personal;
mod portal;
mod presets;
mod quick;
mod recordings;
mod routes;
mod sessions;
mod shares;
mod sign_in_pages;
mod tickets;
mod tunnel;
mod user_tokens;
mod users;

use std::sync::Arc;

use axum::Router;
use utoipa_axum::routes;

pub(crate) use envelope::speak_as_the_portal;
pub use error::{ApiError, ErrorBody};
pub use extract::{ApiJson, ApiPath, ApiQuery, OptionalJson};
pub(crate) use metrics::page as metrics_page;
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
        .add(Access::Open, routes!(oidc::log_in))
        .add(Access::Open, routes!(oidc::callback))
        .add(any, routes!(me::me))
        .add(Access::Least(Role::Poweruser), routes!(user_tokens::create_own))
        .add(Access::Least(Role::Operator), routes!(user_tokens::list_own))
        .add(Access::Least(Role::Poweruser), routes!(user_tokens::revoke_own))
        .add(Access::Least(Role::Operator), routes!(personal::list))
        .add(Access::Least(Role::Operator), routes!(personal::set, personal::unset))
        .add(any, routes!(drivers::list))
        .add(any, routes!(presets::list))
        .add(Access::Least(Role::Operator), routes!(sessions::list))
        .add(Access::Least(Role::Poweruser), routes!(sessions::create))
        .add(Access::Least(Role::Operator), routes!(history::list))
        .add(Access::Least(Role::Operator), routes!(history::table))
        .add(Access::Least(Role::Operator), routes!(sessions::get, sessions::end))
        .add(Access::Least(Role::Operator), routes!(sessions::steps))
        .add(Access::Least(Role::Operator), routes!(sessions::reconnect))
        .add(Access::Other, routes!(banners::get))
        .add(Access::Least(Role::Operator), routes!(shares::list, shares::create))
        .add(Access::Least(Role::Operator), routes!(shares::revoke))
        .add(Access::Least(Role::Operator), routes!(shares::set_mode, shares::dismiss))
        .add(Access::Least(Role::Operator), routes!(recordings::list))
        .add(Access::Least(Role::Operator), routes!(recordings::stream))
        .add(Access::Least(Role::Admin), routes!(recordings::delete))
        .add(Access::Least(Role::Operator), routes!(recordings::index))
        .add(Access::Least(Role::Operator), routes!(recordings::about))
        .add(Access::Least(Role::Operator), routes!(book::list_folders))
        .add(Access::Least(Role::Admin), routes!(book::create_folder))
        .add(Access::Least(Role::Admin), routes!(book::change_folder, book::delete_folder))
        .add(Access::Least(Role::Operator), routes!(book::list_all_entries))
        .add(Access::Least(Role::Operator), routes!(book::list_entries))
        .add(Access::Least(Role::Admin), routes!(book::create_entry))
        .add(Access::Least(Role::Admin), routes!(book::change_entry, book::delete_entry))
        .add(Access::Least(Role::Operator), routes!(book::connect_entry))
        .add(Access::Other, routes!(quick::open, quick::submit))
        .add(Access::Least(Role::Operator), routes!(tickets::issue))
        .add(Access::Open, routes!(tickets::open))
        .add(Access::Other, routes!(tunnel::tunnel))
        .add(Access::Least(Role::Admin), routes!(host_keys::list, host_keys::add))
        .add(Access::Least(Role::Admin), routes!(host_keys::forget))
        .add(Access::Least(Role::Admin), routes!(users::list))
        .add(Access::Least(Role::Admin), routes!(users::delete))
        .add(Access::Least(Role::Admin), routes!(users::set_role))
        .add(Access::Least(Role::Admin), routes!(users::disable))
        .add(Access::Least(Role::Admin), routes!(users::enable))
        .add(Access::Least(Role::Admin), routes!(users::log_out_everywhere))
        .add(Access::Least(Role::Admin), routes!(group_mappings::list, group_mappings::create))
        .add(Access::Least(Role::Admin), routes!(group_mappings::update, group_mappings::delete))
        .add(Access::Least(Role::Admin), routes!(user_tokens::list, user_tokens::create))
        .add(Access::Least(Role::Admin), routes!(user_tokens::revoke_any))
        .add(Access::Least(Role::Admin), routes!(audit::list))
        .add(Access::Least(Role::Admin), routes!(audit_csv::table))
        .add(Access::Least(Role::Admin), routes!(audit::list_tokens))
        .add(Access::Open, routes!(metrics::metrics))
        .add(Access::Least(Role::Admin), routes!(machines::list, machines::create))
        .add(Access::Least(Role::Admin), routes!(machines::get, machines::update, machines::delete))
        .add(Access::Portal, routes!(portal::connect))
        .add(Access::Portal, routes!(portal::disconnect))
        .add(Access::Portal, routes!(portal::list))
        .add(Access::Portal, routes!(portal::delete_by_body))
        .add(Access::Portal, routes!(portal::delete_by_path))
        .add(Access::Open, routes!(openapi::json))
        .add(Access::Open, routes!(openapi::page))
        .add(Access::Open, routes!(openapi::style))
}

/// The API of `app`: unknown paths under `/api/` and wrong methods are answered in JSON.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    ["/api", "/api/", "/api/{*path}"].into_iter().fold(all_routes().router(app), |router, path| {
        router.route(path, axum::routing::any(error::no_such_route))
    })
}
