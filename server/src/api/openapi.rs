//! The OpenAPI 3.1 document, made from the routes and the registered drivers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use fanlight_core::Driver;
use serde_json::{Map, Value, json};

use super::{RouteInfo, all_routes};
use crate::App;
use crate::access::Access;
use crate::drivers::Drivers;
use crate::sessions::{common_schema, shared_schema};

/// The document of this API.
#[utoipa::path(get, path = "/api/openapi.json", tag = "Service",
    responses((status = 200, description = "This document.", content_type = "application/json",
        body = Object)))]
pub(super) async fn json(State(app): State<Arc<App>>) -> Json<Value> {
    Json(document(&app.drivers))
}

/// A page to browse it.
#[utoipa::path(get, path = "/api/docs", tag = "Service",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String)))]
pub(super) async fn page(State(app): State<Arc<App>>) -> Html<String> {
    Html(super::docs_page::render(&document(&app.drivers)))
}

/// The page's style sheet.
#[utoipa::path(get, path = "/api/docs/style.css", tag = "Service",
    responses((status = 200, description = "CSS.", content_type = "text/css", body = String)))]
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css"))
}

/// The whole document for a gateway with these drivers.
pub fn document(drivers: &Drivers) -> Value {
    let routes = all_routes().list();
    let mut document = serde_json::to_value(all_routes().document()).unwrap_or_default();
    document["info"] = json!({
        "title": "Fanlight",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Opens any machine in a browser tab.",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["components"]["securitySchemes"] = security_schemes();
    for route in &routes {
        let method = route.method.to_lowercase();
        let operation = &mut document["paths"][&route.path][&method];
        operation["operationId"] = operation_id(&method, &route.path).into();
        describe_access(route, operation);
    }
    document["components"]["schemas"]["SessionRequest"] = session_request(drivers);
    document["components"]["schemas"]["NewEntry"] = super::book::new_entry(drivers);
    document["components"]["schemas"]["EntryChange"] = super::book::entry_change();
    document["components"]["schemas"]["ErrorBody"] =
        serde_json::to_value(<super::ErrorBody as utoipa::PartialSchema>::schema())
            .unwrap_or_default();
    document["components"]["schemas"]["PortalError"] = json!({
        "description": "Why not, in the VM portal's envelope.",
        "type": "object",
        "properties": {
            "code": { "type": "integer", "description": "The HTTP status once more." },
            "message": { "type": "string", "description": "What happened." },
            "data": { "type": "null" },
        },
        "required": ["code", "message", "data"],
        "additionalProperties": false,
    });
    document
}

/// `get_sessions_by_id`: unique and speaking, for those who generate clients.
fn operation_id(method: &str, path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != "api");
    let words = parts.map(|part| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(parameter) => format!("_by_{parameter}"),
        None => format!("_{}", part.replace(['-', '.'], "_")),
    });
    format!("{method}{}", words.collect::<String>())
}

fn security_schemes() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "An API key." },
        "api_key": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
        "cookie": {
            "type": "apiKey", "in": "cookie", "name": "fanlight",
            "description": "A browser that signed in; `__Host-fanlight` with https.",
        },
    })
}

/// What the route's declaration means for callers.
fn describe_access(route: &RouteInfo, operation: &mut Value) {
    let by_any = json!([{ "bearer": [] }, { "api_key": [] }, { "cookie": [] }]);
    let (security, role) = match route.access {
        Access::Open => (json!([]), None),
        Access::Other => (json!([{}, { "bearer": [] }, { "api_key": [] }, { "cookie": [] }]), None),
        Access::Portal => (by_any, None),
        Access::Least(role) => (by_any, Some(role.name())),
    };
    operation["security"] = security;
    operation["x-least-role"] = role.into();
    let body = if route.access == Access::Portal { "PortalError" } else { "ErrorBody" };
    let error = json!({ "application/json": {
        "schema": { "$ref": format!("#/components/schemas/{body}") } } });
    operation["responses"]["default"] =
        json!({ "description": "An error.", "content": error.clone() });
    if role.is_some() {
        operation["responses"]["401"] = json!({
            "description": "No credential, or one that is not good.", "content": error.clone() });
        operation["responses"]["403"] =
            json!({ "description": "The role does not suffice.", "content": error });
    }
}

/// One variant for each driver, told apart by `session_type`, and one for presets.
fn session_request(drivers: &Drivers) -> Value {
    let mut common = common_schema()["properties"].as_object().cloned().unwrap_or_default();
    let preset = common.remove("preset");
    common.remove("session_type");
    let mut of_preset = json!({ "preset": preset });
    merge(&mut of_preset, &common);
    common.extend(shared_schema()["properties"].as_object().cloned().unwrap_or_default());
    let mut variants: Vec<Value> =
        drivers.iter().map(|driver| driver_variant(driver.as_ref(), &common)).collect();
    variants.push(json!({
        "title": "Preset",
        "type": "object",
        "properties": of_preset,
        "required": ["preset"],
        "additionalProperties": false,
    }));
    json!({ "description": "What to open.", "oneOf": variants })
}

fn driver_variant(driver: &dyn Driver, common: &Map<String, Value>) -> Value {
    let mut schema = driver.schema().clone();
    schema["title"] = driver.info().label.into();
    schema["additionalProperties"] = false.into();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    merge(&mut schema["properties"], common);
    schema["properties"]["session_type"] = json!({ "const": driver.info().id });
    let required = schema["required"].as_array().into_iter().flatten().cloned();
    schema["required"] = [json!("session_type")].into_iter().chain(required).collect();
    let examples = schema.get_mut("examples").and_then(Value::as_array_mut);
    for example in examples.into_iter().flatten() {
        example["session_type"] = driver.info().id.into();
    }
    schema
}

/// Adds `more`, leaving what is there.
fn merge(properties: &mut Value, more: &Map<String, Value>) {
    for (name, schema) in more {
        if properties.get(name).is_none() {
            properties[name] = schema.clone();
        }
    }
}
