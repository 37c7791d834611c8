//! What people read where single sign-on did not work: what happened, and what now.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded::byte_serialize;

use crate::pages::Words;

/// `path` with where to go on afterwards.
pub(super) fn with_next(path: &str, next: &str) -> String {
    match next {
        "/" => path.to_owned(),
        next => format!("{path}?next={}", byte_serialize(next.as_bytes()).collect::<String>()),
    }
}

fn page(status: StatusCode, title: &str, text: &str, next: &str) -> Response {
    let (again, other) = (with_next("/auth/login", next), with_next("/login", next));
    let links = [(again.as_str(), "Sign in again"), (other.as_str(), "Other ways to sign in")];
    Words { status, title, text, links: &links }.into_response()
}

pub(super) fn start_again(next: &str) -> Response {
    page(
        StatusCode::BAD_REQUEST,
        "This sign-in could not be completed",
        "It took too long, was completed before, began in another browser, or its answer could \
         not be trusted. You are not signed in. Begin again here; if this page comes back, tell \
         your administrator: the gateway's log says why.",
        next,
    )
}

pub(super) fn provider_is_down(next: &str) -> Response {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "The sign-in service does not answer",
        "Fanlight could not reach the service that people sign in with, so nobody can be signed \
         in by it at the moment. Try again in a minute; if it lasts, tell your administrator.",
        next,
    )
}

pub(super) fn denied(next: &str) -> Response {
    page(
        StatusCode::FORBIDDEN,
        "The sign-in service did not let you in",
        "You cancelled the sign-in, or your account may not use Fanlight. Sign in again with \
         another account, or ask your administrator for access.",
        next,
    )
}

pub(super) fn unverified_email(next: &str) -> Response {
    page(
        StatusCode::FORBIDDEN,
        "Your e-mail address is not verified",
        "The sign-in service has not verified the e-mail address of your account. Verify it \
         there, then sign in again.",
        next,
    )
}

pub(super) fn disabled() -> Response {
    page(
        StatusCode::FORBIDDEN,
        "Your account is disabled",
        "The sign-in service knows you, but an administrator has disabled your account here. Ask \
         your administrator to enable it.",
        "/",
    )
}
