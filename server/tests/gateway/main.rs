//! The gateway as its clients meet it: requests against one that listens, and the binary's
//! commands.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod audit;
mod authentication;
#[path = "../support/authority.rs"]
mod authority;
mod book;
mod book_import;
mod book_keys;
mod book_personal;
mod book_vault;
mod commands;
mod configuration;
#[path = "../support/database.rs"]
mod database;
mod database_tls;
mod harness;
mod history;
mod leaks;
mod limits;
mod machines;
mod many;
mod matrix;
mod metrics;
#[path = "../support/openbao.rs"]
mod openbao;
mod outage;
mod people;
mod portal;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/proxy.rs"]
mod proxy;
mod quick;
mod rates;
mod reconnect;
mod requests;
mod routes;
mod schemathesis;
mod secrecy;
mod seeds;
mod sign_in;
mod tls;
mod tokens;
mod users;

#[test]
fn all_these_tests_pass_on_postgresql() {
    postgres::run_this_binary_on_postgresql(&[
        "a_database_that_was_deleted",
        "database_tls::",
        "leaks::",
        "schemathesis::",
        "book_vault::",
    ]);
}
