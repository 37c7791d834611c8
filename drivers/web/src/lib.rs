//! Web sessions: an isolated browser that reaches only what it may.

mod browser;
pub mod cdp;
mod client;
pub mod fence;
mod prepared;
mod settings;
pub mod signin;

use std::path::PathBuf;
use std::sync::Arc;

use fanlight_core::{
    Capabilities, Cause, DriverInfo, EngineClient, EngineKind, FieldError, Permits, Plan,
    ProtocolDriver, SessionCx, SessionError, Summary, register_driver,
};
use serde::Deserialize;

use browser::Launcher;
use client::WebClient;
use prepared::{Prepared, PreparedSessions};

pub use settings::WebSettings;

/// Debian's `nobody` and `nogroup`.
const NOBODY: u32 = 65534;
const MOST_BROWSERS: usize = 20;
/// Of a login script, seconds.
const SCRIPT_TIMEOUT: u32 = 120;

/// The driver, as registered.
pub struct WebDriver {
    sessions: Arc<PreparedSessions>,
    launcher: Arc<Launcher>,
}

/// The `[drivers.web]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebOptions {
    /// The browser: a path, or a name to be found in the usual folders.
    pub chromium: PathBuf,
    /// Where each browser's profile lives as long as its session does.
    pub profiles: PathBuf,
    /// User id that browsers run as, where the gateway is root. Never 0.
    pub uid: u32,
    /// Group id that browsers run as, where the gateway is root. Never 0.
    pub gid: u32,
    /// Browsers at a time, at least 1. Further sessions wait for their turn.
    pub max_browsers: usize,
    /// Where login scripts are: files that can be executed. Without it there are none.
    pub login_scripts_dir: Option<PathBuf>,
    /// How long a login script may take, seconds; at least 1.
    pub login_script_timeout: u32,
    /// Whether browsers may run in the gateway's own network, where the system has no
    /// namespaces to enclose them in.
    pub allow_unfenced: bool,
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            chromium: "chromium".into(),
            profiles: std::env::temp_dir(),
            uid: NOBODY,
            gid: NOBODY,
            max_browsers: MOST_BROWSERS,
            login_scripts_dir: None,
            login_script_timeout: SCRIPT_TIMEOUT,
            allow_unfenced: false,
        }
    }
}

impl ProtocolDriver for WebDriver {
    const INFO: DriverInfo = DriverInfo {
        id: "web",
        label: "Web page",
        description: "A web page in a browser that reaches nothing else",
        default_port: None,
        capabilities: Capabilities { clipboard: true, resize: true, terminal: false },
    };
    type Options = WebOptions;
    type Settings = WebSettings;

    fn new(options: WebOptions) -> Result<Self, SessionError> {
        let numbers = [
            ("uid", options.uid as usize),
            ("gid", options.gid as usize),
            ("max_browsers", options.max_browsers),
            ("login_script_timeout", options.login_script_timeout as usize),
        ];
        if let Some((name, _)) = numbers.iter().find(|(_, number)| *number == 0) {
            return Err(SessionError::invalid(vec![FieldError::new(*name, "must not be 0")]));
        }
        let launcher = Arc::new(Launcher::new(options));
        Ok(Self { sessions: Arc::default(), launcher })
    }

    fn validate(&self, settings: &WebSettings) -> Vec<FieldError> {
        let mut errors = settings.errors();
        if settings.login_script.is_some() && !self.launcher.has_scripts() {
            let message = "cannot be used: this gateway has no login_scripts_dir";
            errors.push(FieldError::new("login_script", message));
        }
        errors
    }

    fn summary(&self, settings: &WebSettings) -> Summary {
        Summary {
            endpoint: settings.endpoint(),
            url: settings.url_to_show(),
            username: settings.username.clone(),
        }
    }

    fn permits(&self, settings: &WebSettings) -> Permits {
        let input = !settings.read_only;
        Permits {
            input,
            resize: input,
            copy: !settings.disable_copy,
            paste: !settings.disable_paste && input,
            download: false,
            upload: false,
        }
    }

    async fn prepare(
        &self,
        settings: &WebSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        if cx.engine() == EngineKind::Guacd {
            let field = FieldError::new("engine", "must be embedded for web pages");
            return Err(SessionError::invalid(vec![field]));
        }
        let endpoint = settings.endpoint().ok_or_else(no_address)?;
        let route = cx.reach(&endpoint).await?;
        let prepared = Prepared::new(settings, cx.outside().await?)?;
        let id = cx.session_id();
        cx.keep(self.sessions.keep(id, prepared, self.launcher.profile(id)));
        let mut plan = Plan::new("web")
            .set("session", id.to_string())
            .set_flag("disable-copy", settings.disable_copy)
            .set_flag("disable-paste", settings.disable_paste)
            .set_flag("read-only", settings.read_only);
        plan.target = Some(route);
        Ok(plan)
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        let (sessions, launcher) = (Arc::clone(&self.sessions), Arc::clone(&self.launcher));
        Some(Arc::new(WebClient { sessions, launcher }))
    }
}

fn no_address() -> SessionError {
    SessionError::new(Cause::Internal, "The page's address names no host.")
}

register_driver!(WebDriver);
