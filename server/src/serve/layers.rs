use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::{headers, observe, rates};
use crate::App;
use crate::access::ClientAddress;
use crate::api::{ApiError, speak_as_the_portal};

/// Everything that surrounds the handlers; the first line is the innermost.
pub(super) fn around(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    let observed = router
        .layer(from_fn_with_state(Arc::clone(app), limit_time))
        .layer(from_fn_with_state(Arc::clone(app), observe::observe));
    rates::limit(observed, &app.config.rate_limit)
        .layer(from_fn_with_state(Arc::clone(app), find_client_address))
        .layer(from_fn(speak_as_the_portal))
        .layer(from_fn_with_state(Arc::clone(app), headers::secure))
}

async fn find_client_address(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &app.config.server.trusted_proxies;
    match ClientAddress::from_extensions(request.extensions(), request.headers(), trusted) {
        Some(client) => {
            request.extensions_mut().insert(client);
            next.run(request).await
        }
        None => ApiError::internal("a connection without peer address").into_response(),
    }
}

/// A WebSocket's handler answers at once and goes on elsewhere: this limits requests only.
async fn limit_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.config.server.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let status = StatusCode::GATEWAY_TIMEOUT;
            ApiError::new(status, "timed_out", "This took too long.").into_response()
        }
    }
}
