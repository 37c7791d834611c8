use std::io;
use std::time::Duration;

use fanlight_core::{Cause, SessionError};

use crate::wire::{Instruction, WireError};

/// Longest part of guacd's own words that is shown, in characters.
const MOST_WORDS: usize = 200;

/// What guacd says where it has nothing to say.
const GENERIC: &str = "Aborted. See logs.";

/// guacd cannot be reached.
pub(super) fn unreachable(address: &str, error: &io::Error) -> SessionError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => SessionError::new(
            Cause::Refused,
            format!("guacd at {address} refuses connections. Check that it is running."),
        ),
        io::ErrorKind::InvalidData => SessionError::new(
            Cause::Untrusted,
            format!("The certificate of guacd at {address} is not accepted: {error}."),
        ),
        _ => SessionError::new(
            Cause::Unavailable,
            format!("guacd at {address} cannot be reached: {error}."),
        ),
    }
}

/// guacd takes longer than the limit.
pub(super) fn too_slow(address: &str, limit: Duration) -> SessionError {
    SessionError::new(
        Cause::TimedOut,
        format!("guacd at {address} did not answer within {limit:.0?}."),
    )
}

/// guacd says nothing to a `select`; some versions do so for what they do not know.
pub(super) fn no_answer(address: &str, selection: &str, limit: Duration) -> SessionError {
    let error = too_slow(address, limit);
    if selection.starts_with('$') {
        return error;
    }
    let message = format!("{error} It may hang, or not support {selection}.");
    SessionError::new(error.cause, message)
}

/// guacd hung up in the handshake.
pub(super) fn hung_up(address: &str, selection: &str) -> SessionError {
    let message = if selection.starts_with('$') {
        format!("guacd at {address} does not let anybody join the session: it has ended.")
    } else {
        format!(
            "guacd at {address} hung up when asked for {selection}: it may not support that \
             protocol."
        )
    };
    SessionError::new(Cause::Refused, message)
}

/// The connection broke in mid-session.
pub(super) fn broken(address: &str) -> SessionError {
    SessionError::new(
        Cause::Lost,
        format!("The connection to guacd at {address} broke. Reconnect to start anew."),
    )
}

/// guacd says nothing any more.
pub(super) fn silent(address: &str) -> SessionError {
    SessionError::new(
        Cause::Lost,
        format!("guacd at {address} fell silent. Reconnect to start anew."),
    )
}

/// guacd sent something that is no instruction.
pub(super) fn garbage(address: &str, error: WireError) -> SessionError {
    SessionError::new(
        Cause::Lost,
        format!("guacd at {address} does not speak the Guacamole protocol: {error}."),
    )
}

/// guacd sent another instruction than the handshake has at this point.
pub(super) fn unexpected(address: &str, expected: &str) -> SessionError {
    SessionError::new(
        Cause::Lost,
        format!("guacd at {address} does not keep to the handshake: it sent no `{expected}`."),
    )
}

/// The session was ended on purpose.
pub(super) fn closed() -> SessionError {
    SessionError::new(Cause::Closed, "The session was closed.")
}

/// The session ended before there was anything to see, and guacd does not say why.
pub(super) fn nothing_shown() -> SessionError {
    SessionError::new(Cause::NotFound, advice(Cause::NotFound))
}

/// What guacd's `error` instruction means for a person.
pub(super) fn translated(error: &Instruction<'_>) -> SessionError {
    let status = error.number(1).unwrap_or(0x0200);
    let cause = Cause::from_guacamole_status(status);
    let words: String =
        error.text(0).chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
    let known = KNOWN_WORDS.iter().find(|(part, ..)| words.contains(part));
    let (cause, advice) =
        known.map_or((cause, advice(cause)), |(_, cause, advice)| (*cause, *advice));
    let message = match words.trim() {
        "" | GENERIC => advice.to_owned(),
        words => format!("{advice} (guacd: {})", words.trim_end_matches('.')),
    };
    SessionError::new(cause, message)
}

/// What guacd's RDP plug-in says under one status code for all, by a part of its words.
const KNOWN_WORDS: [(&str, Cause, &str); 3] = [
    (
        "self-signed certificate",
        Cause::Untrusted,
        "The target shows a certificate that guacd does not trust. If you are sure that it is the \
         right machine, give the certificate's fingerprint, or accept any certificate.",
    ),
    (
        "wrong security type",
        Cause::Refused,
        "The target refuses the connection. Check its address and port, that its service runs, \
         the kind of security that it wants, and the credentials.",
    ),
    (
        "DNS lookup failed",
        Cause::NotFound,
        "guacd does not find a machine of that name. Check the name, or use the address.",
    ),
];

/// What happened and what to do, for the causes that guacd's status codes stand for.
fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::TimedOut => {
            "The target did not answer in time. Check that it is running and that guacd reaches it."
        }
        Cause::Lost => "The target reported an error or broke the connection.",
        // guacd's VNC and RDP plug-ins say this of a wrong password, too.
        Cause::NotFound => {
            "The target was not found, or it does not let guacd in. Check its name, address and port, \
             the credentials, and that guacd reaches it."
        }
        Cause::Unavailable | Cause::Refused => {
            "The target refuses connections. Check its address and port, and that its service runs."
        }
        Cause::Closed => "The target closed the session.",
        Cause::Expired => "The target ended the session: its time limit is reached.",
        Cause::Invalid => "The target or guacd does not accept the settings.",
        Cause::LoginFailed => {
            "The target did not accept the credentials. Check the user name and the password or key."
        }
        Cause::Denied => "The target does not permit this.",
        _ => "guacd could not run the session.",
    }
}
