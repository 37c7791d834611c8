use std::sync::{Arc, LazyLock};

use fanlight_core::{CheckedSettings, Driver, EngineKind, FieldError, Viewport, check_fields};
use fanlight_engine::link::ViewerAccess;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Shared;
use super::grant::Grant;
use super::key_pair::give_key_pair;
use super::live::Origin;
use super::shared_fields::{SharedSettings, take_shared};
use crate::recordings::Wish;

/// The fields that every session request has, whatever the driver.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct CommonFields {
    /// What to open: the id of a driver.
    session_type: Option<String>,
    /// A ready-made target of the configuration, instead of `session_type` and settings.
    preset: Option<String>,
    /// Name for people, in lists and in the page's title.
    #[schemars(length(min = 1, max = 100))]
    name: Option<String>,
    /// Width of the screen in pixels.
    #[schemars(range(min = 64, max = 8192))]
    width: Option<u32>,
    /// Height of the screen in pixels.
    #[schemars(range(min = 64, max = 8192))]
    height: Option<u32>,
    /// Dots per inch.
    #[schemars(range(min = 24, max = 600))]
    dpi: Option<u32>,
    /// The engine to run it, instead of the configured one.
    #[serde(default)]
    #[schemars(schema_with = "engine_schema")]
    engine: Option<EngineKind>,
    /// Whether it is recorded, if that is not to be as usual. Switching off what is usual takes
    /// a role that the configuration names.
    record: Option<bool>,
    /// What people may do who follow the share link.
    share_mode: Option<ShareMode>,
}

/// What people may do who follow a share link.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ShareMode {
    /// Look.
    #[default]
    View,
    /// Look, type and point.
    Interact,
}

impl ShareMode {
    /// The word in the store and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Interact => "interact",
        }
    }

    /// The mode that a stored word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::View, Self::Interact].into_iter().find(|mode| mode.as_str() == word)
    }

    /// What it admits to.
    pub const fn access(self) -> ViewerAccess {
        match self {
            Self::View => ViewerAccess::View,
            Self::Interact => ViewerAccess::Interact,
        }
    }
}

fn engine_schema(_: &mut SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "enum": ["embedded", "guacd"] })
}

/// JSON Schema of the fields that every session request has.
pub fn common_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let inline = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        inline.into_generator().root_schema_for::<CommonFields>().to_value()
    });
    &SCHEMA
}

/// Checks a whole request; all errors at once.
pub(super) fn read(fields: Map<String, Value>, shared: &Shared) -> Result<Origin, Vec<FieldError>> {
    let (common, settings) = split(fields);
    let mut errors = check_fields(common_schema(), &common);
    let common: CommonFields = if errors.is_empty() {
        serde_json::from_value(Value::Object(common)).unwrap_or_default()
    } else {
        pick_readable(&common)
    };
    let chosen = choose(&common, settings, shared, &mut errors);
    let checked = chosen.and_then(|chosen| check(chosen, &mut errors));
    let engine = checked.as_ref().and_then(|checked| {
        let chosen = choose_engine(common.engine, &*checked.driver, shared);
        chosen.map_err(|error| errors.push(error)).ok()
    });
    match (checked, engine) {
        (Some(checked), Some(engine)) if errors.is_empty() => Ok(Origin {
            driver: checked.driver,
            settings: Arc::new(checked.settings),
            engine,
            viewport: viewport(&common),
            name: common.name.or(checked.name),
            share_mode: common.share_mode.unwrap_or_default(),
            shared: checked.shared,
            public_key: checked.public_key,
            wish: Wish { entry: checked.record, request: common.record },
            grant: Grant::Role,
            recorded: false,
        }),
        _ => Err(errors),
    }
}

/// What is wrong with a driver's settings, as a session's request would have them.
pub fn errors_of_settings(
    driver: &Arc<dyn Driver>,
    settings: Map<String, Value>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let chosen = Chosen { driver: Arc::clone(driver), settings, name: None, record: None };
    check(chosen, &mut errors);
    errors
}

/// What is to be opened, checked.
struct Checked {
    driver: Arc<dyn Driver>,
    settings: CheckedSettings,
    shared: SharedSettings,
    public_key: Option<String>,
    name: Option<String>,
    record: Option<bool>,
}

