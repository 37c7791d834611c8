use axum::http::StatusCode;
use fanlight_core::FieldError;

use super::path::{EntryPath, FolderPath};
use super::personal::Variable;
use crate::api::ApiError;
use crate::store::StoreError;

/// Why the address book did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// These fields are wrong.
    #[error("some fields are wrong")]
    Invalid(Vec<FieldError>),
    /// There is no such folder.
    #[error("there is no folder {0}")]
    NoFolder(FolderPath),
    /// There is no such entry.
    #[error("there is no entry {0}")]
    NoEntry(EntryPath),
    /// The folder is for groups that the caller is not in.
    #[error("the folder {0} is for other groups")]
    OtherGroups(FolderPath),
    /// Something with that name is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// Somebody else changed it in the meantime.
    #[error("{0} was changed by somebody else in the meantime")]
    Changed(String),
    /// It asks for credentials, and none were given.
    #[error("{0} asks for credentials, and none were given")]
    CredentialsRequired(EntryPath),
    /// It names values of the caller's own that they have not set.
    #[error("{0} needs personal credentials: {names}", names = .1.join(", "))]
    PersonalRequired(EntryPath, Vec<String>),
    /// The caller has no such value.
    #[error("there is no personal credential {0}")]
    NoPersonal(Variable),
    /// The store, or the key to it, is not there at the moment. The text is for the log.
    #[error("the address book is not available: {0}")]
    Unavailable(String),
    /// The store did not answer in time.
    #[error("the address book's store did not answer in time")]
    TimedOut,
    /// The store does not let this gateway do it. The text is for the log.
    #[error("the address book's store refused: {0}")]
    Denied(String),
    /// A folder could be emptied in part only.
    #[error("{deleted} of {total} entries of {folder} were deleted, then: {because}")]
    HalfDeleted {
        /// The folder, which is still there.
        folder: FolderPath,
        /// Entries that are gone.
        deleted: usize,
        /// Entries that there were.
        total: usize,
        /// What went wrong.
        because: Box<Self>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BookError {
    /// A sentence for people, without the store's inner detail.
    fn sentence(&self) -> String {
        match self {
            Self::Invalid(_) => "Some fields are not valid.".to_owned(),
            Self::NoFolder(path) => format!("There is no folder {path}."),
            Self::NoEntry(path) => format!("There is no entry {path}."),
            Self::OtherGroups(path) => format!("The folder {path} is for groups you are not in."),
            Self::Exists(what) => format!("{what} exists already."),
            Self::Changed(what) => format!(
                "{what} was changed by somebody else in the meantime. Read it again, then repeat \
                 your change."
            ),
            Self::CredentialsRequired(path) => {
                format!("The entry {path} asks for your own credentials: give a password or a key.")
            }
            Self::PersonalRequired(path, names) => format!(
                "The entry {path} uses credentials of your own that you have not set: {}.",
                names.join(", ")
            ),
            Self::NoPersonal(variable) => format!("You have no credential {variable}."),
            Self::Unavailable(_) => "The address book is not available at the moment. Everything \
                else works; the gateway's log says why."
                .to_owned(),
            Self::TimedOut => "The address book's store did not answer in time. Try again.".into(),
            Self::Denied(_) => "The address book's store does not let this gateway do that. Its \
                administrator has to allow it; the gateway's log says more."
                .to_owned(),
            Self::HalfDeleted { folder, deleted, total, because } => format!(
                "Only {deleted} of the {total} entries of {folder} were deleted; the folder and \
                 the others are still there. Delete it again. The cause: {}",
                because.sentence()
            ),
            Self::Store(_) => String::new(),
        }
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::NoFolder(_) | Self::NoEntry(_) | Self::NoPersonal(_) => {
                (StatusCode::NOT_FOUND, "not_found")
            }
            Self::OtherGroups(_) => (StatusCode::FORBIDDEN, "folder_forbidden"),
            Self::Exists(_) => (StatusCode::CONFLICT, "exists"),
            Self::Changed(_) => (StatusCode::CONFLICT, "changed"),
            Self::CredentialsRequired(_) => (StatusCode::CONFLICT, "credentials_required"),
            Self::PersonalRequired(..) => (StatusCode::CONFLICT, "personal_credentials_required"),
            Self::Unavailable(_) | Self::Store(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            Self::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "store_timed_out"),
            Self::Denied(_) => (StatusCode::FORBIDDEN, "store_denied"),
            Self::HalfDeleted { because, .. } => (because.status().0, "folder_half_deleted"),
        }
    }
}

impl From<BookError> for ApiError {
    fn from(error: BookError) -> Self {
        let error = match error {
            BookError::Store(error) => return error.into(),
            BookError::Invalid(fields) => return Self::invalid(fields),
            other => other,
        };
        let (status, code) = error.status();
        if matches!(error, BookError::Unavailable(_) | BookError::Denied(_) | BookError::TimedOut)
            || matches!(error, BookError::HalfDeleted { .. })
        {
            tracing::warn!(%error, "address book");
        }
        let told = Self::new(status, code, error.sentence());
        match error {
            BookError::PersonalRequired(_, names) => told.about(
                names.iter().map(|name| FieldError::new(format!("personal.{name}"), "is not set")),
            ),
            _ => told,
        }
    }
}
