use std::fmt;

use serde::Serialize;

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path of the field, nested parts joined by dots, items of lists numbered from 0:
    /// `port`, `operator.badge`, `jump_hosts[1].username`.
    pub field: String,
    /// What is wrong, so that it reads well behind the field's name: "must be 1-65535".
    /// Never contains the value.
    pub message: String,
}

impl FieldError {
    /// An error for `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Why a session could not start, or ended. Decides the HTTP status, the Guacamole
/// status code and what the person is advised to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The settings are wrong.
    Invalid,
    /// The operator's rules forbid it (network policy, roles, limits).
    Denied,
    /// The name or address does not exist or cannot be reached.
    NotFound,
    /// The target or guacd refused the connection.
    Refused,
    /// The target, guacd or the person took longer than the limit.
    TimedOut,
    /// The credentials were not accepted.
    LoginFailed,
    /// The target's host key or certificate is not the expected one.
    Untrusted,
    /// The peer speaks the protocol wrongly, or the connection broke.
    Lost,
    /// The engine lacks a parameter that was asked for.
    EngineLacksParameter,
    /// Somebody ended the session on purpose.
    Closed,
    /// The session reached its time limit.
    Expired,
    /// A dependency (engine, database) is down.
    Unavailable,
    /// A fault of Fanlight itself.
    Internal,
}

impl Cause {
    /// Status code of the Guacamole protocol ("Status codes" in its manual).
    pub const fn guacamole_status(self) -> u16 {
        match self {
            Self::Invalid | Self::EngineLacksParameter => 0x0300,
            Self::Denied => 0x0303,
            Self::NotFound => 0x0207,
            Self::Refused | Self::Unavailable => 0x0208,
            Self::TimedOut => 0x0202,
            Self::LoginFailed => 0x0301,
            Self::Untrusted | Self::Lost => 0x0203,
            Self::Closed => 0x020B,
            Self::Expired => 0x020A,
            Self::Internal => 0x0200,
        }
    }

    /// The cause that a Guacamole status code stands for, as a foreign engine sends it.
    pub const fn from_guacamole_status(status: u16) -> Self {
        match status {
            0x0202 | 0x0308 => Self::TimedOut,
            0x0203 | 0x0206 => Self::Lost,
            0x0207 => Self::NotFound,
            0x0208 | 0x0201 => Self::Unavailable,
            0x0209 | 0x020B => Self::Closed,
            0x020A => Self::Expired,
            0x0300 => Self::Invalid,
            0x0301 => Self::LoginFailed,
            0x0303 | 0x031D => Self::Denied,
            _ => Self::Internal,
        }
    }
}

/// A session's failure: a cause that code can act on and a sentence that a person
/// understands. Holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SessionError {
    /// What kind of failure.
    pub cause: Cause,
    /// One plain sentence: what happened and, where it helps, what to do.
    pub message: String,
    /// The fields to blame, where the settings are wrong.
    pub fields: Vec<FieldError>,
}

/// Longest message in characters.
const LONGEST_MESSAGE: usize = 1000;

impl SessionError {
    /// A failure without fields. A message may quote what a target said of itself, and goes
    /// to logs, rows and pages: it becomes one line of at most a thousand characters.
    pub fn new(cause: Cause, message: impl fmt::Display) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let message = message.to_string().chars().map(plain).take(LONGEST_MESSAGE).collect();
        Self { cause, message, fields: Vec::new() }
    }

    /// Wrong settings. `fields` must not be empty.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        let message = match fields.as_slice() {
            [one] => format!("{} {}", one.field, one.message),
            _ => format!("Some fields are not valid: {}", names.join(", ")),
        };
        Self { cause: Cause::Invalid, message, fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_says_cannot_forge_log_lines_or_fill_rows() {
        let said = format!("bye\r\n2026-01-01 all is well\u{1b}[2J{}", "x".repeat(100_000));
        let error = SessionError::new(Cause::Lost, said);
        assert!(error.message.starts_with("bye  2026-01-01 all is well [2J"));
        assert_eq!(error.message.chars().count(), LONGEST_MESSAGE);
    }
}
