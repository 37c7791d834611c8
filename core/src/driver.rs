use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{check_fields, drop_nulls};
use crate::{Endpoint, EngineClient, FieldError, Plan, SessionCx, SessionError};

/// What is fixed about a driver.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DriverInfo {
    /// Name in requests and configuration: lower case letters, digits, `-`.
    pub id: &'static str,
    /// Name for people: "SSH".
    pub label: &'static str,
    /// One line on what it opens.
    pub description: &'static str,
    /// Port where the target listens unless the settings say otherwise.
    pub default_port: Option<u16>,
    /// What its sessions can do.
    pub capabilities: Capabilities,
}

/// What a driver's sessions can do; the client page shows controls accordingly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Text can be copied and pasted.
    pub clipboard: bool,
    /// The remote screen follows the window's size.
    pub resize: bool,
    /// The screen is a terminal: font size and scrollback apply.
    pub terminal: bool,
}

/// What the settings of one session leave its viewers to do. The client page is told, and
/// offers nothing else; an engine enforces it by the plan's own parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permits {
    /// A window's new size reaches the remote screen.
    pub resize: bool,
    /// Copied text reaches the viewers.
    pub copy: bool,
    /// The viewers' text reaches the clipboard there.
    pub paste: bool,
    /// Keys and clicks reach the remote side.
    pub input: bool,
    /// Files may be fetched, where files are offered.
    pub download: bool,
    /// Files may be sent, where files are offered.
    pub upload: bool,
}

impl Permits {
    /// All that sessions of a driver can do.
    pub const fn all(can: Capabilities) -> Self {
        Self {
            resize: can.resize,
            copy: can.clipboard,
            paste: can.clipboard,
            input: true,
            download: true,
            upload: true,
        }
    }
}

/// A protocol driver, as its author writes it: typed settings in, a [`Plan`] out.
///
/// The settings struct is the single source of validation, JSON Schema, form and
/// redaction. Doc comments become help texts; [`Secret`](crate::Secret) fields become
/// `writeOnly`. Schema keywords that Fanlight reads besides the standard ones:
/// - `x-multiline: true` lets a string hold line breaks (a key, a banner);
/// - `x-group: "Display"` groups fields in the form;
/// - `x-placeholder` shows an example.
///
/// Register it with [`register_driver!`](crate::register_driver).
pub trait ProtocolDriver: Sized + Send + Sync + 'static {
    /// What is fixed about it.
    const INFO: DriverInfo;
    /// The `[drivers.<id>]` table of the configuration. Unknown keys must be refused
    /// (`#[serde(deny_unknown_fields)]`).
    type Options: DeserializeOwned + Default;
    /// The fields of one session or entry.
    type Settings: Serialize + DeserializeOwned + JsonSchema + Send + Sync;

    /// Makes the driver from its options, once, at start.
    ///
    /// # Errors
    /// A sentence that names the option.
    fn new(options: Self::Options) -> Result<Self, SessionError>;

    /// Checks what the schema cannot say. Messages must not contain values.
    fn validate(&self, _settings: &Self::Settings) -> Vec<FieldError> {
        Vec::new()
    }

    /// What lists and pages may show of the settings. Never a secret.
    fn summary(&self, settings: &Self::Settings) -> Summary;

    /// What these settings leave viewers to do: everything, unless a driver says otherwise.
    fn permits(&self, _settings: &Self::Settings) -> Permits {
        Permits::all(Self::INFO.capabilities)
    }

    /// Turns settings into a plan, reaching the target through `cx`.
    ///
    /// # Errors
    /// What [`SessionCx::reach`] returns, and faults of the driver's own resources.
    fn prepare(
        &self,
        settings: &Self::Settings,
        cx: &dyn SessionCx,
    ) -> impl Future<Output = Result<Plan, SessionError>> + Send;

    /// The client for the embedded engine; `None` if this protocol needs guacd.
    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        None
    }
}

/// The `[drivers.<id>]` table of a driver that has nothing to set.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// What may be shown of a session's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Where it goes, as the person knows it; the network policy looks at it before a
    /// session is accepted.
    pub endpoint: Option<Endpoint>,
    /// The page, for sessions that open one.
    pub url: Option<String>,
    /// The account.
    pub username: Option<String>,
}

impl Summary {
    /// A machine, and the account there.
    pub fn machine(endpoint: Endpoint, username: Option<&String>) -> Self {
        Self { endpoint: Some(endpoint), url: None, username: username.cloned() }
    }
}

/// Settings that passed every check, still typed inside. Zeroes its secrets on drop.
pub struct CheckedSettings {
    /// What may be shown.
    pub summary: Summary,
    /// What viewers may do.
    pub permits: Permits,
    settings: Box<dyn Any + Send + Sync>,
}

