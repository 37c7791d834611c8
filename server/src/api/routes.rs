use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, OpenApiBuilder};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::error;
use crate::App;
use crate::access::{Access, guard};

/// Routes, each with its access declaration and its documentation. There is no other way
/// into the router, so none can lack either.
#[derive(Default)]
pub struct Routes {
    entries: Vec<(Access, UtoipaMethodRouter<Arc<App>>)>,
}

/// What is declared about one method of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// Path with `{parameters}`.
    pub path: String,
    /// Who may call it.
    pub access: Access,
}

impl Routes {
    /// Adds what `utoipa_axum::routes!` made of one path's handlers.
    #[must_use]
    pub fn add(mut self, access: Access, routes: UtoipaMethodRouter<Arc<App>>) -> Self {
        self.entries.push((access, routes));
        self
    }

    /// The router that serves them.
    pub fn router(self, app: &Arc<App>) -> Router<Arc<App>> {
        let mut router = OpenApiRouter::<Arc<App>>::default();
        for (access, (schemas, paths, methods)) in self.entries {
            let check = move |state: State<Arc<App>>, request: Request, next: Next| {
                guard(access, state, request, next)
            };
            let guarded = methods.route_layer(from_fn_with_state(app.clone(), check));
            router = router.routes((schemas, paths, guarded));
        }
        Router::from(router)
            .method_not_allowed_fallback(error::wrong_method)
            .layer(DefaultBodyLimit::max(app.config.server.body_limit))
    }

    /// The OpenAPI paths and schemas.
    pub fn document(self) -> OpenApi {
        let mut router = OpenApiRouter::<Arc<App>>::with_openapi(OpenApiBuilder::new().build());
        for (_, routes) in self.entries {
            router = router.routes(routes);
        }
        router.into_openapi()
    }

    /// Every method and path with its access, sorted.
    pub fn list(&self) -> Vec<RouteInfo> {
        let mut all = BTreeMap::new();
        for (access, (_, paths, _)) in &self.entries {
            for (path, item) in &paths.paths {
                for (method, _) in operations(item) {
                    all.insert((path.clone(), method), *access);
                }
            }
        }
        let info = |((path, method), access)| RouteInfo { method, path, access };
        all.into_iter().map(info).collect()
    }
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let slots = [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("DELETE", &item.delete),
        ("PATCH", &item.patch),
    ];
    slots.into_iter().filter_map(|(method, slot)| slot.as_ref().map(|op| (method, op))).collect()
}
