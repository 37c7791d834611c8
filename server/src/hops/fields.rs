use fanlight_core::{Endpoint, FieldError, Hostname, Secret};
use fanlight_ssh::{HostPin, KeyFault, parse_private_key};
use schemars::JsonSchema;
use serde::Deserialize;

/// Most jump hosts of one session.
pub(crate) const MOST_JUMP_HOSTS: usize = 8;

/// Where jump hosts listen unless their settings say otherwise.
pub(crate) const SSH_PORT: u16 = 22;

/// An SSH server that a session's connection is led through.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JumpHost {
    /// Name or address of the SSH server. The first one is looked up here, each other one
    /// on the jump host before it.
    #[schemars(title = "Host", extend("x-placeholder" = "bastion.example.com"))]
    pub(crate) hostname: Hostname,
    /// Port of the SSH service, 22 if left out.
    #[schemars(title = "Port", range(min = 1, max = 65535), extend("x-placeholder" = "22"))]
    pub(crate) port: Option<u16>,
    /// Account to log in as.
    #[schemars(title = "User name", length(min = 1, max = 256))]
    pub(crate) username: String,
    /// Password, if the server wants one.
    #[schemars(title = "Password")]
    pub(crate) password: Option<Secret>,
    /// Private key in OpenSSH, PKCS#8 or RSA PEM form: Ed25519, ECDSA or RSA.
    #[schemars(
        title = "Private key",
        length(max = 32768),
        extend("x-multiline" = true, "x-placeholder" = "-----BEGIN OPENSSH PRIVATE KEY-----")
    )]
    pub(crate) private_key: Option<Secret>,
    /// What the private key is encrypted with.
    #[schemars(title = "Passphrase of the key")]
    pub(crate) passphrase: Option<Secret>,
    /// The only host key to accept: an OpenSSH public key line, its base64 part, or its
    /// SHA256: fingerprint. Otherwise the gateway's known hosts decide.
    #[schemars(
        title = "Host key",
        length(max = 8192),
        extend("x-placeholder" = "ssh-ed25519 AAAA...")
    )]
    pub(crate) host_key: Option<String>,
}

impl JumpHost {
    /// Where it listens.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Tcp(self.hostname.clone(), self.port.unwrap_or(SSH_PORT))
    }

    /// What the schema cannot say; `name` makes a field's name of the one in the struct.
    /// Nothing of the values shows.
    pub(crate) fn errors(&self, name: impl Fn(&str) -> String) -> Vec<FieldError> {
        let pin = self.host_key.as_ref().filter(|text| HostPin::parse(text).is_none());
        let pin = pin.map(|_| {
            let message = "must be an OpenSSH public key or a SHA256: fingerprint";
            FieldError::new(name("host_key"), message)
        });
        self.key_error(name).into_iter().chain(pin).collect()
    }

    fn key_error(&self, name: impl Fn(&str) -> String) -> Option<FieldError> {
        let passphrase = self.passphrase.as_ref();
        let Some(key) = &self.private_key else {
            let message = "is of no use without private_key";
            return passphrase.map(|_| FieldError::new(name("passphrase"), message));
        };
        let fault =
            parse_private_key(key.expose(), passphrase.map(|p| p.expose().as_str())).err()?;
        let field = if fault == KeyFault::WrongPassphrase { "passphrase" } else { "private_key" };
        Some(FieldError::new(name(field), fault.message()))
    }
}
