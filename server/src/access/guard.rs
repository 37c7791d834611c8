use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{ClientAddress, Identity, Role, authenticate, is_foreign_write, sign_in_cookie};
use crate::App;
use crate::api::ApiError;

/// Who may call a route: said where it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; credentials are not looked at.
    Open,
    /// The handler decides: it takes other proof too (a share token, a ticket, an opening
    /// cookie). It finds the caller in [`MaybeIdentity`](super::MaybeIdentity); a
    /// credential that is not good counts as none.
    Other,
    /// Those with at least this role.
    Least(Role),
}

/// Lets a request through to a route with this access, or answers it.
///
/// # Errors
/// 401, 403 and 429, see [`authenticate`].
pub async fn guard(
    access: Access,
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if access == Access::Open {
        return Ok(next.run(request).await);
    }
    let client = *request
        .extensions()
        .get::<ClientAddress>()
        .ok_or_else(|| ApiError::internal("a request without client address"))?;
    let found = authenticate(&app, request.headers(), client).await;
    let identity = match (access, found) {
        (Access::Least(role), found) => Some(require(role, found?)?),
        (_, Err(error)) if error.is_unauthenticated() => None,
        (_, found) => found?,
    };
    let by_cookie = sign_in_cookie(request.headers(), &app.config.server).is_some();
    let server = &app.config.server;
    if by_cookie && is_foreign_write(request.method(), request.headers(), client, server) {
        return Err(ApiError::forbidden("This request comes from a page of another site."));
    }
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    Ok(next.run(request).await)
}

fn require(role: Role, identity: Option<Identity>) -> Result<Identity, ApiError> {
    let identity = identity.ok_or_else(ApiError::unauthenticated)?;
    if identity.role < role {
        let message = format!("This needs the role {} or higher.", role.name());
        return Err(ApiError::forbidden(message));
    }
    Ok(identity)
}
