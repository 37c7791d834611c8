//! The configuration: read once from a TOML file, the environment and flags, checked
//! once, and then a plain value that every part may trust.

mod book;
mod check;
mod checked;
mod jump_hosts;
mod load;
mod machines;
mod oidc;
mod period;
mod raw;
mod recordings;
mod times;

pub use book::{BookConfig, BookPlace, MasterKeySource, VaultConfig, VaultLogin};
pub use checked::{
    AccessConfig, AdminWatch, AuditConfig, Config, DatabaseConfig, DatabasePlace, HostKeyPolicy,
    LogConfig, LogFormat, MetricsConfig, NetworkConfig, NetworkRules, OidcConfig, Preset,
    RateLimitConfig, ServerConfig, SessionsConfig, SiteConfig, TlsFiles, ViewerLimits,
};
pub use jump_hosts::JumpHostsConfig;
pub use load::{ConfigError, Sources};
pub use machines::{MachinesConfig, ProxmoxConfig, ProxmoxTrust};
pub use period::Period;
pub use recordings::{OnFailure, RecordingsConfig};
