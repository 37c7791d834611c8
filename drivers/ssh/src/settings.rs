use fanlight_core::{
    FieldError, FilePath, Hostname, Restrictions, Secret, TerminalSettings, Transfers,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use fanlight_ssh::HostPin;
use fanlight_ssh::{KeyFault, parse_private_key};

/// A key that opens nothing, encrypted in one round.
const EXAMPLE_KEY: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC3VEPkh+\n\
YCFYpF95I1RzG7AAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIKvPDDzotixst/G9\n\
jpWRRWmWdD0KIE5MF0zoPwrd8WfvAAAAkPTOrqo7+sdU8iRv/7WOzEfLhdAENDF7Q3fPLI\n\
dKmcoCQsQnHVUECr9SWvJpyR3adUQnPrbxT8IcSCPPy21n/PymXAS/RiTnWFvqxQnxIn4B\n\
Gs5awfBHOJaE8LSo2Z0TjaaZRciCvxRhiO3fRbLXN/UJrJmOscHxVwhqMsXay+ixdWbKUu\n\
fZBFjb5ub4mvphpw==\n\
-----END OPENSSH PRIVATE KEY-----\n";

/// The fields of one SSH session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "hostname": "server.example.com" },
    {
        "hostname": "server.example.com", "port": 2222, "username": "jdoe",
        "password": "correct horse", "private_key": EXAMPLE_KEY, "passphrase": "correct horse",
        "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKvPDDzotixst/G9jpWRRWmWdD0KIE5MF0zoPwrd8Wfv",
        "command": "htop", "font_size": 14, "color_scheme": "green-black", "scrollback": 5000,
        "terminal_type": "xterm-256color", "backspace": 127, "locale": "en_US.UTF-8",
        "server_alive_interval": 60, "disable_copy": true, "disable_paste": true,
        "read_only": true
    },
    {
        "hostname": "server.example.com", "enable_drive": true,
        "sftp_root_directory": "/home/jdoe", "disable_download": true, "disable_upload": true
    },
    { "hostname": "server.example.com", "username": "jdoe", "generate_keypair": true }
]))]
pub struct SshSettings {
    /// Name or address of the server.
    #[schemars(title = "Host", extend("x-placeholder" = "server.example.com"))]
    pub hostname: Hostname,
    /// Port of the SSH service, 22 if left out.
    #[schemars(title = "Port", range(min = 1, max = 65535), extend("x-placeholder" = "22"))]
    pub port: Option<u16>,
    /// Account to log in as. Asked for in the terminal if left out.
    #[schemars(title = "User name", length(min = 1, max = 256), extend("x-group" = "Login"))]
    pub username: Option<String>,
    /// Password. Asked for in the terminal if the server wants one and it is left out.
    #[schemars(title = "Password", extend("x-group" = "Login"))]
    pub password: Option<Secret>,
    /// Private key in OpenSSH, PKCS#8 or RSA PEM form: Ed25519, ECDSA or RSA.
    #[schemars(
        title = "Private key",
        length(max = 32768),
        extend(
            "x-group" = "Login",
            "x-multiline" = true,
            "x-placeholder" = "-----BEGIN OPENSSH PRIVATE KEY-----"
        )
    )]
    pub private_key: Option<Secret>,
    /// What the private key is encrypted with. Asked for in the terminal if left out.
    #[schemars(title = "Passphrase of the key", extend("x-group" = "Login"))]
    pub passphrase: Option<Secret>,
    /// Make a new Ed25519 key pair for this session, in memory only. Its public key is
    /// shown first, to be installed on the server; the session connects after that.
    #[serde(default)]
    #[schemars(title = "New key pair", extend("x-group" = "Login"))]
    pub generate_keypair: bool,
    /// The only host key to accept: an OpenSSH public key line, its base64 part, or its
    /// SHA256: fingerprint. Otherwise the gateway's known hosts decide.
    #[schemars(
        title = "Host key",
        length(max = 8192),
        extend("x-group" = "Login", "x-placeholder" = "ssh-ed25519 AAAA...")
    )]
    pub host_key: Option<String>,
    /// Command to run instead of the login shell.
    #[schemars(title = "Command", length(min = 1, max = 4096), extend("x-group" = "Terminal"))]
    pub command: Option<String>,
    /// How the terminal looks and what it calls itself.
    #[serde(flatten)]
    pub terminal: TerminalSettings,
    /// Language of the remote programs ($LANG), where the server lets it be set.
    #[schemars(
        title = "Locale",
        length(min = 1, max = 64),
        extend("x-group" = "Terminal", "x-placeholder" = "en_US.UTF-8")
    )]
    pub locale: Option<String>,
    /// Seconds between signs of life while nothing else is sent, 30 if left out (5 with
    /// guacd); 0 for none.
    #[schemars(title = "Keep-alive", range(min = 0, max = 3600), extend("x-group" = "Terminal"))]
    pub server_alive_interval: Option<u32>,
    /// Files of the server can be browsed, fetched and put beside the terminal (SFTP).
    #[serde(default)]
    #[schemars(title = "Files", extend("x-group" = "Files"))]
    pub enable_drive: bool,
    /// The folder that is shown; nothing outside it can be reached. All of the server's
    /// if left out.
    #[schemars(
        title = "Folder",
        length(min = 1, max = 1024),
        extend("x-group" = "Files", "x-placeholder" = "/home/alice")
    )]
    pub sftp_root_directory: Option<String>,
    /// Which way files may not go.
    #[serde(flatten)]
    pub transfers: Transfers,
    /// What viewers may not do.
    #[serde(flatten)]
    pub restrictions: Restrictions,
}

impl SshSettings {
    /// What the schema cannot say. Nothing of the values shows.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        errors.extend(self.key_error());
        errors.extend(self.file_errors());
        if self.host_key.as_ref().is_some_and(|text| HostPin::parse(text).is_none()) {
            errors.push(FieldError::new(
                "host_key",
                "must be an OpenSSH public key or a SHA256: fingerprint",
            ));
        }
        errors.extend(self.terminal.errors());
        if self.locale.as_ref().is_some_and(|text| !text.bytes().all(is_word)) {
            errors.push(FieldError::new("locale", "must be letters, digits and -+._@ only"));
        }
        errors
    }

    fn file_errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.enable_drive && self.restrictions.read_only {
            errors.push(FieldError::new("enable_drive", "cannot be combined with read_only"));
        }
        match self.sftp_root_directory.as_deref() {
            Some(_) if !self.enable_drive => errors
                .push(FieldError::new("sftp_root_directory", "is of no use without enable_drive")),
            Some(path) if FilePath::parse(path).is_none() => errors.push(FieldError::new(
                "sftp_root_directory",
                "must be an absolute path on the server",
            )),
            _ => {}
        }
        errors
    }

    fn key_error(&self) -> Option<FieldError> {
        let passphrase = self.passphrase.as_ref();
        let Some(key) = &self.private_key else {
            let message = "is of no use without private_key";
            return passphrase.map(|_| FieldError::new("passphrase", message));
        };
        match parse_private_key(key.expose(), passphrase.map(|p| p.expose().as_str())) {
            // Without its passphrase the key can only be read after the prompt.
            Ok(_) | Err(KeyFault::Encrypted) => None,
            Err(KeyFault::WrongPassphrase) => {
                Some(FieldError::new("passphrase", KeyFault::WrongPassphrase.message()))
            }
            Err(fault) => Some(FieldError::new("private_key", fault.message())),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-+._@".contains(&byte)
}
