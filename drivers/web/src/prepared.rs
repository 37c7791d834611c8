//! What a session was prepared with, until its browser is gone.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{FieldError, Outside, Resource, Secret, SessionError};
use parking_lot::Mutex;
use tokio::time::sleep;
use uuid::Uuid;

use crate::fence::Rules;
use crate::settings::WebSettings;
use crate::signin::{Autofill, Credentials, Seed};

/// How often a profile is tried to be removed that processes may still write into.
const TRIES: usize = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(30);

/// What a browser needs that no parameter can hold.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) url: String,
    pub(crate) rules: Rules,
    pub(crate) outside: Arc<dyn Outside>,
    pub(crate) autofill: Autofill,
    pub(crate) credentials: Credentials,
    pub(crate) login_script: Option<String>,
    pub(crate) ignore_cert: bool,
}

impl Prepared {
    pub(crate) fn new(
        settings: &WebSettings,
        outside: Arc<dyn Outside>,
    ) -> Result<Self, SessionError> {
        let wrong = |field: &str, message: String| {
            SessionError::invalid(vec![FieldError::new(field, message)])
        };
        let seed = settings.totp_secret.as_ref().map(|text| Seed::read(text.expose()));
        Ok(Self {
            url: settings.url.clone(),
            rules: settings.rules().map_err(|(_, message)| wrong("allowed_domains", message))?,
            outside,
            autofill: settings.read_autofill().map_err(|message| wrong("autofill", message))?,
            credentials: Credentials {
                username: settings.username.clone().map(Secret::new),
                password: settings.password.clone(),
                seed: seed.transpose().map_err(|error| wrong("totp_secret", error.to_string()))?,
            },
            login_script: settings.login_script.clone(),
            ignore_cert: settings.ignore_cert,
        })
    }
}

/// All sessions that were prepared and have not ended.
#[derive(Default)]
pub(crate) struct PreparedSessions(Mutex<HashMap<String, Prepared>>);

impl PreparedSessions {
    /// Keeps what a session needs, until the session gives back what is returned; then its
    /// browser's profile goes, too.
    pub(crate) fn keep(
        self: &Arc<Self>,
        id: Uuid,
        prepared: Prepared,
        profile: PathBuf,
    ) -> Box<dyn Resource> {
        let id = id.to_string();
        self.0.lock().insert(id.clone(), prepared);
        Box::new(Kept { id, profile, sessions: Arc::clone(self) })
    }

    pub(crate) fn get(&self, id: &str) -> Option<Prepared> {
        self.0.lock().get(id).cloned()
    }
}

struct Kept {
    id: String,
    profile: PathBuf,
    sessions: Arc<PreparedSessions>,
}

#[async_trait]
impl Resource for Kept {
    fn name(&self) -> &'static str {
        "a browser's profile"
    }

    async fn release(self: Box<Self>) {
        self.sessions.0.lock().remove(&self.id);
        for _ in 0..TRIES {
            match fs::remove_dir_all(&self.profile) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(_) => sleep(BETWEEN_TRIES).await,
            }
        }
        tracing::warn!(profile = %self.profile.display(), "a browser's profile was not removed");
    }
}
