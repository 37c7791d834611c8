use serde_json::json;

/// Name of the world in which forms are looked for; also of the function by which it tells.
pub(super) const WORLD: &str = "fanlightForms";

const SCRIPT: &str = include_str!("form.js");

/// The function that puts values into the fields that were found last.
pub(super) const PUT: &str = "(values, sends) => globalThis.fanlightPut(values, sends)";

/// The script for documents of these origins. It holds nothing else.
pub(super) fn script(origins: &[String]) -> String {
    let origins = json!(origins);
    format!("{}({origins}, globalThis.{WORLD});", SCRIPT.trim())
}
