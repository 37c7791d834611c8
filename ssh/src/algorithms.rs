use std::borrow::Cow;

use russh::client::Config;
use russh::keys::{Algorithm, HashAlg};
use russh::{Preferred, SshId, cipher};

use crate::HostPin;

/// How Fanlight presents itself to SSH servers. Where the host key is pinned, the algorithm
/// of that key is insisted on.
pub fn base_config(pin: Option<&HostPin>) -> Config {
    Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-Fanlight_",
            env!("CARGO_PKG_VERSION")
        ))),
        preferred: preferred(pin.and_then(HostPin::algorithm)),
        ..Config::default()
    }
}

/// russh's safe choice, with AES-GCM first, which processors have instructions for.
fn preferred(pinned: Option<Algorithm>) -> Preferred {
    let key = match pinned {
        Some(Algorithm::Rsa { .. }) => Cow::Owned(vec![
            Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
            Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
            Algorithm::Rsa { hash: None },
        ]),
        Some(algorithm) => Cow::Owned(vec![algorithm]),
        None => Preferred::DEFAULT.key,
    };
    let rest = Preferred::DEFAULT.cipher.iter().copied().filter(|c| *c != cipher::AES_256_GCM);
    let cipher = std::iter::once(cipher::AES_256_GCM).chain(rest).collect();
    Preferred { key, cipher: Cow::Owned(cipher), ..Preferred::DEFAULT }
}
