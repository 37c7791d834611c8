use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use tracing::Instrument as _;

use super::attempt::Attempt;
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
    /// As [`Other`](Self::Other), and what is refused is told in the VM portal's words.
    Portal,
    /// Those with at least this role.
    Least(Role),
}

/// Lets a request through to a route with this access, or answers it. What is refused, here
/// or by the handler, is audited. What a request changes is changed as a whole, with its line
/// in the audit log, though its caller hangs up or its time is over meanwhile.
pub async fn guard(
    access: Access,
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let attempt = Attempt::of(access, &request);
    let is_safe = request.method().is_safe();
    let mut who = None;
    let admitted = match admit(access, &app, request, &mut who).await {
        // The caller sends the body, at their own pace: it comes first.
        Ok(request) if !is_safe => whole(request).await,
        other => other,
    };
    let changes = app.changes.clone();
    let answer = async move {
        let response = match admitted {
            Ok(request) => next.run(request).await,
            Err(refused) => refused.into_response(),
        };
        if let Some(refusal) = attempt.refusal(&response, who.as_ref()) {
            app.audit.refused(refusal).await;
        }
        response
    };
    if is_safe {
        return answer.await;
    }
    let answered = changes.spawn(answer.in_current_span()).await;
    answered.unwrap_or_else(|error| ApiError::internal(error).into_response())
}

/// The request with its body in memory, which may be as long as the routes let it.
async fn whole(request: Request) -> Result<Request, ApiError> {
    let (parts, body) = request.into_parts();
    let read = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    Ok(Request::from_parts(parts, read.map_err(JsonRejection::from)?.into()))
}

/// Finds out who asks: the request that they may make.
///
/// # Errors
/// 401, 403 and 429, see [`authenticate`].
async fn admit(
    access: Access,
    app: &App,
    mut request: Request,
    who: &mut Option<Identity>,
) -> Result<Request, ApiError> {
    if access == Access::Open {
        return Ok(request);
    }
    refuse_key_in_query(request.uri().query())?;
    let client = *request
        .extensions()
        .get::<ClientAddress>()
        .ok_or_else(|| ApiError::internal("a request without client address"))?;
    let found = authenticate(app, request.headers(), client).await;
    who.clone_from(found.as_ref().ok().unwrap_or(&None));
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
    Ok(request)
}

/// Addresses end up in logs, histories and referrers: a key there is refused even where the
/// headers hold a good one, so that it is noticed.
fn refuse_key_in_query(query: Option<&str>) -> Result<(), ApiError> {
    const KEYS: [&str; 4] = ["api_key", "apikey", "x-api-key", "access_token"];
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut names = pairs.map(|(name, _)| name.to_ascii_lowercase());
    if names.any(|name| KEYS.contains(&name.as_str())) {
        return Err(ApiError::unauthenticated());
    }
    Ok(())
}

fn require(role: Role, identity: Option<Identity>) -> Result<Identity, ApiError> {
    let identity = identity.ok_or_else(ApiError::unauthenticated)?;
    if identity.role < role {
        let message = format!("This needs the role {} or higher.", role.name());
        return Err(ApiError::forbidden(message));
    }
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AuthType, Credential};
    use axum::http::StatusCode;
    use uuid::Uuid;

    fn somebody(role: Role) -> Identity {
        Identity {
            subject: "api_key:1".into(),
            name: "somebody".into(),
            email: None,
            role,
            groups: Vec::new(),
            auth_type: AuthType::ApiKey,
            credential: Credential::ApiKey(Uuid::nil()),
        }
    }

    #[test]
    fn bar_09_a_role_includes_those_below_it_and_no_other() {
        for (has, role) in Role::ALL.into_iter().enumerate() {
            for (needs, least) in Role::ALL.into_iter().enumerate() {
                let status = require(least, Some(somebody(role))).map_err(|e| e.status()).err();
                let expected = (has < needs).then_some(StatusCode::FORBIDDEN);
                assert_eq!(status, expected, "{role:?} where {least:?} is needed");
            }
        }
        let nobody = require(Role::Viewer, None).map_err(|error| error.status()).err();
        assert_eq!(nobody, Some(StatusCode::UNAUTHORIZED));
    }
}
