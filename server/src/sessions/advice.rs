use fanlight_core::Cause;

/// What a person can do about a failure, whatever its details.
pub(super) const fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::Invalid => "Correct the settings and start the session again.",
        Cause::Denied => "Ask an administrator to allow it, or choose another target.",
        Cause::NotFound => "Check the name or address, and that the network leads there.",
        Cause::Refused => "Check the port, and that the service is running and takes connections.",
        Cause::TimedOut => "Check that the machine is up and that no firewall is between.",
        Cause::LoginFailed => "Check the user name and the credential, then try again.",
        Cause::Untrusted => {
            "Compare the fingerprint with the machine's own. Only if it is right: ask an \
             administrator to remove the old key, or correct the pinned one."
        }
        Cause::Lost => "Try again. If it happens again, look at the log of the machine named.",
        Cause::EngineLacksParameter => "Leave the setting out, or choose the other engine.",
        Cause::Closed => "Start the session again if you still need it.",
        Cause::Expired => "Start a new session.",
        Cause::Unavailable => "Try again in a moment; if it lasts, tell an administrator.",
        Cause::Internal => "Try again. If it happens again, tell an administrator the time of it.",
    }
}
