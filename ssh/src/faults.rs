use fanlight_core::{Cause, Endpoint, SessionError};

/// What can go wrong inside the connection's task.
#[derive(Debug)]
pub enum Fault {
    /// The connection's.
    Ssh(russh::Error),
    /// Ours: what was found does not do.
    Session(SessionError),
}

impl From<russh::Error> for Fault {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Fault {
    /// The sentence for a person.
    pub fn explain(self, endpoint: &Endpoint) -> SessionError {
        match self {
            Self::Session(error) => error,
            Self::Ssh(error) => explain(&error, endpoint),
        }
    }
}

/// A failure of the connection, once the bytes flow.
pub fn explain(error: &russh::Error, endpoint: &Endpoint) -> SessionError {
    let (cause, text) = match error {
        russh::Error::KeepaliveTimeout => {
            (Cause::Lost, format!("{endpoint} stopped answering. Check that it is still up."))
        }
        russh::Error::NoCommonAlgo { kind, theirs, .. } => (
            Cause::Refused,
            format!(
                "{endpoint} offers no {kind:?} algorithm that is safe enough (only {}). Update its SSH server.",
                theirs.join(", ")
            ),
        ),
        russh::Error::Version => {
            (Cause::Refused, format!("{endpoint} does not speak SSH. Check the port."))
        }
        russh::Error::WrongServerSig | russh::Error::UnknownKey => {
            (Cause::Untrusted, format!("{endpoint} could not prove that its host key is its own."))
        }
        _ => (Cause::Lost, format!("{endpoint} broke off the connection.")),
    };
    SessionError::new(cause, text)
}

/// The server let a time limit pass; `doing` reads well behind "took too long to".
pub fn too_slow(endpoint: &Endpoint, doing: &str) -> SessionError {
    SessionError::new(Cause::TimedOut, format!("{endpoint} took too long to {doing}."))
}
