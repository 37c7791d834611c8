//! The Guacamole protocol's codec ("Guacamole protocol" in its manual), without I/O.
//!
//! An instruction is a list of elements, each its length in Unicode code points, a
//! full stop and the text, joined by commas and closed by a semicolon:
//! `4.size,1.0,4.1024,3.768;`. The first element is the opcode.

mod encode;

pub use encode::{Writer, instruction};
