//! The gateway as its clients meet it: requests against one that listens, and the binary's
//! commands.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod authentication;
mod commands;
mod configuration;
mod harness;
mod limits;
mod requests;
mod routes;
mod secrecy;
mod sign_in;
mod tls;
