use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fanlight_core::{Endpoint, Summary};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::config::Preset;

/// A ready-made target. Its settings stay on the server.
#[derive(Serialize, ToSchema)]
pub(super) struct PresetView {
    /// Name in requests.
    id: String,
    /// Name for people.
    name: String,
    /// Driver id.
    session_type: String,
    /// Where it goes, for sessions that go to a host.
    hostname: Option<String>,
    /// Its port there.
    port: Option<u16>,
    /// The page, for sessions that open one.
    url: Option<String>,
    /// The account.
    username: Option<String>,
}

/// Lists the ready-made targets of this gateway.
#[utoipa::path(get, path = "/api/presets", tag = "Sessions",
    responses((status = 200, description = "In the order of the configuration.",
        body = Vec<PresetView>)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<Vec<PresetView>> {
    let all = app.config.presets.iter().zip(&app.presets);
    Json(all.map(|(preset, summary)| view(preset, summary.clone())).collect())
}

fn view(preset: &Preset, summary: Summary) -> PresetView {
    let (hostname, port) = match summary.endpoint {
        Some(Endpoint::Tcp(host, port)) => (Some(host.as_str().to_owned()), Some(port)),
        Some(Endpoint::Unix(_)) | None => (None, None),
    };
    PresetView {
        id: preset.id.clone(),
        name: preset.name.clone(),
        session_type: preset.session_type.clone(),
        hostname,
        port,
        url: summary.url,
        username: summary.username,
    }
}
