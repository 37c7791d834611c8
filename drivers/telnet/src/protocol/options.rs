//! Options: what each side does, and what it tells about itself.

use super::codes::{
    BINARY, DO, DONT, ECHO, ESC, IAC, IS, NEW_ENVIRON, SB, SE, SEND, SUPPRESS_GO_AHEAD,
    TERMINAL_TYPE, USERVAR, VALUE, VAR, WILL, WINDOW_SIZE, WONT,
};

/// What the remote side may know of this one.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Kind of terminal ($TERM).
    pub(crate) terminal_type: String,
    /// The account, if it is known.
    pub(crate) username: Option<String>,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Here,
    There,
}

/// Options that a side agreed to. This side never begins: it agrees or refuses, and is
/// silent where nothing changes, so that no two sides can talk for ever (RFC 1143).
pub(super) struct Options {
    identity: Identity,
    size: (u16, u16),
    here: Vec<u8>,
    there: Vec<u8>,
}

impl Options {
    pub(super) fn new(identity: Identity, columns: u16, rows: u16) -> Self {
        Self { identity, size: (columns, rows), here: Vec::new(), there: Vec::new() }
    }

    pub(super) fn is_binary(&self, side: Side) -> bool {
        self.agreed(side).contains(&BINARY)
    }

    pub(super) fn remote_echoes(&self) -> bool {
        self.there.contains(&ECHO)
    }

    /// Takes WILL, WONT, DO or DONT.
    pub(super) fn negotiate(&mut self, verb: u8, option: u8, reply: &mut Vec<u8>) {
        let side = if matches!(verb, DO | DONT) { Side::Here } else { Side::There };
        let (yes, no) = match side {
            Side::Here => (WILL, WONT),
            Side::There => (DO, DONT),
        };
        let is_on = self.agreed(side).contains(&option);
        match (matches!(verb, DO | WILL), is_on) {
            (true, true) | (false, false) => {}
            (true, false) if self.may(side, option) => {
                self.agreed_mut(side).push(option);
                reply.extend([IAC, yes, option]);
                if (side, option) == (Side::Here, WINDOW_SIZE) {
                    reply.extend(self.tell_size());
                }
            }
            (true, false) => reply.extend([IAC, no, option]),
            (false, true) => {
                self.agreed_mut(side).retain(|one| *one != option);
                reply.extend([IAC, no, option]);
            }
        }
    }

    /// Answers a subnegotiation: an option's number and what is said about it.
    pub(super) fn answer(&self, told: &[u8], reply: &mut Vec<u8>) {
        let agreed = |option| self.here.contains(&option);
        match told {
            [TERMINAL_TYPE, SEND] if agreed(TERMINAL_TYPE) => {
                let name = self.identity.terminal_type.as_bytes();
                reply.extend(subnegotiation(TERMINAL_TYPE, &[&[IS], name].concat()));
            }
            [NEW_ENVIRON, SEND, asked @ ..] if agreed(NEW_ENVIRON) => {
                let variables = self.variables(asked);
                reply.extend(subnegotiation(NEW_ENVIRON, &[&[IS], &*variables].concat()));
            }
            _ => {}
        }
    }

    pub(super) fn resize(&mut self, columns: u16, rows: u16) -> Vec<u8> {
        self.size = (columns, rows);
        if self.here.contains(&WINDOW_SIZE) { self.tell_size() } else { Vec::new() }
    }

    fn tell_size(&self) -> Vec<u8> {
        let (columns, rows) = self.size;
        subnegotiation(WINDOW_SIZE, &[columns.to_be_bytes(), rows.to_be_bytes()].concat())
    }

    /// `USER`, if it is known and asked for by name or with all others.
    fn variables(&self, asked: &[u8]) -> Vec<u8> {
        let mut names = asked.split(|byte| matches!(*byte, VAR | USERVAR)).skip(1);
        let wanted = asked.is_empty() || names.any(|name| name.is_empty() || name == b"USER");
        let Some(username) = self.identity.username.as_ref().filter(|_| wanted) else {
            return Vec::new();
        };
        let mut said = [&[VAR], &b"USER"[..], &[VALUE]].concat();
        for byte in username.bytes() {
            if matches!(byte, VAR | VALUE | ESC | USERVAR) {
                said.push(ESC);
            }
            said.push(byte);
        }
        said
    }

    fn may(&self, side: Side, option: u8) -> bool {
        match (side, option) {
            (_, BINARY | SUPPRESS_GO_AHEAD)
            | (Side::There, ECHO)
            | (Side::Here, TERMINAL_TYPE | WINDOW_SIZE) => true,
            (Side::Here, NEW_ENVIRON) => self.identity.username.is_some(),
            _ => false,
        }
    }

    fn agreed(&self, side: Side) -> &Vec<u8> {
        match side {
            Side::Here => &self.here,
            Side::There => &self.there,
        }
    }

    fn agreed_mut(&mut self, side: Side) -> &mut Vec<u8> {
        match side {
            Side::Here => &mut self.here,
            Side::There => &mut self.there,
        }
    }
}

fn subnegotiation(option: u8, said: &[u8]) -> Vec<u8> {
    let mut bytes = vec![IAC, SB, option];
    for &byte in said {
        bytes.push(byte);
        if byte == IAC {
            bytes.push(IAC);
        }
    }
    bytes.extend([IAC, SE]);
    bytes
}
