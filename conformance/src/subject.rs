use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fanlight_core::{
    CheckedSettings, Driver, EngineKind, FieldError, Plan, SessionError, registrations,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{TestCx, fields};

const CRATE_PREFIX: &str = "fanlight-driver-";
/// In the options of `conformance.json`: an existing empty folder.
const SCRATCH: &str = "{scratch}";
/// Set to write `schema.json` anew.
const UPDATE: &str = "UPDATE_SCHEMA";

/// What a driver's `conformance.json` may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Remarks {
    /// The `[drivers.NAME]` table that the examples need. `{scratch}` is a folder.
    options: Value,
    /// Where the target's name must be kept.
    keeps_name: Vec<KeepsName>,
    /// guacd's parameters that are no fields: for each reason their names, where a `*` at the
    /// end stands for any end.
    left_out: BTreeMap<String, Vec<String>>,
}

/// An exception to the rule that the address is dialled that was checked.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeepsName {
    /// Holds for settings with all these values.
    when: Map<String, Value>,
    /// For the reader: why there is no other way.
    because: String,
}

/// A driver on trial.
pub struct Subject {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) scratch: TempDir,
    pub(crate) committed_schema: Option<Value>,
    pub(crate) update_hint: String,
    keeps_name: Vec<KeepsName>,
    left_out: Vec<String>,
}

impl Subject {
    /// A driver by itself: its schema counts as the committed one. `scratch` is the folder
    /// below which it puts what a session needs.
    pub fn of(driver: Arc<dyn Driver>, scratch: TempDir) -> Self {
        let committed_schema = Some(driver.schema().clone());
        Self {
            driver,
            scratch,
            committed_schema,
            update_hint: String::new(),
            keeps_name: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// The same with another schema committed.
    #[must_use]
    pub fn with_committed_schema(self, schema: Value) -> Self {
        Self { committed_schema: Some(schema), ..self }
    }

    /// The same with parameters of guacd's left out.
    #[must_use]
    pub fn leaving_out(self, names: &[&str]) -> Self {
        Self { left_out: names.iter().map(|name| (*name).to_owned()).collect(), ..self }
    }

    /// The registered driver of the crate in `folder`, with its `schema.json` and, where
    /// there is one, its `conformance.json`.
    ///
    /// # Errors
    /// A sentence: the crate is no driver's, does not register, or a file cannot be read.
    pub(crate) fn in_crate(folder: &Path) -> Result<Self, String> {
        let manifest = read(&folder.join("Cargo.toml"))?;
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = \""));
        let package = name.and_then(|name| name.strip_suffix('"')).unwrap_or_default();
        let id = package.strip_prefix(CRATE_PREFIX).ok_or_else(|| {
            format!("{}: the package must be named {CRATE_PREFIX}NAME", folder.display())
        })?;
        let remarks = remarks(&folder.join("conformance.json"))?;
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let options = at(&remarks.options, scratch.path());
        let driver = find(id, options).map_err(|error| error.to_string())?;
        let file = folder.join("schema.json");
        if std::env::var_os(UPDATE).is_some() {
            write_schema(&file, driver.schema())?;
        }
        let committed_schema = fs::read(&file).ok().and_then(|b| serde_json::from_slice(&b).ok());
        let update_hint = format!(
            "if you mean it, run {UPDATE}=1 cargo test -p {package} --test conformance and \
             commit {}",
            file.display()
        );
        let keeps_name = remarks.keeps_name;
        let left_out = remarks.left_out.into_values().flatten().collect();
        Ok(Self { driver, scratch, committed_schema, update_hint, keeps_name, left_out })
    }

    /// The schema's examples, as requests.
    pub(crate) fn examples(&self) -> Vec<Map<String, Value>> {
        let examples = self.driver.schema()["examples"].as_array();
        examples.into_iter().flatten().filter_map(|one| one.as_object().cloned()).collect()
    }

    /// The schema's fields with, for each, the examples that give it a value.
    pub(crate) fn given_fields(
        &self,
    ) -> impl Iterator<Item = (fields::Field<'_>, Map<String, Value>)> {
        let examples = self.examples();
        fields::fields(self.driver.schema()).into_iter().filter_map(move |field| {
            let one = examples.iter().find(|one| fields::get(one, &field.path).is_some())?;
            Some((field, one.clone()))
        })
    }

    /// Checks fields.
    pub(crate) fn check(
        &self,
        fields: &Map<String, Value>,
    ) -> Result<CheckedSettings, Vec<FieldError>> {
        self.driver.check(fields.clone())
    }

    /// The plan for fields; releases nothing.
    pub(crate) async fn plan(
        &self,
        fields: &Map<String, Value>,
        cx: &TestCx,
    ) -> Result<Plan, SessionError> {
        let settings = self.check(fields).map_err(SessionError::invalid)?;
        self.driver.prepare(&settings, cx).await
    }

    /// The engines that can run its plans.
    pub(crate) fn engines(&self) -> Vec<EngineKind> {
        let embedded = self.driver.client().map(|_| EngineKind::Embedded);
        embedded.into_iter().chain([EngineKind::Guacd]).collect()
    }

    /// Whether a parameter of guacd's is left out on purpose.
    pub(crate) fn leaves_out(&self, name: &str) -> bool {
        self.left_out.iter().any(|one| match one.strip_suffix('*') {
            Some(begin) => name.starts_with(begin),
            None => one == name,
        })
    }

    /// Why these settings' plan may hold the target's name, if it may.
    pub(crate) fn keeps_name(&self, fields: &Map<String, Value>) -> Option<&str> {
        let holds = |one: &&KeepsName| one.when.iter().all(|(k, v)| fields.get(k) == Some(v));
        self.keeps_name.iter().find(holds).map(|one| one.because.as_str())
    }
}

/// A registered driver, made from its options (`null` for none).
///
/// # Errors
/// Where none of that id is registered, and what the driver says of the options.
pub fn find(id: &str, options: Value) -> Result<Arc<dyn Driver>, SessionError> {
    let found = registrations().into_iter().find(|one| one.info.id == id);
    let missing = || {
        let text = format!("No driver {id} is registered: does the test name its crate?");
        SessionError::new(fanlight_core::Cause::Internal, text)
    };
    found.ok_or_else(missing)?.build(options)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn remarks(file: &Path) -> Result<Remarks, String> {
    if !file.exists() {
        return Ok(Remarks::default());
    }
    serde_json::from_str(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))
}

/// The options with the scratch folder put in.
fn at(options: &Value, scratch: &Path) -> Value {
    let Some(options) = options.as_object() else { return Value::Null };
    let place = |value: &Value| match value.as_str() {
        Some(SCRATCH) => Value::from(PathBuf::from(scratch).to_string_lossy()),
        _ => value.clone(),
    };
    options.iter().map(|(name, value)| (name.clone(), place(value))).collect()
}

fn write_schema(file: &Path, schema: &Value) -> Result<(), String> {
    let text = serde_json::to_string_pretty(schema).map_err(|error| error.to_string())?;
    fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))
}
