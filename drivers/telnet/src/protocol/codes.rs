//! Numbers of the protocol.

/// End of a subnegotiation (RFC 854).
pub(super) const SE: u8 = 240;
/// Begin of a subnegotiation (RFC 854).
pub(super) const SB: u8 = 250;
/// "I do this from now on", or "may I?" (RFC 854).
pub(super) const WILL: u8 = 251;
/// "I do not do this" (RFC 854).
pub(super) const WONT: u8 = 252;
/// "Do this", or "yes, do" (RFC 854).
pub(super) const DO: u8 = 253;
/// "Do not do this" (RFC 854).
pub(super) const DONT: u8 = 254;
/// Begin of a command; twice, the byte itself (RFC 854).
pub(super) const IAC: u8 = 255;

/// All eight bits, and no rules about line ends (RFC 856).
pub(super) const BINARY: u8 = 0;
/// Shows what it receives (RFC 857).
pub(super) const ECHO: u8 = 1;
/// Both sides may talk at any time (RFC 858).
pub(super) const SUPPRESS_GO_AHEAD: u8 = 3;
/// The kind of terminal (RFC 1091).
pub(super) const TERMINAL_TYPE: u8 = 24;
/// The size of the window (RFC 1073).
pub(super) const WINDOW_SIZE: u8 = 31;
/// Variables (RFC 1572).
pub(super) const NEW_ENVIRON: u8 = 39;

/// The value follows (RFC 1091, RFC 1572).
pub(super) const IS: u8 = 0;
/// Asks for the value (RFC 1091, RFC 1572).
pub(super) const SEND: u8 = 1;
/// The name of a well-known variable follows (RFC 1572).
pub(super) const VAR: u8 = 0;
/// A variable's value follows (RFC 1572).
pub(super) const VALUE: u8 = 1;
/// The next byte stands for itself (RFC 1572).
pub(super) const ESC: u8 = 2;
/// The name of a variable of one's own follows (RFC 1572).
pub(super) const USERVAR: u8 = 3;
