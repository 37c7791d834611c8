//! The Guacamole protocol's codec ("Guacamole protocol" in its manual), without I/O.
//!
//! An instruction is a list of elements, each its length in Unicode code points, a
//! full stop and the text, joined by commas and closed by a semicolon:
//! `4.size,1.0,4.1024,3.768;`. The first element is the opcode.
//!
//! - [`parse_all`] reads bytes that are there, such as a WebSocket message.
//! - [`Decoder`] reads instructions from bytes that come in pieces, such as a handshake.
//! - [`Framer`] only finds where instructions end, such as in a relay.

mod decode;
mod encode;
mod error;
mod framer;
mod parse;
mod scan;

pub use decode::Decoder;
pub use encode::{Writer, instruction};
pub use error::{Limits, WireError};
pub use framer::{Framer, whole_instructions};
pub use parse::{Instruction, Instructions, parse_all, parse_within};

/// Most elements of one instruction, its opcode among them: as guacd.
pub const MAX_ELEMENTS: usize = 128;
