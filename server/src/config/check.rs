//! From the configuration as written to the checked one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use fanlight_core::{EngineKind, FieldError, Hostname, Secret};
use fanlight_engine::guacd::{GuacdAddress, GuacdConfig, GuacdTls};
use ipnet::IpNet;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::checked::{
    AccessConfig, AuditConfig, Config, DatabaseConfig, DatabasePlace, LogConfig, MetricsConfig,
    NetworkConfig, NetworkRules, Preset, RateLimitConfig, ServerConfig, SessionsConfig, SiteConfig,
    TlsFiles, ViewerLimits,
};
use super::raw::{
    RawConfig, RawDatabase, RawGuacd, RawMetrics, RawNetwork, RawPreset, RawRules, RawServer,
    RawSessions, RawSite,
};

const DEFAULT_DATA_DIR: &str = "fanlight-data";
const GUACD_PORT: u16 = 4822;
const SHORTEST_TOKEN: usize = 16;

/// Collects what is wrong while the rest goes on being checked.
pub(super) struct Complaints(Vec<FieldError>);

impl Complaints {
    pub(super) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(key, message));
    }

    /// The value, or a complaint about `key` and `None`.
    pub(super) fn take<T>(&mut self, key: &str, value: Option<T>, message: &str) -> Option<T> {
        if value.is_none() {
            self.add(key, message);
        }
        value
    }
}

/// Checks everything; all complaints at once.
pub(super) fn check(raw: &RawConfig) -> Result<Config, Vec<FieldError>> {
    let mut complaints = Complaints(super::times::check(raw));
    let data_dir = raw.data_dir.clone().unwrap_or_else(|| DEFAULT_DATA_DIR.into());
    let server = server(&raw.server, &mut complaints);
    let site = site(&raw.site, &mut complaints);
    let database = database(&raw.database, &data_dir, &mut complaints);
    let oidc = super::oidc::check(&raw.oidc, &mut complaints);
    if let (Some(_), Some(server)) = (&oidc, &server)
        && server.public_url.is_none()
        && !server.listen.ip().is_loopback()
    {
        complaints.add("server.public_url", "is required where oidc.issuer is set");
    }
    let recordings = super::recordings::check(&raw.recordings, &data_dir, &mut complaints);
    let book = super::book::check(&raw.book, &data_dir, &mut complaints);
    let guacd = guacd(&raw.guacd, &mut complaints);
    if raw.engine.default == EngineKind::Guacd && guacd.is_none() {
        complaints.add("guacd.addresses", "is required where engine.default is guacd");
    }
    let metrics = metrics(&raw.metrics, &mut complaints);
    let network = network(&raw.network, &mut complaints);
    let presets = presets(&raw.presets, &mut complaints);
    let machines = super::machines::check(&raw.machines, &mut complaints);
    if tracing_subscriber::EnvFilter::try_new(&raw.log.level).is_err() {
        complaints.add("log.level", "must be a filter such as info or fanlight=debug,info");
    }
    let (Some(server), Some(book), []) = (server, book, complaints.0.as_slice()) else {
        return Err(complaints.0);
    };
    Ok(Config {
        server,
        site,
        data_dir,
        database,
        access: access(raw),
        rate_limit: RateLimitConfig {
            enabled: raw.rate_limit.enabled,
            per_second: raw.rate_limit.per_second,
            burst: raw.rate_limit.burst,
        },
        audit: AuditConfig { retention: raw.audit.retention.map(|period| period.0) },
        quick_connect_confirm: raw.quick_connect.confirm,
        book,
        oidc,
        sessions: sessions(&raw.sessions),
        metrics,
        recordings,
        default_engine: raw.engine.default,
        guacd,
        host_keys: raw.host_keys.policy,
        network,
        jump_hosts: (&raw.jump_hosts).into(),
        drivers: driver_options(raw),
        presets,
        machines,
        log: LogConfig { format: raw.log.format, level: raw.log.level.clone() },
    })
}

fn server(raw: &RawServer, complaints: &mut Complaints) -> Option<ServerConfig> {
    let listen = raw.listen.parse::<SocketAddr>().ok();
    let listen =
        complaints.take("server.listen", listen, "must be an address and a port: 127.0.0.1:8080");
    let public_url = raw.public_url.as_ref().and_then(|text| {
        let url = Url::parse(text).ok().filter(is_origin);
        complaints.take("server.public_url", url, "must be like https://gate.example.com")
    });
    let tls = tls_files(raw, complaints);
    let trusted_proxies = networks("server.trusted_proxies", &raw.trusted_proxies, complaints);
    Some(ServerConfig {
        listen: listen?,
        public_url,
        tls,
        trusted_proxies,
        body_limit: raw.body_limit,
        connection_limit: raw.connection_limit,
        request_timeout: raw.request_timeout.0,
        header_timeout: raw.header_timeout.0,
        drain: raw.drain.0,
        shutdown_grace: raw.shutdown_grace.0,
        core_dumps: raw.core_dumps,
    })
}

