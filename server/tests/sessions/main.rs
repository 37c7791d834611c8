//! Sessions as their users meet them: requests and WebSockets against a gateway that
//! listens, with a driver that only this binary knows.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod abuse;
mod harness;
mod kettle;
mod lifecycle;
mod policy;
mod requests;
mod script;
mod tunnel;
