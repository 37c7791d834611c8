use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::ApiError;

/// What somebody may do; each role includes those before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at what is shared with them.
    Viewer,
    /// Opens entries of the address book.
    Operator,
    /// Opens sessions to any allowed target.
    Poweruser,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles, lowest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Poweruser, Self::Admin];

    /// Its name in requests and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Poweruser => "poweruser",
            Self::Admin => "admin",
        }
    }
}

/// What kind of credential somebody showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// An API key, or a browser that signed in with one.
    ApiKey,
}

/// The row that stands behind an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An API key, by id.
    ApiKey(Uuid),
    /// A signed-in browser, by id.
    SignIn(Uuid),
}

/// Who is asking. The same whichever way the credential came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Stable name of the owner in rows: `api_key:<id>`. Compare owners by this.
    pub subject: String,
    /// Name for people.
    pub name: String,
    /// E-mail address, where the identity has one.
    pub email: Option<String>,
    /// What they may do, now.
    pub role: Role,
    /// Groups of the identity provider.
    pub groups: Vec<String>,
    /// What kind of credential it was.
    pub auth_type: AuthType,
    /// The row behind it, for [`identity_behind`](super::identity_behind).
    pub credential: Credential,
}

/// The identity of the caller; only on routes whose declaration asks for one.
impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| ApiError::internal("a route without access declaration"))
    }
}

/// The identity, if the caller showed one that is good. For routes that also take other
/// proof (a share token, a ticket) and look at it themselves.
pub struct MaybeIdentity(pub Option<Identity>);

impl<S: Sync> FromRequestParts<S> for MaybeIdentity {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Identity>().cloned()))
    }
}
