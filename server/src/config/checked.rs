use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fanlight_core::{EngineKind, Secret};
use fanlight_engine::guacd::GuacdConfig;
use ipnet::IpNet;
use serde_json::{Map, Value};
use url::Url;

use super::{BookConfig, JumpHostsConfig, MachinesConfig, RecordingsConfig};
use crate::access::Role;

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The listener.
    pub server: ServerConfig,
    /// What the pages show.
    pub site: SiteConfig,
    /// Folder for everything the gateway keeps.
    pub data_dir: PathBuf,
    /// Where rows are kept.
    pub database: DatabaseConfig,
    /// Sign-ins and the brake on failed ones.
    pub access: AccessConfig,
    /// How often one address may ask.
    pub rate_limit: RateLimitConfig,
    /// The audit log.
    pub audit: AuditConfig,
    /// Whether a person is asked before a link of another site opens something.
    pub quick_connect_confirm: bool,
    /// The address book.
    pub book: BookConfig,
    /// Single sign-on; `None` if none is configured.
    pub oidc: Option<OidcConfig>,
    /// Life and limits of sessions.
    pub sessions: SessionsConfig,
    /// Who may read figures.
    pub metrics: MetricsConfig,
    /// What is recorded, and how long that is kept.
    pub recordings: RecordingsConfig,
    /// The engine for drivers that both can run.
    pub default_engine: EngineKind,
    /// External guacd; `None` if none is configured.
    pub guacd: Option<GuacdConfig>,
    /// What to do with a host key that was never seen.
    pub host_keys: HostKeyPolicy,
    /// Where sessions may go.
    pub network: NetworkConfig,
    /// Jump hosts of sessions.
    pub jump_hosts: JumpHostsConfig,
    /// Option tables by driver id.
    pub drivers: BTreeMap<String, Value>,
    /// Ready-made targets.
    pub presets: Vec<Preset>,
    /// The machines of the VM portal.
    pub machines: MachinesConfig,
    /// The log.
    pub log: LogConfig,
}

/// The listener and its limits.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How browsers reach this gateway, where that is not the listener's address.
    pub public_url: Option<Url>,
    /// Certificate and key, if the listener speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Longest request body, bytes.
    pub body_limit: usize,
    /// Most connections at a time, WebSockets included.
    pub connection_limit: usize,
    /// Longest time for one request, WebSockets excluded.
    pub request_timeout: Duration,
    /// Longest time for the head of a request to arrive.
    pub header_timeout: Duration,
    /// How long sessions may go on after SIGTERM.
    pub drain: Duration,
    /// Time for sessions to end when the gateway stops.
    pub shutdown_grace: Duration,
    /// Whether the system may write a core dump.
    pub core_dumps: bool,
}

impl ServerConfig {
    /// How browsers reach this gateway, without a slash at the end.
    pub fn base_url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.listen)
    }

    /// Whether browsers reach this gateway by https, so that cookies may be `Secure`.
    pub fn is_https(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

/// PEM files of the listener's certificate.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// What the pages show.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// Title of the site.
    pub title: String,
    /// Accent colour, `#rrggbb`, if not the built-in one.
    pub accent: Option<String>,
}

/// Where rows are kept.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The file or server.
    pub place: DatabasePlace,
    /// How long a locked or absent database is waited for.
    pub busy_timeout: Duration,
    /// Most connections of this gateway.
    pub max_connections: u32,
    /// How long bringing the tables up to date may take.
    pub migration_timeout: Duration,
}

/// A file or a server.
#[derive(Debug, Clone)]
pub enum DatabasePlace {
    /// An SQLite file.
    File(PathBuf),
    /// The URL of a PostgreSQL database; it may hold a password.
    Server(Secret<String>),
}

/// Sign-ins and the brake on failed ones.
#[derive(Debug, Clone)]
pub struct AccessConfig {
    /// How long a browser stays signed in.
    pub sign_in_lifetime: Duration,
    /// How long a one-time sign-in link is good.
    pub link_lifetime: Duration,
    /// Whether people may sign in to the pages by an API key.
    pub api_key_sign_in: bool,
    /// Failed authentications of one address before it has to wait.
    pub failure_limit: u32,
    /// Length of the window in which failures count, and of the wait.
    pub failure_window: Duration,
}

/// How often one address may ask.
#[derive(Debug, Clone)]
pub struct RateLimitConfig {
    /// Whether it is looked at.
    pub enabled: bool,
    /// Requests a second in the long run.
    pub per_second: u32,
    /// Requests at once, after a quiet time.
    pub burst: u32,
}

/// The audit log.
#[derive(Debug, Clone)]
pub struct AuditConfig {
    /// Age at which events are deleted; `None` keeps them.
    pub retention: Option<Duration>,
}

/// Single sign-on by OpenID Connect.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// The provider's issuer, exactly as it names itself.
    pub issuer: String,
    /// How the provider knows this gateway.
    pub client_id: String,
    /// The client's secret; `None` for a public client.
    pub client_secret: Option<Secret<String>>,
    /// What stands on the button.
    pub label: String,
    /// Scopes to ask for beside `openid`, `profile` and `email`.
    pub scopes: Vec<String>,
    /// Claim with the groups; dots lead into objects.
    pub groups_claim: String,
    /// Role where nothing else gives one.
    pub default_role: Role,
    /// Whether `"email_verified": false` is let in.
    pub allow_unverified_email: bool,
    /// PEM file with the authorities to trust, and no others.
    pub ca: Option<PathBuf>,
    /// Whether signing out here signs out at the provider too.
    pub sign_out_at_provider: bool,
    /// Longest time for one answer of the provider.
    pub timeout: Duration,
    /// How long somebody may take to sign in at the provider.
    pub flow_lifetime: Duration,
    /// How long what the provider says of itself is used.
    pub discovery_lifetime: Duration,
}

