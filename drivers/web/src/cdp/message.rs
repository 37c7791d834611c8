use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that the browser tells.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Event {
    /// `Domain.event`.
    pub method: String,
    /// What belongs to it.
    #[serde(default)]
    pub params: Value,
    /// The session that it is told to; `None` is the connection itself.
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

impl Event {
    /// A text in its parameters.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.params.pointer(pointer).and_then(Value::as_str)
    }
}

/// Why a command was not carried out. Its texts hold no parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CdpError {
    /// The browser is gone.
    #[error("the browser is gone")]
    Closed,
    /// It did not answer in time.
    #[error("the browser did not answer {0} in time")]
    TimedOut(String),
    /// It said no.
    #[error("the browser refused {method}: {message}")]
    Refused {
        /// The command.
        method: String,
        /// Its reason.
        message: String,
    },
}

/// What goes to the browser.
#[derive(Serialize)]
pub(super) struct Command<'a> {
    pub(super) id: u64,
    pub(super) method: &'a str,
    pub(super) params: Value,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'a str>,
}

/// What comes from it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Incoming {
    Answer(Answer),
    Event(Event),
}

/// What the browser says to a command.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) result: Value,
    pub(super) error: Option<Fault>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Fault {
    #[serde(default)]
    pub(super) code: i64,
    pub(super) message: String,
}
