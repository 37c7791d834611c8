//! Web sessions: an isolated browser that reaches only what it may.

pub mod cdp;
pub mod fence;
pub mod signin;
