use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fanlight_core::{Driver, EngineKind};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::App;
use crate::sessions::with_shared_fields;

/// A driver: what kind of session it makes, and from which fields.
#[derive(Serialize, ToSchema)]
pub(super) struct DriverView {
    /// The `session_type` in requests.
    id: &'static str,
    /// Name for people.
    label: &'static str,
    /// One line on what it opens.
    description: &'static str,
    /// Port where targets listen unless the settings say otherwise.
    default_port: Option<u16>,
    /// What its sessions can do.
    capabilities: CapabilitiesView,
    /// Engines of this gateway that can run it.
    #[schema(value_type = Vec<String>)]
    engines: Vec<EngineKind>,
    /// JSON Schema (2020-12) of its fields, those that sessions of every type have among
    /// them.
    schema: Value,
}

/// What sessions can do.
#[derive(Serialize, ToSchema)]
pub(super) struct CapabilitiesView {
    /// Text can be copied and pasted.
    clipboard: bool,
    /// The remote screen follows the window's size.
    resize: bool,
    /// The screen is a terminal.
    terminal: bool,
}

/// Lists the drivers of this gateway: the kinds of sessions it can open.
#[utoipa::path(get, path = "/api/drivers", tag = "Sessions",
    responses((status = 200, description = "All drivers, by id.", body = Vec<DriverView>)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Vec<DriverView>> {
    Json(app.drivers.iter().map(|driver| view(&app, driver.as_ref())).collect())
}

fn view(app: &App, driver: &dyn Driver) -> DriverView {
    let info = driver.info();
    let can = info.capabilities;
    let embedded = driver.client().is_some() && app.engines.embedded.is_some();
    let guacd = app.engines.guacd.is_some();
    let engines = [(EngineKind::Embedded, embedded), (EngineKind::Guacd, guacd)];
    DriverView {
        id: info.id,
        label: info.label,
        description: info.description,
        default_port: info.default_port,
        capabilities: CapabilitiesView {
            clipboard: can.clipboard,
            resize: can.resize,
            terminal: can.terminal,
        },
        engines: engines.into_iter().filter(|(_, able)| *able).map(|(kind, _)| kind).collect(),
        schema: with_shared_fields(driver.schema()),
    }
}
