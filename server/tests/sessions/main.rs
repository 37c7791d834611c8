//! Sessions as their users meet them: requests and WebSockets against a gateway that
//! listens, with a driver that only this binary knows.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod abuse;
mod banners;
#[path = "../support/database.rs"]
mod database;
mod deflate;
mod disk;
mod harness;
mod kettle;
mod lifecycle;
mod limits;
mod people;
mod policy;
#[path = "../support/postgres.rs"]
mod postgres;
mod recordings;
mod requests;
mod script;
mod shares;
mod tunnel;

#[test]
fn all_these_tests_pass_on_postgresql() {
    postgres::run_this_binary_on_postgresql(&["disk::"]);
}
