//! Who the gateway is to Vault: a token, and how to come by another.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fanlight_core::Secret;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use reqwest::redirect::Policy;
use tokio::sync::Notify;
use vaultrs::api::{AuthInfo, EndpointMiddleware};
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;

use super::error::VaultError;
use crate::config::{VaultConfig, VaultLogin};

/// How long a token that Vault just vouched for is not asked about again.
const VOUCHED_FOR: Duration = Duration::from_secs(10);
/// How long after a failed login the next one is tried.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// A lease that is not worth renewing once more.
const SHORT_LEASE: Duration = Duration::from_secs(2);
/// How long without a lease a token is used before it is looked at again.
const WITHOUT_LEASE: Duration = Duration::from_secs(300);

/// A token with the client that shows it.
pub(super) struct Session {
    pub(super) client: VaultClient,
    /// Counts the logins.
    number: u64,
    /// How long the token lives unless it is renewed; `None`: for good.
    lease: Option<Duration>,
    renewable: bool,
    since: Instant,
    /// Whether its policy lets it ask about itself, so that a refusal of that tells that the
    /// token is over.
    can_look: bool,
}

impl Session {
    /// Whether a refusal cannot be about the token, as far as that can be told.
    fn is_surely_good(&self) -> bool {
        let fresh = self.lease.map_or(VOUCHED_FOR, |lease| VOUCHED_FOR.min(lease / 2));
        !self.can_look && self.since.elapsed() < fresh
    }
}

/// What a look at a refused token brings: the same session, or another one.
type Looked = Result<Arc<Session>, VaultError>;

/// Logs in, once for all that wait.
#[derive(Clone)]
pub(super) struct Logins(Arc<Inner>);

struct Inner {
    config: VaultConfig,
    http: reqwest::Client,
    state: Mutex<State>,
    /// There is another session.
    changed: Notify,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    under_way: Option<Shared<BoxFuture<'static, Looked>>>,
    vouched: Option<(u64, Instant)>,
    failed: Option<(Instant, VaultError)>,
    logins: u64,
}

impl Logins {
    /// # Errors
    /// Authorities that cannot be read.
    pub(super) fn new(config: VaultConfig) -> Result<Self, VaultError> {
        let mut http = reqwest::Client::builder()
            .redirect(Policy::none())
            .timeout(config.timeout)
            .https_only(config.address.scheme() == "https")
            .user_agent(concat!("fanlight/", env!("CARGO_PKG_VERSION")));
        if let Some(ca) = &config.ca {
            let authorities = fs::read(ca).map_err(|error| error.to_string());
            let authorities = authorities.and_then(|pem| {
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())
            });
            http = http.tls_certs_only(authorities.map_err(VaultError::Down)?);
        }
        let http = http.build().map_err(|error| VaultError::Down(error.to_string()))?;
        Ok(Self(Arc::new(Inner { config, http, state: Mutex::default(), changed: Notify::new() })))
    }

    /// The session of the moment; the first one logs in.
    pub(super) async fn session(&self) -> Looked {
        let known = self.0.state.lock().session.clone();
        match known {
            Some(session) => Ok(session),
            None => self.look(None).await,
        }
    }

    /// What to do after Vault refused `session`: where the same comes back, its token is
    /// good and what was asked is not allowed.
    pub(super) async fn after_refusal(&self, session: &Arc<Session>) -> Looked {
        let vouched = self.0.state.lock().vouched;
        let vouched =
            vouched.filter(|(number, at)| *number == session.number && at.elapsed() < VOUCHED_FOR);
        if vouched.is_some() || session.is_surely_good() {
            return Ok(Arc::clone(session));
        }
        self.look(Some(session)).await
    }

    /// Joins the look that is under way, or begins one.
    async fn look(&self, refused: Option<&Arc<Session>>) -> Looked {
        let under_way = {
            let mut state = self.0.state.lock();
            let newer =
                |session: &&Arc<Session>| refused.is_none_or(|old| old.number < session.number);
            if let Some(session) = state.session.as_ref().filter(newer) {
                return Ok(Arc::clone(session));
            }
            if let Some((at, error)) = &state.failed
                && at.elapsed() < AFTER_FAILURE
            {
                return Err(error.clone());
            }
            let begin = || look(Arc::clone(&self.0), refused.cloned()).boxed().shared();
            state.under_way.get_or_insert_with(begin).clone()
        };
        under_way.await
    }

    /// Keeps the token alive, for as long as somebody waits for this.
    pub(super) async fn keep_alive(self) {
        loop {
            let session = self.0.state.lock().session.clone();
            let lease = session.as_ref().and_then(|session| session.lease);
            // A third of the lease is left for renewals that fail.
            let wait = lease.map_or(WITHOUT_LEASE, |lease| lease * 2 / 3);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.0.changed.notified() => continue,
            }
            if let Some(session) = session.filter(|session| session.lease.is_some()) {
                self.renew(&session).await;
            }
        }
    }

    async fn renew(&self, session: &Arc<Session>) {
        if session.renewable {
            match vaultrs::token::renew_self(&session.client, None).await {
                // What is near the end of its longest life gets ever shorter leases.
                Ok(info) if lease_of(&info).is_none_or(|lease| lease > SHORT_LEASE) => {
                    return self.0.go_on(session, &info);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "Vault did not renew the token"),
            }
        }
        if let Err(error) = self.0.log_in().await {
            tracing::warn!(%error, "Vault: no login");
        }
    }
}

