use fanlight_core::{Cause, Endpoint, HostKey, SessionError};
use russh::keys::{Algorithm, HashAlg, PublicKey, parse_public_key_base64};

/// The only host key that is accepted of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPin {
    /// The key itself.
    Key(Box<PublicKey>),
    /// `SHA256:` and unpadded base64.
    Fingerprint(String),
}

impl HostPin {
    /// Reads a public key line (with or without host names or a comment), the base64 of
    /// a key, or a fingerprint.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("SHA256:") {
            let fingerprint: russh::keys::ssh_key::Fingerprint =
                text.trim_end_matches('=').parse().ok()?;
            return Some(Self::Fingerprint(fingerprint.to_string()));
        }
        // Every key blob starts with the length of its algorithm's name, below 2^16.
        let blob = text.split_ascii_whitespace().find(|word| word.starts_with("AAAA"))?;
        let key = parse_public_key_base64(blob).ok()?;
        Some(Self::Key(Box::new(key)))
    }

    /// Whether the key that a server showed is the one.
    pub fn accepts(&self, shown: &PublicKey) -> bool {
        match self {
            Self::Key(key) => key.key_data() == shown.key_data(),
            Self::Fingerprint(_) => self.fingerprint() == fingerprint(shown),
        }
    }

    /// Holds the key that `endpoint` showed to the pinned one.
    ///
    /// # Errors
    /// `Untrusted`, with both fingerprints.
    pub fn check(&self, endpoint: &Endpoint, shown: &PublicKey) -> Result<(), SessionError> {
        if self.accepts(shown) {
            return Ok(());
        }
        Err(SessionError::new(
            Cause::Untrusted,
            format!(
                "The host key of {endpoint} is not the pinned one: expected {}, got {}.",
                self.fingerprint(),
                fingerprint(shown)
            ),
        ))
    }

    /// Its fingerprint as OpenSSH prints it.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Key(key) => fingerprint(key),
            Self::Fingerprint(text) => text.clone(),
        }
    }

    /// The algorithm to insist on, so that a server with several keys shows the right one.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Key(key) => Some(key.algorithm()),
            Self::Fingerprint(_) => None,
        }
    }
}

/// A key that `endpoint` showed, in the words of the gateway's known keys.
///
/// # Errors
/// `Lost` for a key that cannot be written down.
pub fn host_key(endpoint: &Endpoint, key: &PublicKey) -> Result<HostKey, SessionError> {
    let mut bare = key.clone();
    bare.set_comment("");
    let public_key = bare.to_openssh().map_err(|_| {
        SessionError::new(Cause::Lost, format!("{endpoint} sent a broken host key."))
    })?;
    Ok(HostKey {
        endpoint: endpoint.clone(),
        public_key: public_key.trim().to_owned(),
        fingerprint: fingerprint(key),
    })
}

/// A key's fingerprint as OpenSSH prints it.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIK2pr+Bfus1hvPof4Wb/plZCzSbqadHH0u+/f4ODtKnE";

    #[test]
    fn reads_every_form_of_the_same_key() {
        let forms = [
            KEY.to_owned(),
            format!("ssh-ed25519 {KEY}"),
            format!("ssh-ed25519 {KEY} root@example"),
            format!("[example.com]:2222 ssh-ed25519 {KEY}"),
        ];
        let pins: Vec<_> = forms.iter().map(|form| HostPin::parse(form)).collect();
        assert!(pins[0].is_some() && pins.windows(2).all(|pair| pair[0] == pair[1]));
        let print = pins[0].as_ref().map(HostPin::fingerprint).unwrap_or_default();
        assert!(print.starts_with("SHA256:"));
        assert_eq!(HostPin::parse(&print).map(|pin| pin.fingerprint()), Some(print));
    }

    #[test]
    fn bar_72_refuses_what_is_no_key() {
        for bad in ["", "ssh-ed25519", "AAAA", "SHA256:x", "MD5:00:11", "AAAAC3NzaC1lZDI1NTE5"] {
            assert_eq!(HostPin::parse(bad), None, "{bad}");
        }
    }
}
