use std::sync::Arc;

use fanlight_core::{Cause, SessionError};
use fanlight_engine::link::EngineSession;
use serde::{Deserialize, Serialize};

/// How far a session's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// No viewer yet; nothing was dialled.
    Pending,
    /// The owner came.
    Active,
    /// Ended in order: by the remote side, the owner, an admin or a shutdown.
    Completed,
    /// Ended by a failure.
    Error,
    /// Ended by a time limit.
    Expired,
}

impl SessionStatus {
    /// The word in the store and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Expired => "expired",
        }
    }

    /// The status that a stored word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Completed, Self::Error, Self::Expired]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// Why a session ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// `Completed`, `Error` or `Expired`.
    pub status: SessionStatus,
    /// What viewers are told; `None` when the remote side ended the session in order.
    pub error: Option<SessionError>,
}

impl Ending {
    /// The remote side ended it in order.
    pub fn by_remote() -> Self {
        Self { status: SessionStatus::Completed, error: None }
    }

    /// Somebody ended it on purpose; `message` says who.
    pub fn on_purpose(message: impl Into<String>) -> Self {
        let error = SessionError::new(Cause::Closed, message.into());
        Self { status: SessionStatus::Completed, error: Some(error) }
    }

    /// Whoever made it has no access any more.
    pub(super) fn revoked() -> Self {
        Self::on_purpose("The access of whoever started this session was withdrawn.")
    }

    /// A time limit ended it; `message` says which.
    pub fn expired(message: impl Into<String>) -> Self {
        let error = SessionError::new(Cause::Expired, message.into());
        Self { status: SessionStatus::Expired, error: Some(error) }
    }

    /// It failed.
    pub fn failed(error: SessionError) -> Self {
        Self { status: SessionStatus::Error, error: Some(error) }
    }

    /// Whether the gateway ends it, so that the engine has nothing more to say.
    pub(super) fn is_by_gateway(&self) -> bool {
        let cause = self.error.as_ref().map(|error| error.cause);
        matches!(cause, Some(Cause::Closed | Cause::Expired))
    }

    /// The sentence for the history.
    pub fn reason(&self) -> &str {
        self.error.as_ref().map_or("The remote side ended the session.", |e| &e.message)
    }
}

/// What viewers wait for.
#[derive(Clone)]
pub(super) enum Phase {
    /// Nothing was started.
    Pending,
    /// The owner came; the engine is being started.
    Starting,
    /// The engine runs it.
    Running(Arc<dyn EngineSession>),
    /// It is over.
    Ended(Arc<Ending>),
}

impl Phase {
    pub(super) fn status(&self) -> SessionStatus {
        match self {
            Self::Pending => SessionStatus::Pending,
            Self::Starting | Self::Running(_) => SessionStatus::Active,
            Self::Ended(ending) => ending.status,
        }
    }
}
