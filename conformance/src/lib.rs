//! What every driver owes the gateway, as tests: rules over the object-safe
//! [`Driver`](fanlight_core::Driver) face.
//!
//! A driver's own test, `tests/conformance.rs`, is three lines:
//!
//! ```ignore
//! use fanlight_driver_NAME as _;
//!
//! #[test]
//! fn the_driver_keeps_the_rules() {
//!     fanlight_conformance::check(env!("CARGO_MANIFEST_DIR"));
//! }
//! ```
//!
//! The rules work on the schema's `examples`. Beside them a crate holds `schema.json`, the
//! schema as it was last agreed on, and, where there is something to say, `conformance.json`:
//!
//! - `options`: the `[drivers.NAME]` table that the examples need; `"{scratch}"` stands for
//!   an existing folder;
//! - `keeps_name`: settings (`when`) whose plan must hold the target's name instead of the
//!   address that was checked, and `because` of what;
//! - `left_out`: guacd's parameters that are no fields, under the reason for it.
//!
//! [`TestCx`] serves a driver's other tests as well.

mod cx;
mod fields;
mod rules;
mod stage;
mod subject;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

pub use cx::{Fault, TestCx};
pub use rules::{RULES, Rule};
pub use subject::{Subject, find};

/// A rule that takes longer than this in real time is stuck: clocks stand still in it.
const STUCK: Duration = Duration::from_secs(120);

/// A rule that a driver broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The rule's name.
    pub rule: &'static str,
    /// What is wrong, for the driver's author.
    pub message: String,
}

/// Holds the driver of the crate in `folder` to every rule.
///
/// # Panics
/// With all rules it breaks and what is wrong.
pub fn check(folder: impl AsRef<Path>) {
    let subject = Subject::in_crate(folder.as_ref()).unwrap_or_else(|fault| panic!("{fault}"));
    let id = subject.driver.info().id;
    let broken = broken(subject);
    let lines: Vec<_> = broken.iter().map(|b| format!("  {}: {}", b.rule, b.message)).collect();
    assert!(broken.is_empty(), "the driver {id} breaks the rules\n{}", lines.join("\n"));
}

/// The rules that a driver breaks.
pub fn broken(subject: Subject) -> Vec<Broken> {
    let subject = Arc::new(subject);
    let failed = |rule: &&'static Rule| {
        let message = verdict(rule, &subject).err()?;
        Some(Broken { rule: rule.name, message })
    };
    RULES.iter().filter_map(|rule| failed(&rule)).collect()
}

/// Runs one rule in a thread of its own, so that a panic is a verdict, and a driver that
/// blocks does not block the others.
fn verdict(rule: &'static Rule, subject: &Arc<Subject>) -> Result<(), String> {
    let (sender, verdict) = mpsc::channel();
    let subject = Arc::clone(subject);
    let running = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .map_err(|error| error.to_string());
        let result = runtime.and_then(|runtime| runtime.block_on((rule.run)(&subject)));
        // Nobody waits any more for a rule that was given up.
        let _ = sender.send(result);
    });
    match verdict.recv_timeout(STUCK) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err("it blocks its thread without end".into()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = running.join().err();
            let text = panic.as_ref().and_then(|panic| {
                let owned = panic.downcast_ref::<String>().map(String::as_str);
                owned.or_else(|| panic.downcast_ref::<&str>().copied())
            });
            Err(format!("it panics: {}", text.unwrap_or("without words")))
        }
    }
}