fn check(chosen: Chosen, errors: &mut Vec<FieldError>) -> Option<Checked> {
    let Chosen { driver, mut settings, name, record } = chosen;
    let shared = take_shared(&mut settings).map_err(|found| errors.extend(found)).ok();
    let public_key = give_key_pair(&*driver, &mut settings).map_err(|e| errors.push(e)).ok();
    let settings = driver.check(settings).map_err(|found| errors.extend(found)).ok()?;
    let (shared, public_key) = (shared?, public_key?);
    Some(Checked { driver, settings, shared, public_key, name, record })
}

fn split(fields: Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    let known = &common_schema()["properties"];
    fields.into_iter().partition(|(name, _)| known.get(name).is_some())
}

/// What can be told of a request whose common fields are wrong: enough to check the
/// driver's fields, too.
fn pick_readable(common: &Map<String, Value>) -> CommonFields {
    let text = |name: &str| common.get(name).and_then(Value::as_str).map(str::to_owned);
    CommonFields {
        session_type: text("session_type"),
        preset: text("preset"),
        ..CommonFields::default()
    }
}

/// What is to be opened.
struct Chosen {
    driver: Arc<dyn Driver>,
    settings: Map<String, Value>,
    /// The preset's name for people.
    name: Option<String>,
    /// Whether the preset says that it is recorded.
    record: Option<bool>,
}

/// The driver and its settings: of the request, or of a preset.
fn choose(
    common: &CommonFields,
    settings: Map<String, Value>,
    shared: &Shared,
    errors: &mut Vec<FieldError>,
) -> Option<Chosen> {
    let chosen = match (&common.preset, &common.session_type) {
        (Some(id), None) => from_preset(id, &settings, shared),
        (Some(_), Some(_)) => {
            Err(vec![FieldError::new("session_type", "cannot be combined with preset")])
        }
        (None, Some(id)) => match shared.drivers.get(id) {
            Some(driver) => {
                Ok(Chosen { driver: Arc::clone(driver), settings, name: None, record: None })
            }
            None => {
                let ids = shared.drivers.ids().collect::<Vec<_>>().join(", ");
                Err(vec![FieldError::new("session_type", format!("must be one of: {ids}"))])
            }
        },
        // A session type of the wrong kind was complained about already.
        (None, None) if errors.iter().any(|error| error.field == "session_type") => Err(vec![]),
        (None, None) => Err(vec![FieldError::new("session_type", "is required")]),
    };
    chosen.map_err(|found| errors.extend(found)).ok()
}

fn from_preset(
    id: &str,
    settings: &Map<String, Value>,
    shared: &Shared,
) -> Result<Chosen, Vec<FieldError>> {
    let unknown = || vec![FieldError::new("preset", "is not a preset of this gateway")];
    let preset = shared.presets.iter().find(|preset| preset.id == id).ok_or_else(unknown)?;
    let driver = shared.drivers.get(&preset.session_type).ok_or_else(unknown)?;
    let extra = settings.keys().map(|name| FieldError::new(name, "cannot be combined with preset"));
    let errors: Vec<_> = extra.collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Chosen {
        driver: Arc::clone(driver),
        settings: preset.settings.clone(),
        name: Some(preset.name.clone()),
        record: preset.record,
    })
}

/// The engine that was asked for, else the configured one; drivers without an embedded
/// client need guacd.
fn choose_engine(
    asked: Option<EngineKind>,
    driver: &dyn Driver,
    shared: &Shared,
) -> Result<EngineKind, FieldError> {
    let needs_guacd = driver.client().is_none();
    let kind = match asked {
        None if needs_guacd => EngineKind::Guacd,
        None => shared.default_engine,
        Some(kind) => kind,
    };
    let message = match kind {
        EngineKind::Embedded if needs_guacd => "cannot be embedded for this session type",
        EngineKind::Embedded if shared.engines.embedded.is_none() => "has no embedded engine here",
        EngineKind::Guacd if shared.engines.guacd.is_none() && needs_guacd => {
            "must be guacd for this session type, and no guacd is configured"
        }
        EngineKind::Guacd if shared.engines.guacd.is_none() => {
            "must not be guacd: none is configured"
        }
        _ => return Ok(kind),
    };
    Err(FieldError::new("engine", message))
}

fn viewport(common: &CommonFields) -> Viewport {
    let usual = Viewport::default();
    Viewport {
        width: common.width.unwrap_or(usual.width),
        height: common.height.unwrap_or(usual.height),
        dpi: common.dpi.unwrap_or(usual.dpi),
    }
}
