use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fanlight_core::{Cause, FieldError, SessionError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Words;
use crate::store::StoreError;

/// An error as the API tells it. Never holds a secret or a dependency's inner detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// A sentence that a person understands.
    pub error: String,
    /// Stable name for programs.
    pub code: String,
    /// What is wrong with which field: `{"port": "must be 1-65535"}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl ApiError {
    /// An error of any kind. `code` is a stable snake case name.
    pub fn new(status: StatusCode, code: &'static str, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        Self { status, code, message, fields: Vec::new(), retry_after: None }
    }

    /// 400: malformed as a whole.
    pub fn bad_request(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 400: these fields are wrong.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        SessionError::invalid(fields).into()
    }

    /// 401, with the same words whatever is wrong.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in or show a valid API key.")
    }

    /// 403: role, folder, ownership, address.
    pub fn forbidden(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub fn not_found(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409.
    pub fn conflict(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 429 with `Retry-After`.
    pub fn too_many(wait: Duration, message: impl fmt::Display) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        Self { retry_after: Some(wait), ..error }
    }

    /// 503: a dependency is down.
    pub fn unavailable(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// 500. `cause` goes to the log only.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        let message = "Fanlight failed to do this. Its log says why.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// The same, naming the fields that it is about.
    #[must_use]
    pub fn about(mut self, fields: impl IntoIterator<Item = FieldError>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// The fields that it is about.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// Its stable name.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether it says that nobody good was shown.
    pub fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// The same, with a field by the name that the caller knows it by.
    #[must_use]
    pub fn naming(mut self, field: &str, name: &str) -> Self {
        for error in self.fields.iter_mut().filter(|error| error.field == field) {
            name.clone_into(&mut error.field);
        }
        self
    }

    /// Its sentence, and what is wrong with which field, for a person.
    pub fn with_fields(&self) -> String {
        let fields = self.fields.iter().map(|f| format!("{} {}.", f.field, f.message));
        std::iter::once(self.message.clone()).chain(fields).collect::<Vec<_>>().join(" ")
    }

    /// In words for a person at a browser, in JSON for programs.
    pub(super) fn for_person(self, headers: &HeaderMap, title: &str) -> Response {
        let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        if !accepts.unwrap_or_default().contains("text/html") {
            return self.into_response();
        }
        let (status, text) = (self.status, self.with_fields());
        Words { status, title, text: &text, links: &[("/", "Connections")] }.into_response()
    }

    fn body(self) -> ErrorBody {
        let fields = self.fields.into_iter().map(|f| (f.field, f.message)).collect();
        ErrorBody { error: self.message, code: self.code.to_owned(), fields }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let mut response = (status, Json(self.clone().body())).into_response();
        // For those who say it in other words.
        response.extensions_mut().insert(self);
        if let Some(wait) = retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        let (status, code) = match error.cause {
            Cause::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
            Cause::EngineLacksParameter => (StatusCode::BAD_REQUEST, "engine_lacks_parameter"),
            Cause::Denied => (StatusCode::FORBIDDEN, "denied"),
            Cause::NotFound => (StatusCode::BAD_GATEWAY, "target_not_found"),
            Cause::Refused => (StatusCode::BAD_GATEWAY, "target_refused"),
            Cause::LoginFailed => (StatusCode::BAD_GATEWAY, "login_failed"),
            Cause::Untrusted => (StatusCode::BAD_GATEWAY, "target_untrusted"),
            Cause::Lost => (StatusCode::BAD_GATEWAY, "target_lost"),
            Cause::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "target_timed_out"),
            Cause::Closed => (StatusCode::CONFLICT, "session_closed"),
            Cause::Expired => (StatusCode::CONFLICT, "session_expired"),
            Cause::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Cause::Internal => return Self::internal(error.message),
        };
        Self { fields: error.fields, ..Self::new(status, code, error.message) }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "database not available");
                Self::unavailable("The database is not available at the moment. Try again.")
            }
            StoreError::Full => {
                tracing::error!(%error, "disk full");
                Self::unavailable("The server's disk is full.")
            }
            StoreError::Conflict => Self::conflict("exists", "This exists already."),
            StoreError::NoParent => {
                Self::conflict("parent_gone", "What this belongs to was deleted in the meantime.")
            }
            StoreError::Failed(_) | StoreError::Migration(_) => Self::internal(error),
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::MissingJsonContentType(_) => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be JSON, with the header Content-Type: application/json.",
            ),
            JsonRejection::JsonSyntaxError(_) => Self::bad_request("The body is not valid JSON."),
            JsonRejection::JsonDataError(error) => {
                describe_data_error(&error, "The body is not the JSON object that this needs.")
            }
            other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(other.status(), "body_too_large", "The body is too large.")
            }
            _ => Self::bad_request("The body could not be read."),
        }
    }
}

/// Serde's message may quote the value, which may be a secret: only the field's name and
/// what was expected are kept.
fn describe_data_error(error: &dyn std::error::Error, nothing_named: &str) -> ApiError {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let (path, text) = text.split_once(": ").unwrap_or(("", &text));
    let quoted = text.split('`').nth(1).unwrap_or_default();
    let field = if text.starts_with("unknown field") {
        FieldError::new(quoted, "is not a known field")
    } else if text.starts_with("missing field") {
        FieldError::new(quoted, "is required")
    } else if let Some((_, expected)) = text.rsplit_once(", expected ") {
        let expected = expected.split(" at line").next().unwrap_or(expected);
        FieldError::new(path, format!("must be {expected}"))
    } else {
        FieldError::new(path, "is not valid")
    };
    if field.field.is_empty() || field.field == "." {
        return ApiError::bad_request(nothing_named);
    }
    ApiError::invalid(vec![field])
}

impl From<FormRejection> for ApiError {
    fn from(rejection: FormRejection) -> Self {
        match rejection.status() {
            status @ StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(status, "body_too_large", "The body is too large.")
            }
            status @ StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(status, "unsupported_media_type", "The body must be a form.")
            }
            _ => Self::bad_request("The form cannot be read."),
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::not_found("There is nothing at this address.")
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        const NOT_VALID: &str = "The query of this address is not valid.";
        match rejection {
            QueryRejection::FailedToDeserializeQueryString(error) => {
                describe_data_error(&error, NOT_VALID)
            }
            _ => Self::bad_request(NOT_VALID),
        }
    }
}

/// Answers paths that no route has.
pub(super) async fn no_such_route() -> ApiError {
    ApiError::not_found("There is no such route. GET /api/docs lists them.")
}

/// Answers methods that the path's routes do not have.
pub(super) async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not answer to this method.",
    )
}
