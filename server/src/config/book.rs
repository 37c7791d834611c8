use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fanlight_core::Secret;
use url::Url;

use super::check::{Complaints, is_origin, must_exist};
use super::oidc::is_safe;
use super::raw::{RawBook, RawBookStore, RawVault};
use crate::book::Name;

const KEY_FILE: &str = "fanlight/book.keys";

/// The address book.
#[derive(Debug, Clone)]
pub struct BookConfig {
    /// Whose `instance` folders these are.
    pub instance: Name,
    /// Where it is kept.
    pub place: BookPlace,
    /// Vault, where one is configured: it may also be where the book is to go, or came from.
    pub vault: Option<VaultConfig>,
    /// What opens entries that are kept in the gateway's database.
    pub master_key: MasterKeySource,
}

/// Where the address book is kept.
#[derive(Debug, Clone)]
pub enum BookPlace {
    /// In the gateway's database, sealed.
    Database,
    /// In Vault or OpenBao.
    Vault(Box<VaultConfig>),
}

/// Vault or OpenBao.
#[derive(Debug, Clone)]
pub struct VaultConfig {
    /// Where it is.
    pub address: Url,
    /// Its namespace, if it has such.
    pub namespace: Option<String>,
    /// PEM file with the authorities to trust, and no others.
    pub ca: Option<PathBuf>,
    /// Mount of the KV engine, version 2.
    pub mount: String,
    /// Path below the mount that everything lies under.
    pub base: String,
    /// Who the gateway is there.
    pub login: VaultLogin,
    /// Longest time for what is asked of it.
    pub timeout: Duration,
    /// How often lists are brought up to date.
    pub refresh: Duration,
    /// Most requests at a time.
    pub parallel_requests: usize,
}

/// Who the gateway is to Vault.
#[derive(Debug, Clone)]
pub enum VaultLogin {
    /// A token that somebody made.
    Token(Secret<String>),
    /// An AppRole.
    AppRole {
        /// Where the method is mounted.
        mount: String,
        /// The role.
        role_id: String,
        /// Its secret.
        secret_id: Option<Secret<String>>,
        /// A file with its secret, read at each login.
        secret_id_file: Option<PathBuf>,
    },
}

/// Where master keys are.
#[derive(Clone)]
pub enum MasterKeySource {
    /// In the configuration itself: base64 of 32 bytes, the newest first.
    Given(Secret<String>),
    /// In a file, which is made when the first entry is kept.
    File(PathBuf),
}

impl MasterKeySource {
    /// What to call it.
    pub fn describe(&self) -> String {
        match self {
            Self::Given(_) => "book.key".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl fmt::Debug for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

pub(super) fn check(
    raw: &RawBook,
    data_dir: &Path,
    complaints: &mut Complaints,
) -> Option<BookConfig> {
    let instance = raw.instance.parse::<Name>();
    let instance = instance.map_err(|error| complaints.add("book.instance", error.to_string()));
    let master_key = match (&raw.key, &raw.key_file) {
        (Some(_), Some(_)) => {
            complaints.add("book.key_file", "cannot be combined with book.key");
            return None;
        }
        (Some(key), None) => MasterKeySource::Given(key.clone()),
        (None, file) => {
            let file = file.clone().unwrap_or_else(default_key_file);
            if is_inside(&file, data_dir) {
                complaints.add("book.key_file", "must lie outside data_dir");
            }
            MasterKeySource::File(file)
        }
    };
    let vault = match &raw.vault.address {
        Some(address) => Some(vault(&raw.vault, address, complaints)?),
        None => None,
    };
    let place = match (raw.store, &vault) {
        (RawBookStore::Database, _) => BookPlace::Database,
        (RawBookStore::Vault, Some(vault)) => BookPlace::Vault(Box::new(vault.clone())),
        (RawBookStore::Vault, None) => {
            complaints.add("book.vault.address", "is required where book.store is vault");
            return None;
        }
    };
    Some(BookConfig { instance: instance.ok()?, place, vault, master_key })
}

fn vault(raw: &RawVault, address: &str, complaints: &mut Complaints) -> Option<VaultConfig> {
    let url = Url::parse(address).ok().filter(|url| is_origin(url) && is_safe(url));
    let url = complaints.take(
        "book.vault.address",
        url,
        "must be like https://vault.example.com:8200 (http on this machine only)",
    );
    if let Some(ca) = &raw.ca {
        must_exist("book.vault.ca", ca, complaints);
    }
    for (key, text) in [("mount", &raw.mount), ("base", &raw.base), ("auth_mount", &raw.auth_mount)]
    {
        if text.split('/').any(|part| part.parse::<Name>().is_err()) {
            complaints.add(format!("book.vault.{key}"), "must be names with slashes between them");
        }
    }
    let login = login(raw, complaints);
    Some(VaultConfig {
        address: url?,
        namespace: raw.namespace.clone(),
        ca: raw.ca.clone(),
        mount: raw.mount.clone(),
        base: raw.base.clone(),
        login: login?,
        timeout: raw.timeout.0,
        refresh: raw.refresh.0,
        parallel_requests: raw.parallel_requests,
    })
}

fn login(raw: &RawVault, complaints: &mut Complaints) -> Option<VaultLogin> {
    match (&raw.token, &raw.role_id) {
        (Some(token), None) if !token.expose().is_empty() => Some(VaultLogin::Token(token.clone())),
        (None, Some(role_id)) => Some(VaultLogin::AppRole {
            mount: raw.auth_mount.clone(),
            role_id: role_id.clone(),
            secret_id: raw.secret_id.clone(),
            secret_id_file: raw.secret_id_file.clone(),
        }),
        _ => {
            complaints.add("book.vault.role_id", "is required, or token, but not both");
            None
        }
    }
}
fn is_inside(file: &Path, folder: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute(file).starts_with(absolute(folder))
}

/// Where programs keep their configuration: for this user, else for the machine.
fn default_key_file() -> PathBuf {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || folder("HOME").map(|home| home.join(".config"));
    let folder = folder("XDG_CONFIG_HOME").or_else(home).unwrap_or_else(|| "/etc".into());
    folder.join(KEY_FILE)
}
