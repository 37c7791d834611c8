//! The configuration as it is written. Doc comments are the reference for operators.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use fanlight_core::{EngineKind, Secret};

use super::jump_hosts::RawJumpHosts;
use super::machines::RawMachines;
use super::recordings::RawRecordings;
use super::{AdminWatch, HostKeyPolicy, LogFormat, Period};

/// Every section and key.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConfig {
    /// Folder for everything the gateway keeps. Default: `fanlight-data` where it is started.
    pub data_dir: Option<PathBuf>,
    pub server: RawServer,
    pub site: RawSite,
    pub database: RawDatabase,
    pub rate_limit: RawRateLimit,
    pub access: RawAccess,
    pub audit: RawAudit,
    pub book: RawBook,
    pub quick_connect: RawQuickConnect,
    pub oidc: RawOidc,
    pub sessions: RawSessions,
    pub metrics: RawMetrics,
    pub recordings: RawRecordings,
    pub engine: RawEngine,
    pub guacd: RawGuacd,
    pub host_keys: RawHostKeys,
    pub network: RawNetwork,
    pub jump_hosts: RawJumpHosts,
    /// Options of each driver, by its id.
    pub drivers: BTreeMap<String, Map<String, Value>>,
    pub presets: Vec<RawPreset>,
    pub machines: RawMachines,
    pub log: RawLog,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawServer {
    /// Address and port. Port 0 takes a free one.
    pub listen: String,
    /// How browsers reach the gateway: `https://gate.example.com`. Default: the listener.
    pub public_url: Option<String>,
    /// PEM file with the certificate chain; goes with `tls_key`.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the private key.
    pub tls_key: Option<PathBuf>,
    /// Addresses or networks of proxies in front, whose `X-Forwarded-*` is believed.
    pub trusted_proxies: Vec<String>,
    /// Longest request body in bytes.
    #[schemars(range(min = 1024, max = 16_777_216))]
    pub body_limit: usize,
    /// Most connections at a time, WebSockets included.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connection_limit: usize,
    /// Longest time for one request.
    pub request_timeout: Period,
    /// Longest time for the head of a request to arrive.
    pub header_timeout: Period,
    /// How long sessions may go on after SIGTERM; their viewers see how long. Nothing new
    /// is accepted meanwhile.
    pub drain: Period,
    /// Time for sessions to end when the gateway stops.
    pub shutdown_grace: Period,
    /// Whether the system may write a core dump when the gateway breaks. It would hold
    /// whatever secrets are in memory then.
    pub core_dumps: bool,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: None,
            tls_cert: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            body_limit: 64 * 1024,
            connection_limit: 10_000,
            request_timeout: Period::seconds(30),
            header_timeout: Period::seconds(10),
            drain: Period::seconds(20),
            shutdown_grace: Period::seconds(10),
            core_dumps: false,
        }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSite {
    /// Title of the pages.
    #[schemars(length(min = 1, max = 100))]
    pub title: String,
    /// Accent colour: `#rrggbb`. Default: the built-in one.
    pub accent: Option<String>,
}