/// The object-safe face of a [`ProtocolDriver`]; made for every registered one.
#[async_trait]
pub trait Driver: Send + Sync {
    /// What is fixed about it.
    fn info(&self) -> DriverInfo;
    /// JSON Schema (2020-12) of its settings: an object without `$ref`.
    fn schema(&self) -> &Value;
    /// Checks one request's fields; all errors at once.
    ///
    /// # Errors
    /// Every field that is unknown, missing or wrong.
    fn check(&self, fields: Map<String, Value>) -> Result<CheckedSettings, Vec<FieldError>>;
    /// See [`ProtocolDriver::prepare`]. `settings` must come from this driver's `check`.
    ///
    /// # Errors
    /// See [`ProtocolDriver::prepare`].
    async fn prepare(
        &self,
        settings: &CheckedSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError>;
    /// See [`ProtocolDriver::client`].
    fn client(&self) -> Option<Arc<dyn EngineClient>>;
}

struct Erased<D> {
    driver: D,
    schema: Value,
}

#[async_trait]
impl<D: ProtocolDriver> Driver for Erased<D> {
    fn info(&self) -> DriverInfo {
        D::INFO
    }

    fn schema(&self) -> &Value {
        &self.schema
    }

    fn check(&self, fields: Map<String, Value>) -> Result<CheckedSettings, Vec<FieldError>> {
        let settings: D::Settings = read_fields(&self.schema, fields)?;
        let errors = self.driver.validate(&settings);
        if !errors.is_empty() {
            return Err(errors);
        }
        let summary = self.driver.summary(&settings);
        let permits = self.driver.permits(&settings);
        Ok(CheckedSettings { summary, permits, settings: Box::new(settings) })
    }

    async fn prepare(
        &self,
        settings: &CheckedSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        let settings = settings.settings.downcast_ref::<D::Settings>().ok_or_else(|| {
            SessionError::new(crate::Cause::Internal, "The settings belong to another driver.")
        })?;
        self.driver.prepare(settings, cx).await
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        self.driver.client()
    }
}

/// Checks fields against the schema of `T` and reads them; `null` means "not set".
///
/// # Errors
/// Every field that is unknown, missing or wrong; no value is echoed.
pub fn read_fields<T: DeserializeOwned>(
    schema: &Value,
    mut fields: Map<String, Value>,
) -> Result<T, Vec<FieldError>> {
    let errors = check_fields(schema, &fields);
    if !errors.is_empty() {
        return Err(errors);
    }
    drop_nulls(&mut fields);
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| vec![describe(&error)])
}

/// Serde quotes the value in some messages ("invalid type: string \"...\""): a secret
/// must not come out that way, so only what was expected is kept.
fn describe(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let text = error.inner().to_string();
    let message = match text.split_once(", expected ") {
        Some((_, expected)) => format!("must be {expected}"),
        None => text,
    };
    FieldError::new(error.path().to_string(), message)
}

/// One driver in the registry.
pub struct Registration {
    /// What is fixed about it.
    pub info: DriverInfo,
    build: fn(Value) -> Result<Arc<dyn Driver>, SessionError>,
}

inventory::collect!(Registration);

impl Registration {
    /// The registration of `D`; used by [`register_driver!`](crate::register_driver).
    pub const fn of<D: ProtocolDriver>() -> Self {
        Self { info: D::INFO, build: build::<D> }
    }

    /// Makes the driver from its configuration table (`null` or an object).
    ///
    /// # Errors
    /// `Invalid`, naming the option.
    pub fn build(&self, options: Value) -> Result<Arc<dyn Driver>, SessionError> {
        (self.build)(options)
    }
}

fn build<D: ProtocolDriver>(options: Value) -> Result<Arc<dyn Driver>, SessionError> {
    let options = if options.is_null() {
        D::Options::default()
    } else {
        serde_path_to_error::deserialize(options).map_err(|e| {
            SessionError::invalid(vec![FieldError::new(
                e.path().to_string(),
                e.inner().to_string(),
            )])
        })?
    };
    let mut generator =
        SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).into_generator();
    let schema = generator.root_schema_for::<D::Settings>().to_value();
    Ok(Arc::new(Erased { driver: D::new(options)?, schema }))
}

/// All registered drivers, by id.
pub fn registrations() -> Vec<&'static Registration> {
    let mut all: Vec<_> = inventory::iter::<Registration>().collect();
    all.sort_by_key(|r| r.info.id);
    all
}

/// Registers a [`ProtocolDriver`] type.
#[macro_export]
macro_rules! register_driver {
    ($driver:ty) => {
        $crate::inventory::submit! { $crate::Registration::of::<$driver>() }
    };
}
