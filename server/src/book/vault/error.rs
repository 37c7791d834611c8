use std::error::Error as _;

use vaultrs::error::ClientError;

use crate::book::BookError;

/// Why Vault did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum VaultError {
    /// It cannot be reached, is sealed, or does not let the gateway in.
    #[error("{0}")]
    Down(String),
    /// It did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// Its policy does not let this gateway do that.
    #[error("Vault's policy does not allow it: {0}")]
    Denied(String),
    /// There is nothing at that path.
    #[error("nothing is there")]
    NotFound,
    /// Something else was written in the meantime.
    #[error("another version is there")]
    Conflict,
}

impl VaultError {
    /// An answer that this program does not understand.
    pub(super) fn odd(what: impl Into<String>) -> Self {
        Self::Down(what.into())
    }

    /// Why there is no login: nobody's permission is at fault then, but the gateway's.
    pub(super) fn of_login(self) -> Self {
        match self {
            Self::TimedOut => Self::TimedOut,
            other => Self::Down(format!("Vault does not let the gateway in: {other}")),
        }
    }
}

impl From<ClientError> for VaultError {
    fn from(error: ClientError) -> Self {
        match &error {
            ClientError::APIError { code, errors } => of_status(*code, &errors.join("; ")),
            ClientError::RestClientError { source } => of_exchange(source),
            _ => Self::odd(error.to_string()),
        }
    }
}

fn of_status(code: u16, told: &str) -> VaultError {
    match code {
        400 if told.contains("check-and-set") => VaultError::Conflict,
        401 | 403 => VaultError::Denied(told.to_owned()),
        404 => VaultError::NotFound,
        _ => VaultError::Down(format!("Vault answered {code}: {told}")),
    }
}

fn of_exchange(error: &rustify::errors::ClientError) -> VaultError {
    use rustify::errors::ClientError as Exchange;
    match error {
        Exchange::ServerResponseError { code, .. } => of_status(*code, ""),
        Exchange::RequestError { source, .. } | Exchange::ResponseError { source } => {
            match source.downcast_ref::<reqwest::Error>() {
                Some(error) if error.is_timeout() => VaultError::TimedOut,
                Some(error) => VaultError::Down(with_causes(error)),
                None => VaultError::Down(error.to_string()),
            }
        }
        _ => VaultError::odd(error.to_string()),
    }
}

/// reqwest says only "error sending request": what went wrong stands behind it.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl From<VaultError> for BookError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::TimedOut => Self::TimedOut,
            VaultError::Denied(_) => Self::Denied(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
