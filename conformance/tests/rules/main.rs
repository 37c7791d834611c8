//! Each rule against a driver that breaks it, and only it.
#![allow(clippy::unwrap_used)]

mod clients;
mod flaws;
mod good;

use std::collections::BTreeSet;
use std::sync::Arc;

use fanlight_conformance::{RULES, Subject, broken};
use fanlight_core::{Driver, Registration};
use serde_json::{Value, json};

use clients::Manner;
use flaws::{Flaw, Flawed};

/// guacd's parameters for Telnet that the parlour has no use for.
const LEFT_OUT: [&str; 16] = [
    "timeout",
    "username-regex",
    "password-regex",
    "font-name",
    "color-scheme",
    "typescript-*",
    "create-*",
    "recording-*",
    "read-only",
    "backspace",
    "terminal-type",
    "scrollback",
    "login-*",
    "disable-copy",
    "disable-paste",
    "wol-*",
];

fn subject(flaw: Flaw) -> Subject {
    let scratch = tempfile::tempdir().unwrap();
    let good = Registration::of::<good::Parlour>().build(Value::Null).unwrap();
    let driver: Arc<dyn Driver> = Arc::new(Flawed::new(good, flaw, scratch.path()));
    Subject::of(driver, scratch).leaving_out(&LEFT_OUT)
}

fn broken_by(flaw: Flaw) -> Vec<&'static str> {
    let subject = subject(flaw);
    let subject = match flaw {
        Flaw::Forgets => subject.leaving_out(&[]),
        Flaw::Unannounced => subject.with_committed_schema(json!({ "type": "object" })),
        _ => subject,
    };
    let broken = broken(subject);
    for one in &broken {
        println_for_people(flaw, &one.message);
    }
    broken.iter().map(|one| one.rule).collect()
}

#[allow(clippy::print_stdout)]
fn println_for_people(flaw: Flaw, message: &str) {
    println!("{flaw:?}: {message}");
}

const FLAWS: [(&str, Flaw); 22] = [
    ("schema-form", Flaw::Untitled),
    ("examples-complete", Flaw::ExampleLess),
    ("schema-stable", Flaw::Unannounced),
    ("unknown-fields-refused", Flaw::TakesUnknown),
    ("wrong-values-named", Flaw::Panics),
    ("wrong-values-named", Flaw::TakesAnyPort),
    ("secrets-marked", Flaw::PublicPassword),
    ("secrets-hidden", Flaw::QuotesPassword),
    ("secrets-hidden", Flaw::Manner(Manner::TellsPassword)),
    ("checked-address", Flaw::GoesByName),
    ("denial-respected", Flaw::IgnoresDenial),
    ("resources-released", Flaw::LeavesFile),
    ("parameters-known", Flaw::InventsParameter),
    ("parameters-accounted", Flaw::Forgets),
    ("text-intact", Flaw::AsciiOnly),
    ("target-refusing", Flaw::Manner(Manner::RedialsForever)),
    ("target-closing", Flaw::Manner(Manner::CallsSilenceSuccess)),
    ("target-silent", Flaw::Manner(Manner::AwaitsFirstByte)),
    ("target-slow", Flaw::Manner(Manner::AwaitsLine)),
    ("target-garbage", Flaw::Manner(Manner::ExpectsUtf8)),
    ("target-flood", Flaw::Manner(Manner::Hoards)),
    ("cut-by-drop", Flaw::Manner(Manner::LetsTaskGo)),
];

/// In turn, since one rule counts what the process holds.
#[test]
fn each_rule_is_broken_by_its_flaw_and_by_no_other() {
    assert_eq!(broken_by(Flaw::None), [""; 0]);
    for (rule, flaw) in FLAWS {
        assert_eq!(broken_by(flaw), [rule], "{flaw:?}");
    }
    let tried: BTreeSet<_> = FLAWS.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(tried, RULES.iter().map(|rule| rule.name).collect());
}
