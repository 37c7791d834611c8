//! The rules, a function each.

mod form;
mod names;
mod parameters;
mod reach;
mod resources;
mod secrets;
mod stable;
mod targets;
mod text;
mod values;

use std::future::Future;
use std::pin::Pin;

use crate::Subject;

type Verdict = Result<(), String>;
type Running<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// One rule.
pub struct Rule {
    /// Its name, in reports.
    pub name: &'static str,
    pub(crate) run: for<'a> fn(&'a Subject) -> Running<'a>,
}

macro_rules! rules {
    ($($name:literal => $run:path),* $(,)?) => {
        &[$(Rule { name: $name, run: |subject| Box::pin($run(subject)) }),*]
    };
}

/// All rules, in the order they are tried.
pub const RULES: &[Rule] = rules![
    "schema-form" => form::form,
    "examples-complete" => form::examples,
    "schema-stable" => stable::stable,
    "unknown-fields-refused" => names::unknown_fields,
    "wrong-values-named" => values::wrong_values,
    "secrets-marked" => secrets::marked,
    "secrets-hidden" => secrets::hidden,
    "checked-address" => reach::checked_address,
    "denial-respected" => reach::denial,
    "resources-released" => resources::released,
    "parameters-known" => parameters::known,
    "parameters-accounted" => parameters::accounted,
    "text-intact" => text::intact,
    "target-refusing" => targets::refusing,
    "target-closing" => targets::closing,
    "target-silent" => targets::silent,
    "target-slow" => targets::slow,
    "target-garbage" => targets::garbage,
    "target-flood" => targets::flood,
    "cut-by-drop" => targets::cut,
];

/// `Err` with a sentence, unless it holds.
fn hold(holds: bool, sentence: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(sentence()) }
}
