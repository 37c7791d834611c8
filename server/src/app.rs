use std::sync::Arc;

use fanlight_core::{EngineKind, FieldError, Summary};
use fanlight_engine::guacd::{GuacdConfigError, GuacdEngine};
use fanlight_engine::host::EmbeddedEngine;
use fanlight_engine::link::Engine;
use tokio_util::task::TaskTracker;

use crate::access::oidc::{Oidc, OidcConfigError};
use crate::access::{FailureBrake, TokenUses};
use crate::audit::Audit;
use crate::book::{Book, BookError};
use crate::config::{Config, ConfigError};
use crate::drivers::Drivers;
use crate::hops;
use crate::machines::{Inventories, ProxmoxConfigError};
use crate::metrics::Metrics;
use crate::policy::{Resolve, SystemResolver};
use crate::recordings::Recordings;
use crate::sessions::{Parts, Sessions, take_shared};
use crate::store::{Store, StoreError};

/// Everything that handlers share. One per process, always behind an [`Arc`].
pub struct App {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// The drivers, by id.
    pub drivers: Drivers,
    /// What runs sessions.
    pub engines: Engines,
    /// What may be shown of the configuration's presets, in their order.
    pub(crate) presets: Vec<Summary>,
    /// All sessions of this process.
    pub sessions: Arc<Sessions>,
    /// Figures for Prometheus.
    pub metrics: Arc<Metrics>,
    /// What sessions showed.
    pub recordings: Arc<Recordings>,
    /// Folders of entries that can be connected.
    pub book: Book,
    /// Who did what.
    pub audit: Arc<Audit>,
    /// Slows down addresses that fail to authenticate.
    pub brake: FailureBrake,
    /// Single sign-on, if it is configured.
    pub oidc: Option<Oidc>,
    /// Machines that can be opened by an id.
    pub inventories: Inventories,
    /// When tokens were last used.
    pub token_uses: TokenUses,
    /// Requests that change something: once begun they are finished.
    pub(crate) changes: TaskTracker,
}

/// The engines of this gateway.
#[derive(Clone, Default)]
pub struct Engines {
    /// The one in this process.
    pub embedded: Option<Arc<dyn Engine>>,
    /// External guacd, if configured.
    pub guacd: Option<Arc<dyn Engine>>,
}

impl Engines {
    /// Those that the configuration names; the embedded one is always there.
    pub(crate) fn of(config: &Config) -> Result<Self, StartError> {
        let embedded: Arc<dyn Engine> = EmbeddedEngine::new();
        let guacd = match &config.guacd {
            Some(guacd) => Some(GuacdEngine::new(guacd.clone())? as Arc<dyn Engine>),
            None => None,
        };
        Ok(Self { embedded: Some(embedded), guacd })
    }

    /// The engine of that kind, if there is one.
    pub fn get(&self, kind: EngineKind) -> Option<&Arc<dyn Engine>> {
        match kind {
            EngineKind::Embedded => self.embedded.as_ref(),
            EngineKind::Guacd => self.guacd.as_ref(),
        }
    }
}

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// TLS towards guacd cannot be set up.
    #[error("guacd: {0}")]
    Guacd(#[from] GuacdConfigError),
    /// Single sign-on cannot be set up.
    #[error("oidc: {0}")]
    Oidc(#[from] OidcConfigError),
    /// A cluster of Proxmox VE cannot be asked.
    #[error("machines.proxmox: {0}")]
    Machines(#[from] ProxmoxConfigError),
    /// The address book cannot be set up.
    #[error("book: {0}")]
    Book(#[from] BookError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The listener cannot be made.
    #[error("{0}: {1}")]
    Listen(String, #[source] std::io::Error),
}

impl App {
    /// Makes everything from the configuration.
    ///
    /// # Errors
    /// Options and presets that no driver accepts, and a database that cannot be opened.
    pub async fn start(config: Config) -> Result<Arc<Self>, StartError> {
        let engines = Engines::of(&config)?;
        Self::start_with(config, engines, Arc::new(SystemResolver)).await
    }

    /// As [`start`](Self::start), with these engines and this resolver.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(
        config: Config,
        engines: Engines,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Arc<Self>, StartError> {
        let drivers = Drivers::build(&config.drivers).map_err(ConfigError)?;
        let mut errors = check_against_drivers(&config, &drivers);
        let presets = read_presets(&config, &drivers, &mut errors);
        if !errors.is_empty() {
            return Err(ConfigError(errors).into());
        }
        let base_url = config.server.base_url();
        let oidc = config.oidc.clone().map(|oidc| Oidc::new(oidc, &base_url)).transpose()?;
        let store = Store::open(&config).await?;
        let metrics = Arc::<Metrics>::default();
        let audit = Audit::start(store.clone(), config.audit.retention, Arc::clone(&metrics));
        let audit = Arc::new(audit);
        let recordings =
            Recordings::start(config.recordings.clone(), store.clone(), Arc::clone(&audit)).await?;
        let parts = Parts {
            drivers: drivers.clone(),
            engines: engines.clone(),
            store: store.clone(),
            audit: Arc::clone(&audit),
            metrics: Arc::clone(&metrics),
            recordings: Arc::clone(&recordings),
        };
        let sessions = Sessions::start(&config, parts, resolver).await?;
        let book = Book::new(&config.book, &store, drivers.clone())?;
        let brake = FailureBrake::new(config.access.failure_limit, config.access.failure_window);
        Ok(Arc::new(Self {
            inventories: Inventories::of(&config.machines, &store)?,
            token_uses: TokenUses::start(store.clone()),
            changes: TaskTracker::new(),
            oidc,
            config: Arc::new(config),
            store,
            drivers,
            engines,
            presets,
            sessions,
            metrics,
            recordings,
            book,
            audit,
            brake,
        }))
    }
}

/// What only the drivers can tell about the configuration.
fn check_against_drivers(config: &Config, drivers: &Drivers) -> Vec<FieldError> {
    let mut errors: Vec<_> = config
        .network
        .drivers
        .keys()
        .filter(|id| drivers.get(id).is_none() && id.as_str() != hops::RULES)
        .map(|id| FieldError::new(format!("network.{id}"), "belongs to no driver of this binary"))
        .collect();
    let recorded = config.recordings.drivers.keys().filter(|id| drivers.get(id).is_none());
    errors.extend(recorded.map(|id| {
        let key = format!("recordings.drivers.{id}");
        FieldError::new(key, "belongs to no driver of this binary")
    }));
    errors
}

/// Checks the presets once for all: to open a private key in one of them takes a while.
fn read_presets(config: &Config, drivers: &Drivers, errors: &mut Vec<FieldError>) -> Vec<Summary> {
    let mut summaries = Vec::new();
    for (index, preset) in config.presets.iter().enumerate() {
        let Some(driver) = drivers.get(&preset.session_type) else {
            let key = format!("presets.{index}.session_type");
            errors.push(FieldError::new(key, "belongs to no driver of this binary"));
            continue;
        };
        let mut settings = preset.settings.clone();
        let shared = take_shared(&mut settings).err().unwrap_or_default();
        let own = match driver.check(settings) {
            Ok(checked) => {
                summaries.push(checked.summary.clone());
                Vec::new()
            }
            Err(found) => found,
        };
        errors.extend(shared.into_iter().chain(own).map(|error| {
            FieldError::new(format!("presets.{index}.settings.{}", error.field), error.message)
        }));
    }
    summaries
}