/// Who may read figures.
#[derive(Debug, Clone, Default)]
pub struct MetricsConfig {
    /// What has to be shown at `/metrics`; `None`: nobody may read them there.
    pub token: Option<Secret<String>>,
    /// A listener of their own.
    pub listen: Option<SocketAddr>,
}

/// Life and limits of sessions.
#[derive(Debug, Clone)]
pub struct SessionsConfig {
    /// A session without its first viewer expires after this.
    pub pending_timeout: Duration,
    /// The same for a session whose public key has to be installed first.
    pub keypair_timeout: Duration,
    /// A session ends after this, whatever happens in it.
    pub max_duration: Duration,
    /// How long a session whose owner is gone (reload, lost network) waits for it.
    pub reattach_grace: Duration,
    /// How long the settings of a session that ended are held, to take it up again.
    pub reconnect_grace: Duration,
    /// How long an opening link is good.
    pub opening_link_lifetime: Duration,
    /// How long a WebSocket ticket is good.
    pub ticket_lifetime: Duration,
    /// Most live sessions of this gateway.
    pub max_total: usize,
    /// Most live sessions of one user or key.
    pub max_per_user: usize,
    /// How many sockets may look at a session.
    pub viewers: ViewerLimits,
    /// A viewer that takes no data for so long is dropped.
    pub send_deadline: Duration,
    /// A WebSocket that shows no sign of life for so long is dropped.
    pub idle_deadline: Duration,
    /// Whether people who are not admins see only their own sessions.
    pub list_own_only: bool,
    /// How long a name look-up or a connection to a target may take.
    pub connect_timeout: Duration,
    /// A session ends when nobody types or points for so long; `None`: it does not.
    pub idle_timeout: Option<Duration>,
    /// How long before that viewers are warned.
    pub idle_warning: Duration,
    /// Whether admins may watch sessions of others.
    pub admin_watch: AdminWatch,
    /// Whether those who may only look are given what is copied.
    pub view_only_clipboard: bool,
}

/// How many sockets may look at a session at a time.
#[derive(Debug, Clone, Copy)]
pub struct ViewerLimits {
    /// Most of its owners, and most of all others: guests do not shut its owners out.
    pub per_session: usize,
    /// Most by one share link.
    pub per_share: usize,
}

/// Whether admins may watch sessions of others live. It is audited in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminWatch {
    /// The owner sees who watches.
    #[default]
    Shown,
    /// Only other admins see it.
    Hidden,
    /// They may not.
    Off,
}

/// What to do with a host key that was never seen. A changed one is always refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HostKeyPolicy {
    /// Only keys that are known or pinned.
    Known,
    /// Trust it, and remember it.
    #[default]
    FirstUse,
}

/// Where sessions may go.
#[derive(Debug, Clone, Default)]
pub struct NetworkConfig {
    /// Rules for drivers without rules of their own.
    pub default: NetworkRules,
    /// Rules by driver id; they replace the default ones.
    pub drivers: BTreeMap<String, NetworkRules>,
}

impl NetworkConfig {
    /// The rules for a driver, or for jump hosts.
    pub fn rules(&self, driver: &str) -> &NetworkRules {
        self.drivers.get(driver).unwrap_or(&self.default)
    }
}

/// Lists of networks. `deny` wins over `allow`. The special networks (loopback,
/// link-local, multicast, metadata services) are denied unless `allow` holds a network
/// that lies inside them.
#[derive(Debug, Clone)]
pub struct NetworkRules {
    /// Networks that may be reached; `0.0.0.0/0` and `::/0` unless configured.
    pub allow: Vec<IpNet>,
    /// Networks that may not.
    pub deny: Vec<IpNet>,
    /// Unix sockets on this machine that may be reached, and folders of such.
    pub unix_sockets: Vec<PathBuf>,
}

impl NetworkRules {
    /// Whether only the special networks are denied.
    pub fn allow_all_but_special(&self) -> bool {
        let all = Self::default().allow;
        self.deny.is_empty() && all.iter().all(|network| self.allow.contains(network))
    }
}

impl Default for NetworkRules {
    fn default() -> Self {
        let everything =
            [[0; 4].into(), [0_u16; 8].into()].map(|address| IpNet::new_assert(address, 0));
        Self { allow: everything.to_vec(), deny: Vec::new(), unix_sockets: Vec::new() }
    }
}

impl SessionsConfig {
    /// How long a session waits for its owner, who may have a banner to read and a key to
    /// install first.
    pub fn pending_for(&self, has_banner: bool) -> Duration {
        if has_banner { self.keypair_timeout } else { self.pending_timeout }
    }
}

/// A ready-made target on the start page.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Name in requests.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Driver id.
    pub session_type: String,
    /// Whether its sessions are recorded, where that is said.
    pub record: Option<bool>,
    /// The driver's settings, secrets among them: they never leave the server.
    pub settings: Map<String, Value>,
}

/// The log.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Form of its lines.
    pub format: LogFormat,
    /// Filter such as `info` or `fanlight=debug,info`.
    pub level: String,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