pub(super) fn is_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
}

fn tls_files(raw: &RawServer, complaints: &mut Complaints) -> Option<TlsFiles> {
    let (certificate, key) = match (&raw.tls_cert, &raw.tls_key) {
        (None, None) => return None,
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (Some(_), None) => {
            complaints.add("server.tls_key", "is required where tls_cert is set");
            return None;
        }
        (None, Some(_)) => {
            complaints.add("server.tls_cert", "is required where tls_key is set");
            return None;
        }
    };
    for (name, path) in [("server.tls_cert", &certificate), ("server.tls_key", &key)] {
        must_exist(name, path, complaints);
    }
    Some(TlsFiles { certificate, key })
}

pub(super) fn must_exist(key: &str, path: &Path, complaints: &mut Complaints) {
    if !path.is_file() {
        complaints.add(key, format!("names no file: {}", path.display()));
    }
}

fn site(raw: &RawSite, complaints: &mut Complaints) -> SiteConfig {
    let is_color = |text: &String| {
        text.strip_prefix('#')
            .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if !raw.accent.as_ref().is_none_or(is_color) {
        complaints.add("site.accent", "must be a colour like #2f6fed");
    }
    SiteConfig { title: raw.title.clone(), accent: raw.accent.clone() }
}

fn database(raw: &RawDatabase, data_dir: &Path, complaints: &mut Complaints) -> DatabaseConfig {
    let default = DatabasePlace::File(data_dir.join("fanlight.db"));
    let place = match &raw.url {
        None => default,
        Some(url) => {
            let expected =
                "must be sqlite:FILE (without parameters) or postgres://USER@HOST/DATABASE";
            complaints.take("database.url", database_place(url), expected).unwrap_or(default)
        }
    };
    DatabaseConfig {
        place,
        busy_timeout: raw.busy_timeout.0,
        max_connections: raw.max_connections,
        migration_timeout: raw.migration_timeout.0,
    }
}

fn database_place(url: &Secret<String>) -> Option<DatabasePlace> {
    if let Some(rest) = url.expose().strip_prefix("sqlite:") {
        let file = rest.strip_prefix("//").unwrap_or(rest);
        let is_file = !file.is_empty() && !file.starts_with(':') && !file.contains('?');
        return is_file.then(|| DatabasePlace::File(file.into()));
    }
    let scheme = Url::parse(url.expose()).ok()?.scheme().to_owned();
    let is_postgres = ["postgres", "postgresql"].contains(&scheme.as_str())
        && PgConnectOptions::from_str(url.expose()).is_ok();
    is_postgres.then(|| DatabasePlace::Server(url.clone()))
}

fn access(raw: &RawConfig) -> AccessConfig {
    AccessConfig {
        sign_in_lifetime: raw.access.sign_in_lifetime.0,
        link_lifetime: raw.access.link_lifetime.0,
        api_key_sign_in: raw.access.api_key_sign_in,
        failure_limit: raw.access.failure_limit,
        failure_window: raw.access.failure_window.0,
    }
}

fn sessions(raw: &RawSessions) -> SessionsConfig {
    SessionsConfig {
        pending_timeout: raw.pending_timeout.0,
        keypair_timeout: raw.keypair_timeout.0,
        max_duration: raw.max_duration.0,
        reattach_grace: raw.reattach_grace.0,
        reconnect_grace: raw.reconnect_grace.0,
        opening_link_lifetime: raw.opening_link_lifetime.0,
        ticket_lifetime: raw.ticket_lifetime.0,
        max_total: raw.max_total,
        max_per_user: raw.max_per_user,
        viewers: ViewerLimits {
            per_session: raw.max_viewers,
            per_share: raw.max_viewers_per_share,
        },
        send_deadline: raw.send_deadline.0,
        idle_deadline: raw.idle_deadline.0,
        list_own_only: raw.list_own_only,
        connect_timeout: raw.connect_timeout.0,
        idle_timeout: raw.idle_timeout.map(|period| period.0),
        idle_warning: raw.idle_warning.0,
        admin_watch: raw.admin_watch,
        view_only_clipboard: raw.view_only_clipboard,
    }
}

fn metrics(raw: &RawMetrics, complaints: &mut Complaints) -> MetricsConfig {
    if raw.token.as_ref().is_some_and(|token| token.expose().len() < SHORTEST_TOKEN) {
        complaints.add("metrics.token", format!("must have at least {SHORTEST_TOKEN} characters"));
    }
    let listen = raw.listen.as_ref().and_then(|text| {
        let expected = "must be an address and a port: 127.0.0.1:9464";
        complaints.take("metrics.listen", text.parse().ok(), expected)
    });
    MetricsConfig { token: raw.token.clone(), listen }
}

fn guacd(raw: &RawGuacd, complaints: &mut Complaints) -> Option<GuacdConfig> {
    if let Some(ca) = &raw.ca {
        must_exist("guacd.ca", ca, complaints);
    }
    let tls = raw.tls.then(|| GuacdTls { ca: raw.ca.clone() });
    let mut addresses = Vec::new();
    for (index, text) in raw.addresses.iter().enumerate() {
        let key = format!("guacd.addresses.{index}");
        let found = complaints.take(&key, host_and_port(text), "must be a host and a port");
        addresses.extend(found.map(|(host, port)| GuacdAddress { host, port, tls: tls.clone() }));
    }
    (!raw.addresses.is_empty()).then(|| GuacdConfig {
        connect_timeout: raw.connect_timeout.0,
        handshake_timeout: raw.handshake_timeout.0,
        check_interval: raw.check_interval.0,
        ..GuacdConfig::new(addresses)
    })
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((address.ip().to_string(), address.port()));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if text.parse::<IpAddr>().is_err() => (host, port.parse().ok()?),
        _ => (text, GUACD_PORT),
    };
    let host: Hostname = host.parse().ok()?;
    (port != 0).then(|| (host.as_str().to_owned(), port))
}

