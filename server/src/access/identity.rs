use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::ApiError;
use crate::store::User;

/// How the subject of an API key begins.
pub(super) const API_KEY_SUBJECT: &str = "api_key:";
/// How the subject of a user begins.
pub(super) const USER_SUBJECT: &str = "user:";

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

    /// Its name in requests, replies and rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Poweruser => "poweruser",
            Self::Admin => "admin",
        }
    }
}

/// A text that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be viewer, operator, poweruser or admin")]
pub struct NoSuchRole;

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Self, NoSuchRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(NoSuchRole)
    }
}

/// What kind of credential somebody showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// An API key, or a browser that signed in with one.
    ApiKey,
    /// A user's token.
    Token,
    /// A browser that signed in by OpenID Connect.
    Oidc,
}

/// The row that stands behind an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An API key, by id.
    ApiKey(Uuid),
    /// A user's token, by id.
    UserToken(i64),
    /// A signed-in browser, by id.
    SignIn(Uuid),
}

/// Who is asking. The same whichever way the credential came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Stable name of the owner in rows: `api_key:<id>` or `user:<id>`. Compare owners by
    /// this, see [`owns`](super::owns).
    pub subject: String,
    /// Name for people.
    pub name: String,
    /// E-mail address, where the identity has one.
    pub email: Option<String>,
    /// What they may do, now: for a token, no more than it was made for.
    pub role: Role,
    /// Groups of the identity provider.
    pub groups: Vec<String>,
    /// What kind of credential it was.
    pub auth_type: AuthType,
    /// The row behind it, for [`identity_behind`](super::identity_behind).
    pub credential: Credential,
}

impl Identity {
    /// A user's, for as long as they are not disabled.
    pub(crate) fn of_user(user: User, auth_type: AuthType, credential: Credential) -> Self {
        Self {
            subject: Self::subject_of_user(user.id),
            name: user.name,
            email: user.email,
            role: user.role,
            groups: user.groups,
            auth_type,
            credential,
        }
    }

    /// The subject of a user, by id.
    pub(crate) fn subject_of_user(id: Uuid) -> String {
        format!("{USER_SUBJECT}{id}")
    }

    /// The user behind it; `None` for an API key.
    pub fn user(&self) -> Option<Uuid> {
        self.subject.strip_prefix(USER_SUBJECT)?.parse().ok()
    }
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
