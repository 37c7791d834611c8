//! Drawing operations to Guacamole instructions.
//!
//! A [`WireCanvas`] collects one frame for one viewer; what a frame holds is decided by
//! the painter that draws on it.

mod canvas;
mod encode;
#[cfg(feature = "model")]
pub mod model;

pub use canvas::WireCanvas;