/// Finds out whether the refused token is good, and logs in where it is not.
async fn look(inner: Arc<Inner>, refused: Option<Arc<Session>>) -> Looked {
    let looked = match &refused {
        Some(session) if session.can_look && vouches_for(&session.client).await => {
            Ok(Arc::clone(session))
        }
        _ => inner.log_in().await,
    };
    let mut state = inner.state.lock();
    state.under_way = None;
    match &looked {
        Ok(session) if refused.is_some_and(|old| old.number == session.number) => {
            state.vouched = Some((session.number, Instant::now()));
        }
        Ok(_) => {}
        Err(error) => state.failed = Some((Instant::now(), error.clone())),
    }
    looked
}

async fn vouches_for(client: &VaultClient) -> bool {
    let looked_up = vaultrs::token::lookup_self(client).await;
    // Only a refusal says that the token is at fault.
    !matches!(looked_up, Err(ClientError::APIError { code: 401 | 403, .. }))
}

impl Inner {
    async fn log_in(&self) -> Looked {
        match &self.config.login {
            VaultLogin::Token(token) => self.use_token(token).await,
            VaultLogin::AppRole { mount, role_id, secret_id, secret_id_file } => {
                let secret_id = match secret_id_file {
                    Some(file) => Secret::new(fs::read_to_string(file).map_err(|error| {
                        VaultError::Down(format!("{}: {error}", file.display()))
                    })?),
                    None => secret_id.clone().unwrap_or_default(),
                };
                let client = self.client("")?;
                let secret_id = secret_id.expose().trim();
                let login = vaultrs::auth::approle::login(&client, mount, role_id, secret_id);
                let info = login.await.map_err(|error| VaultError::of_login(error.into()))?;
                let client = self.client(&info.client_token)?;
                let can_look = vouches_for(&client).await;
                Ok(self.put(client, lease_of(&info), info.renewable, can_look))
            }
        }
    }

    /// A token that somebody else gave: its lease is not known, so it is asked for.
    async fn use_token(&self, token: &Secret) -> Looked {
        let client = self.client(token.expose())?;
        let info = vaultrs::token::lookup_self(&client).await;
        let info = info.map_err(|error| VaultError::of_login(error.into()))?;
        let lease = (info.ttl > 0).then(|| Duration::from_secs(info.ttl));
        Ok(self.put(client, lease, info.renewable.unwrap_or(false), true))
    }

    fn put(
        &self,
        client: VaultClient,
        lease: Option<Duration>,
        renewable: bool,
        can_look: bool,
    ) -> Arc<Session> {
        let mut state = self.state.lock();
        state.logins += 1;
        let session = Arc::new(Session {
            client,
            number: state.logins,
            lease,
            renewable,
            since: Instant::now(),
            can_look,
        });
        state.session = Some(Arc::clone(&session));
        state.failed = None;
        self.changed.notify_one();
        session
    }

    /// The same token with a new lease.
    fn go_on(&self, session: &Session, info: &AuthInfo) {
        match self.client(&info.client_token) {
            Ok(client) => {
                drop(self.put(client, lease_of(info), info.renewable, session.can_look));
            }
            Err(error) => tracing::error!(%error, "Vault: the token cannot be used"),
        }
    }

    fn client(&self, token: &str) -> Result<VaultClient, VaultError> {
        let VaultConfig { address, namespace, .. } = &self.config;
        let settings = VaultClientSettingsBuilder::default()
            .address(address.as_str())
            .ca_certs(Vec::new())
            .identity(None)
            .token(token)
            .verify(true)
            .namespace(namespace.clone())
            .build()
            .map_err(|error| VaultError::odd(error.to_string()))?;
        let middle = EndpointMiddleware {
            token: token.to_owned(),
            version: "v1".to_owned(),
            wrap: None,
            namespace: namespace.clone(),
        };
        let base = address.as_str().trim_end_matches('/');
        let http = rustify::clients::reqwest::Client::new(base, self.http.clone());
        Ok(VaultClient { http, middle, settings })
    }
}

/// How long a token lives; `None`: for good.
fn lease_of(info: &AuthInfo) -> Option<Duration> {
    (info.lease_duration > 0).then(|| Duration::from_secs(info.lease_duration))
}