fn network(raw: &RawNetwork, complaints: &mut Complaints) -> NetworkConfig {
    let RawNetwork { allow, deny, unix_sockets, drivers } = raw.clone();
    let default = RawRules { allow, deny, unix_sockets };
    let per_driver = drivers
        .iter()
        .map(|(id, raw)| (id.clone(), network_rules(&format!("network.{id}"), raw, complaints)));
    let drivers = per_driver.collect();
    NetworkConfig { default: network_rules("network", &default, complaints), drivers }
}

fn network_rules(key: &str, raw: &RawRules, complaints: &mut Complaints) -> NetworkRules {
    for (index, path) in raw.unix_sockets.iter().enumerate() {
        if !path.is_absolute() {
            complaints.add(format!("{key}.unix_sockets.{index}"), "must be an absolute path");
        }
    }
    NetworkRules {
        allow: match &raw.allow {
            Some(texts) => networks(&format!("{key}.allow"), texts, complaints),
            None => NetworkRules::default().allow,
        },
        deny: networks(&format!("{key}.deny"), &raw.deny, complaints),
        unix_sockets: raw.unix_sockets.clone(),
    }
}

/// Networks in CIDR form; a single address stands for itself.
fn networks(key: &str, texts: &[String], complaints: &mut Complaints) -> Vec<IpNet> {
    let parse = |text: &str| {
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    };
    let mut found = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let key = format!("{key}.{index}");
        found.extend(complaints.take(&key, parse(text), "must be a network like 10.0.0.0/8"));
    }
    found
}

fn driver_options(raw: &RawConfig) -> BTreeMap<String, Value> {
    raw.drivers.iter().map(|(id, table)| (id.clone(), Value::Object(table.clone()))).collect()
}

fn presets(raw: &[RawPreset], complaints: &mut Complaints) -> Vec<Preset> {
    let mut seen = BTreeSet::new();
    for (index, preset) in raw.iter().enumerate() {
        let key = format!("presets.{index}.id");
        let well_formed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !preset.id.chars().all(well_formed) {
            complaints.add(&key, "must be of letters, digits, '-', '_' and '.'");
        }
        if !seen.insert(preset.id.as_str()) {
            complaints.add(&key, "is used twice");
        }
    }
    let checked = raw.iter().map(|preset| Preset {
        id: preset.id.clone(),
        name: preset.name.clone(),
        session_type: preset.session_type.clone(),
        record: preset.record,
        settings: preset.settings.clone(),
    });
    checked.collect()
}
