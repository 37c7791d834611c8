//! The Telnet protocol (RFC 854), without I/O: bytes from the remote side go in, what they
//! mean comes out.

mod codes;
mod line;
mod options;

use std::mem;

use codes::{DO, DONT, IAC, SB, SE, WILL, WONT};
use options::{Options, Side};

pub(crate) use options::Identity;

/// Longest subnegotiation that is looked at, in bytes. No option that is understood here
/// needs more from the remote side.
const LONGEST_SUBNEGOTIATION: usize = 512;

/// One connection's state.
pub(crate) struct Telnet {
    state: State,
    /// The last data byte was CR: what follows tells what it meant (RFC 854, "NVT").
    after_return: bool,
    subnegotiation: Vec<u8>,
    options: Options,
}

/// What received bytes mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// What the remote side printed.
    pub(crate) data: Vec<u8>,
    /// What is to be sent back, as it is.
    pub(crate) reply: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Command,
    /// Behind WILL, WONT, DO or DONT.
    Option(u8),
    Subnegotiation,
    SubnegotiationCommand,
}

impl Telnet {
    /// A connection that has just been opened, by a terminal of this size in characters.
    pub(crate) fn new(identity: Identity, columns: u16, rows: u16) -> Self {
        Self {
            state: State::Data,
            after_return: false,
            subnegotiation: Vec::new(),
            options: Options::new(identity, columns, rows),
        }
    }

    /// Takes what the remote side sent, in pieces of any size.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Received {
        let mut received = Received::default();
        for &byte in bytes {
            self.step(byte, &mut received);
        }
        received
    }

    /// What to send for what was typed or pasted.
    pub(crate) fn encode(&self, typed: &[u8]) -> Vec<u8> {
        line::encode(typed, self.options.is_binary(Side::Here), self.echoes_itself())
    }

    /// What to send when the terminal has another size: nothing where nobody wants to know.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> Vec<u8> {
        self.options.resize(columns, rows)
    }

    /// Whether the remote side shows what is typed. If not, this side has to.
    pub(crate) fn echoes_itself(&self) -> bool {
        self.options.remote_echoes()
    }

    fn step(&mut self, byte: u8, received: &mut Received) {
        match (self.state, byte) {
            (State::Data, IAC) => self.state = State::Command,
            (State::Data, _) => self.take_data(byte, received),
            (State::Command, IAC) => {
                self.state = State::Data;
                self.take_data(IAC, received);
            }
            (State::Command, WILL | WONT | DO | DONT) => self.state = State::Option(byte),
            (State::Command, SB) => self.state = State::Subnegotiation,
            // Signals for terminals on paper, and what nobody knows.
            (State::Command, _) => self.state = State::Data,
            (State::Option(verb), _) => {
                self.state = State::Data;
                self.options.negotiate(verb, byte, &mut received.reply);
            }
            (State::Subnegotiation, IAC) => self.state = State::SubnegotiationCommand,
            (State::Subnegotiation, _) => self.keep(byte),
            (State::SubnegotiationCommand, IAC) => {
                self.state = State::Subnegotiation;
                self.keep(IAC);
            }
            (State::SubnegotiationCommand, SE) => {
                self.state = State::Data;
                let told = mem::take(&mut self.subnegotiation);
                self.options.answer(&told, &mut received.reply);
            }
            // It breaks off without SE: it was none, and this is a command like others.
            (State::SubnegotiationCommand, _) => {
                self.subnegotiation = Vec::new();
                self.state = State::Command;
                self.step(byte, received);
            }
        }
    }

    /// CR NUL is a return alone; CR LF stays both (RFC 854, "NVT Printer").
    fn take_data(&mut self, byte: u8, received: &mut Received) {
        let is_padding = self.after_return && byte == 0 && !self.options.is_binary(Side::There);
        self.after_return = byte == b'\r';
        if !is_padding {
            received.data.push(byte);
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.subnegotiation.len() < LONGEST_SUBNEGOTIATION {
            self.subnegotiation.push(byte);
        }
    }
}

#[cfg(test)]
mod tests;
