use std::net::IpAddr;

use axum::extract::{MatchedPath, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::{Access, ClientAddress, Identity};
use crate::audit::{Action, Event};

/// Marks a response whose refusal its handler has told the audit log itself, in words of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told;

/// What the audit log tells about a request that is refused.
pub(super) struct Attempt {
    /// Method and template: paths themselves carry tokens.
    route: String,
    ip: Option<IpAddr>,
    /// Whether a 401 means that somebody tried a key. Without one it is what every browser
    /// meets that has not signed in, or whose sign-in is over.
    tries_key: bool,
}

impl Attempt {
    pub(super) fn of(access: Access, request: &Request) -> Self {
        let template = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let headers = request.headers();
        let shows_key =
            headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-api-key");
        Self {
            route: format!("{} {template}", request.method()),
            ip: request.extensions().get::<ClientAddress>().map(|client| client.ip),
            tries_key: access == Access::Open || shows_key,
        }
    }

    /// The event, if this response is a refusal that was not told yet.
    pub(super) fn refusal(self, response: &Response, who: Option<&Identity>) -> Option<Event> {
        if response.extensions().get::<Told>().is_some() {
            return None;
        }
        let action = match response.status() {
            StatusCode::UNAUTHORIZED if self.tries_key => Action::SignInRefused,
            StatusCode::FORBIDDEN => Action::AccessRefused,
            _ => return None,
        };
        let event = Event::new(action).about("route", "", &self.route);
        let event = self.ip.into_iter().fold(event, Event::from);
        Some(who.into_iter().fold(event, Event::by))
    }
}