impl Default for RawSite {
    fn default() -> Self {
        Self { title: "Fanlight".into(), accent: None }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDatabase {
    /// `sqlite:` and a file, or `postgres://user:password@host/database` with its parameters
    /// (`sslmode`, `sslrootcert`). Default: the file `fanlight.db` in `data_dir`.
    pub url: Option<Secret<String>>,
    /// How long a locked or absent database is waited for before the answer is 503.
    pub busy_timeout: Period,
    /// Most connections of this gateway to the database.
    #[schemars(range(min = 1, max = 1000))]
    pub max_connections: u32,
    /// How long bringing the tables up to date may take at the start, the wait for another
    /// node that does so included.
    pub migration_timeout: Period,
}

impl Default for RawDatabase {
    fn default() -> Self {
        Self {
            url: None,
            busy_timeout: Period::seconds(5),
            max_connections: 8,
            migration_timeout: Period::seconds(5 * 60),
        }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAccess {
    /// How long a browser stays signed in.
    pub sign_in_lifetime: Period,
    /// How long a one-time sign-in link is good.
    pub link_lifetime: Period,
    /// Whether people may sign in to the pages by an API key. Programs may in any case, and
    /// one-time links always work.
    pub api_key_sign_in: bool,
    /// Failed authentications of one address before it has to wait.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub failure_limit: u32,
    /// Length of the window in which failures count, and longest wait.
    pub failure_window: Period,
}

impl Default for RawAccess {
    fn default() -> Self {
        Self {
            sign_in_lifetime: Period::seconds(12 * 3600),
            link_lifetime: Period::seconds(15 * 60),
            api_key_sign_in: true,
            failure_limit: 20,
            failure_window: Period::seconds(60),
        }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRateLimit {
    /// Whether requests are counted by the address they come from (IPv6: by its /64).
    pub enabled: bool,
    /// Requests a second that one address may make in the long run.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub per_second: u32,
    /// Requests that it may make at once, after a quiet time.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub burst: u32,
}

impl Default for RawRateLimit {
    fn default() -> Self {
        Self { enabled: true, per_second: 100, burst: 1000 }
    }
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAudit {
    /// Events of the audit log are deleted when they are older than this, at least 30 days.
    /// Default: they are kept.
    pub retention: Option<Period>,
}

/// Addresses that open machines: `/api/connect?hostname=...`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawQuickConnect {
    /// Whether a person is asked before a link of another site opens something.
    pub confirm: bool,
}

/// The address book.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawBook {
    /// `database` keeps it in the gateway's own, each entry sealed with a key that a master
    /// key opens, which is never in the database; `vault` keeps it in Vault or OpenBao.
    pub store: RawBookStore,
    pub vault: RawVault,
    /// Folders of the scope `instance` are those of the gateways with this name.
    pub instance: String,
    /// File with the master keys, outside `data_dir`. Default: `fanlight/book.keys` in
    /// `$XDG_CONFIG_HOME`, in `.config` at home, or in `/etc`. It is made when the first entry
    /// is kept: without it nobody can read the entries, so keep a copy of it.
    pub key_file: Option<PathBuf>,
    /// The master keys themselves instead: base64 of 32 bytes each, the newest first, with
    /// commas between them (`openssl rand -base64 32` makes one).
    pub key: Option<Secret<String>>,
}

impl Default for RawBook {
    fn default() -> Self {
        Self {
            store: RawBookStore::Database,
            vault: RawVault::default(),
            instance: "default".into(),
            key_file: None,
            key: None,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawBookStore {
    #[default]
    Database,
    Vault,
}

/// Vault or OpenBao: a KV engine of version 2, and an AppRole (or a token) that may read,
/// list, write and delete below `base` in it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawVault {
    /// `https://vault.example.com:8200`. `http` is for one on this machine only.
    pub address: Option<String>,
    /// Namespace, where Vault has such.
    #[schemars(length(min = 1, max = 256))]
    pub namespace: Option<String>,
    /// PEM file with the authorities to trust, and no others. Default: those of the system.
    pub ca: Option<PathBuf>,
    /// Mount of the KV engine.
    pub mount: String,
    /// Path below the mount: entries are at `<base>/shared/<folder>/<entry>` and
    /// `<base>/instance/<book.instance>/<folder>/<entry>`.
    pub base: String,
    /// Mount of the AppRole method.
    pub auth_mount: String,
    /// The AppRole's id.
    #[schemars(length(min = 1, max = 256))]
    pub role_id: Option<String>,
    /// Its secret id.
    pub secret_id: Option<Secret<String>>,
    /// File with the secret id instead; it is read at each login.
    pub secret_id_file: Option<PathBuf>,
    /// A token instead of an AppRole. It is renewed where Vault allows that.
    pub token: Option<Secret<String>>,
    /// Longest time for whatever is asked of it, several requests included.
    pub timeout: Period,
    /// How often lists are brought up to date with what other programs write.
    pub refresh: Period,
    /// Most requests at a time.
    #[schemars(range(min = 1, max = 1000))]
    pub parallel_requests: usize,
}

impl Default for RawVault {
    fn default() -> Self {
        Self {
            address: None,
            namespace: None,
            ca: None,
            mount: "secret".into(),
            base: "fanlight".into(),
            auth_mount: "approle".into(),
            role_id: None,
            secret_id: None,
            secret_id_file: None,
            token: None,
            timeout: Period::seconds(4),
            refresh: Period::seconds(30),
            parallel_requests: 32,
        }
    }
}

/// Single sign-on by OpenID Connect: code flow with PKCE. Register
/// `<server.public_url>/auth/callback` as redirect URI at the provider, and
/// `<server.public_url>/login` as the URI to go to after signing out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawOidc {
    /// The provider's issuer, exactly as it names itself: `https://login.example.com/realms/a`.
    /// Default: no single sign-on. `http` is for providers on this machine only.
    pub issuer: Option<String>,
    /// How the provider knows Fanlight.
    pub client_id: Option<String>,
    /// The client's secret. Default: none, a public client.
    pub client_secret: Option<Secret<String>>,
    /// What stands on the button.
    #[schemars(length(min = 1, max = 100))]
    pub label: String,
    /// Scopes to ask for beside `openid`, `profile` and `email`.
    pub scopes: Vec<String>,
    /// Claim with the user's groups: a list of names, or one name. Dots lead into objects:
    /// `realm_access.roles`. It may stand in the ID token or in the user information.
    #[schemars(length(min = 1, max = 200))]
    pub groups_claim: String,
    /// Role where no group mapping matches and no admin set one: `viewer`, `operator`,
    /// `poweruser` or `admin`.
    pub default_role: String,
    /// Whether to let people in whose provider says `"email_verified": false`.
    pub allow_unverified_email: bool,
    /// PEM file with the authorities to trust, and no others. Default: those of the system.
    pub ca: Option<PathBuf>,
    /// Whether signing out here signs out at the provider too, where it offers that.
    pub sign_out_at_provider: bool,
    /// Longest time for one answer of the provider.
    pub timeout: Period,
    /// How long somebody may take to sign in at the provider.
    pub flow_lifetime: Period,
    /// How long what the provider says of itself is used before it is asked again.
    pub discovery_lifetime: Period,
}

impl Default for RawOidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: None,
            client_secret: None,
            label: "Single sign-on".into(),
            scopes: Vec::new(),
            groups_claim: "groups".into(),
            default_role: "viewer".into(),
            allow_unverified_email: false,
            ca: None,
            sign_out_at_provider: true,
            timeout: Period::seconds(10),
            flow_lifetime: Period::seconds(10 * 60),
            discovery_lifetime: Period::seconds(3600),
        }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSessions {
    /// A session that nobody opens expires after this.
    pub pending_timeout: Period,
    /// The same for a session with a banner to be read, or a generated public key to be
    /// installed, first.
    pub keypair_timeout: Period,
    /// A session ends after this.
    pub max_duration: Period,
    /// How long a session waits for an owner who reloads the page or lost the network.
    pub reattach_grace: Period,
    /// How long the settings of a session that ended are held in memory, so that it can be
    /// taken up again.
    pub reconnect_grace: Period,
    /// How long an opening link is good.
    pub opening_link_lifetime: Period,
    /// How long a WebSocket ticket is good.
    pub ticket_lifetime: Period,
    /// Most live sessions of this gateway.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_total: usize,
    /// Most live sessions of one user or key.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_per_user: usize,
    /// Most sockets of a session's owners at a time, and most of all others who look at it.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_viewers: usize,
    /// Most sockets by one share link at a time.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_viewers_per_share: usize,
    /// A viewer that takes no data for so long is dropped.
    pub send_deadline: Period,
    /// A WebSocket that shows no sign of life for so long is dropped.
    pub idle_deadline: Period,
    /// Whether people who are not admins see only their own sessions.
    pub list_own_only: bool,
    /// How long a name look-up or a connection to a target may take.
    pub connect_timeout: Period,
    /// A session ends when nobody types or points for so long. Default: it does not.
    pub idle_timeout: Option<Period>,
    /// How long before that those who look at it are warned.
    pub idle_warning: Period,
    /// Whether admins may watch sessions of others live: `shown` (the owner sees who
    /// watches), `hidden` (only the audit log tells) or `off`.
    pub admin_watch: AdminWatch,
    /// Whether those who may only look are given what is copied in the session.
    pub view_only_clipboard: bool,
}

impl Default for RawSessions {
    fn default() -> Self {
        Self {
            pending_timeout: Period::seconds(60),
            keypair_timeout: Period::seconds(15 * 60),
            max_duration: Period::seconds(8 * 3600),
            reattach_grace: Period::seconds(60),
            reconnect_grace: Period::seconds(5 * 60),
            opening_link_lifetime: Period::seconds(60),
            ticket_lifetime: Period::seconds(30),
            max_total: 1000,
            max_per_user: 100,
            max_viewers: 50,
            max_viewers_per_share: 20,
            send_deadline: Period::seconds(10),
            idle_deadline: Period::seconds(45),
            list_own_only: false,
            connect_timeout: Period::seconds(10),
            idle_timeout: None,
            idle_warning: Period::seconds(60),
            admin_watch: AdminWatch::Shown,
            view_only_clipboard: false,
        }
    }
}

/// Figures for Prometheus. They name routes, drivers and numbers, but nobody. Default:
/// nobody may read them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMetrics {
    /// Whoever shows this token (`Authorization: Bearer`) may read `/metrics`; at least 16
    /// characters.
    pub token: Option<Secret<String>>,
    /// A listener of their own, without credentials and TLS: `127.0.0.1:9464`.
    pub listen: Option<String>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEngine {
    /// `embedded` (in this process) or `guacd`, for protocols that both can run.
    #[schemars(with = "EngineName")]
    pub default: EngineKind,
}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes EngineKind, which has no schema of its own")]
enum EngineName {
    Embedded,
    Guacd,
}

impl Default for RawEngine {
    fn default() -> Self {
        Self { default: EngineKind::Embedded }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawGuacd {
    /// `host:port` of each guacd (4822 where the port is left out). None: no guacd is used.
    pub addresses: Vec<String>,
    /// Whether they speak TLS.
    pub tls: bool,
    /// PEM file with the authorities to trust. Default: those of the system.
    pub ca: Option<PathBuf>,
    /// Longest time to connect to one of them, TLS included.
    pub connect_timeout: Period,
    /// Longest time for the start of a session in all, other addresses tried included.
    pub handshake_timeout: Period,
    /// How often those are checked that no session speaks to.
    pub check_interval: Period,
}

impl Default for RawGuacd {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            tls: false,
            ca: None,
            connect_timeout: Period::seconds(3),
            handshake_timeout: Period::seconds(9),
            check_interval: Period::seconds(15),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawHostKeys {
    /// What to do with a host key that was never seen: `known` refuses it, `first-use`
    /// trusts it and remembers it. A changed key is always refused. Default: `first-use`.
    pub policy: HostKeyPolicy,
}

/// `[network]` holds the rules for all drivers, `[network.<driver id>]` those for one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RawNetwork {
    /// Networks that may be reached. Default: all but the special ones.
    pub allow: Option<Vec<String>>,
    /// Networks that may not; wins over `allow`.
    pub deny: Vec<String>,
    /// Unix sockets on this machine that may be reached, and folders of such. Default: none.
    pub unix_sockets: Vec<PathBuf>,
    #[serde(flatten)]
    pub drivers: BTreeMap<String, RawRules>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRules {
    /// As in `[network]`.
    pub allow: Option<Vec<String>>,
    /// As in `[network]`.
    pub deny: Vec<String>,
    /// As in `[network]`.
    pub unix_sockets: Vec<PathBuf>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPreset {
    /// Name in requests: letters, digits, `-`, `_`, `.`.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Name for people.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Id of the driver.
    pub session_type: String,
    /// Whether its sessions are recorded. Default: as `[recordings]` says.
    #[serde(default)]
    pub record: Option<bool>,
    /// The session's fields, as in a request.
    pub settings: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLog {
    /// `text` or `json`.
    pub format: LogFormat,
    /// Filter such as `info` or `fanlight=debug,info`.
    pub level: String,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}
