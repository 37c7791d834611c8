use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use uuid::Uuid;

use crate::browser::{Browser, Launcher};
use crate::cdp::Connection;
use crate::fence::explain_blocked;
use crate::prepared::Prepared;
use crate::signin::{ScriptJob, Scripts, fill_forms};

/// What is done in a session's browser beside its person.
pub(super) struct Attendants {
    connection: Arc<Connection>,
    prepared: Prepared,
    script: Option<(Scripts, ScriptJob)>,
}

impl Attendants {
    pub(super) fn of(
        browser: &Browser,
        launcher: &Launcher,
        prepared: &Prepared,
        session: &str,
    ) -> Self {
        let job = prepared.login_script.clone().zip(Uuid::try_parse(session).ok());
        let job = job.map(|(name, session_id)| ScriptJob {
            name,
            username: prepared.credentials.username.clone(),
            password: prepared.credentials.password.clone(),
            url: prepared.url.clone(),
            session_id,
        });
        let connection = Arc::clone(&browser.connection);
        Self { connection, prepared: prepared.clone(), script: launcher.scripts(browser).zip(job) }
    }

    /// Explains what is blocked, and signs in, for as long as the future lives. What fails of
    /// it leaves the session to its person.
    pub(super) async fn attend(self) -> Infallible {
        let Self { connection, prepared, script } = self;
        let Prepared { rules, outside, autofill, credentials, .. } = prepared;
        // These two end with the browser, which others hear of.
        let explaining = async {
            let _ = explain_blocked(Arc::clone(&connection), rules, outside).await;
        };
        let filling = async {
            if !autofill.is_empty() {
                let _ = fill_forms(Arc::clone(&connection), autofill, credentials).await;
            }
        };
        let running = async {
            let Some((scripts, job)) = script else { return };
            let session = job.session_id;
            let run = async { scripts.start(job, Arc::clone(&connection)).await?.finish().await };
            if let Err(error) = run.await {
                tracing::warn!(%session, %error, "a login script did not sign in");
            }
        };
        tokio::join!(explaining, filling, running);
        pending().await
    }
}
