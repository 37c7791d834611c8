use std::fmt;
use std::path::{Path, PathBuf};

use fanlight_core::{FieldError, check_fields};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Config;
use super::check::check;
use super::raw::RawConfig;

const ENVIRONMENT_PREFIX: &str = "FANLIGHT_";

/// Where the configuration comes from; later ones win: file, environment, flags.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// TOML file.
    pub file: Option<PathBuf>,
    /// Whether `FANLIGHT_SECTION__KEY` variables count.
    pub environment: bool,
    /// `section.key` and value, from flags.
    pub flags: Vec<(String, Value)>,
}

/// All that is wrong with the configuration, each with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<FieldError>);

impl ConfigError {
    fn one(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self(vec![FieldError::new(field, message.to_string())])
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The configuration is not valid:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {} {}", error.field, error.message))
    }
}

impl std::error::Error for ConfigError {}

impl Sources {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// Every key that is unknown or has a wrong value; a file that cannot be read.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let written = self.collect()?;
        let errors = check_fields(&schema(), &written);
        if !errors.is_empty() {
            return Err(ConfigError(errors));
        }
        let raw = RawConfig::deserialize_from(written)?;
        check(&raw).map_err(ConfigError)
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut figment = Figment::new();
        if let Some(path) = &self.file {
            refuse_unreadable(path)?;
            figment = figment.merge(Toml::file_exact(path));
        }
        if self.environment {
            let variables = Env::prefixed(ENVIRONMENT_PREFIX).ignore(&["config"]);
            figment = figment.merge(variables.split("__"));
        }
        for (key, value) in &self.flags {
            figment = figment.merge(Serialized::default(key, value));
        }
        figment.extract().map_err(|error| {
            let place = self.file.as_deref().unwrap_or(Path::new("configuration"));
            ConfigError::one(format!("{}:", place.display()), error)
        })
    }
}

fn refuse_unreadable(path: &Path) -> Result<(), ConfigError> {
    std::fs::metadata(path).map(drop).map_err(|error| {
        ConfigError::one(path.display().to_string(), format!("cannot be read: {error}"))
    })
}

fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<RawConfig>()
        .to_value()
}

impl RawConfig {
    fn deserialize_from(written: Map<String, Value>) -> Result<Self, ConfigError> {
        serde_path_to_error::deserialize(Value::Object(written))
            .map_err(|error| ConfigError::one(error.path().to_string(), error.inner()))
    }
}
