use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where guacd is, and how long it may take.
#[derive(Debug, Clone)]
pub struct GuacdConfig {
    /// One or more, used in turn; those that do not answer are passed over.
    pub addresses: Vec<GuacdAddress>,
    /// Longest time to connect to one of them, TLS included.
    pub connect_timeout: Duration,
    /// Longest time for the start of a session or a viewer in all: connecting, trying
    /// another address, and the handshake up to `ready`.
    pub handshake_timeout: Duration,
    /// How often addresses are checked that no session spoke to.
    pub check_interval: Duration,
    /// How long a guacd may say nothing before its session counts as lost (a living one
    /// sends a `nop` every 5 s), and how long a viewer may take nothing before it counts
    /// as gone.
    pub silence_limit: Duration,
    /// How often guacd hears from a viewer that does nothing. It drops one that it has
    /// not heard of for 15 s.
    pub keep_alive: Duration,
}

impl GuacdConfig {
    /// A configuration with the limits that fit nearly everywhere.
    pub fn new(addresses: Vec<GuacdAddress>) -> Self {
        Self {
            addresses,
            connect_timeout: Duration::from_secs(3),
            handshake_timeout: Duration::from_secs(9),
            check_interval: Duration::from_secs(15),
            silence_limit: Duration::from_secs(30),
            keep_alive: Duration::from_secs(5),
        }
    }
}

/// One guacd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuacdAddress {
    /// Name or address; with TLS, the one in its certificate.
    pub host: String,
    /// TCP port, usually 4822.
    pub port: u16,
    /// TLS, if it speaks it.
    pub tls: Option<GuacdTls>,
}

impl fmt::Display for GuacdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// How a guacd's certificate is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuacdTls {
    /// PEM file with the authorities to trust; `None`: those of the system.
    pub ca: Option<PathBuf>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GuacdConfigError {
    /// There is no address.
    #[error("no address of a guacd is given")]
    NoAddress,
    /// A host name that no certificate can be for.
    #[error("{0} is not a host name that a certificate can be for")]
    Host(String),
    /// The file with authorities cannot be used.
    #[error("the certificate authorities in {path} cannot be used: {reason}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system has no certificate authorities.
    #[error("the system has no certificate authorities: name a file with those to trust")]
    NoSystemAuthorities,
    /// The TLS library refuses.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
