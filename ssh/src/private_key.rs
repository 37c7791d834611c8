use base64_simd::forgiving_decode_to_vec;
use fanlight_core::Secret;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use russh::keys::ssh_key::Kdf;
use russh::keys::{PrivateKey, decode_secret_key};
use zeroize::Zeroizing;

/// Rounds of bcrypt that are worked through; ssh-keygen uses 16 to 24 unless told.
const MAX_BCRYPT_ROUNDS: u32 = 512;
/// Rounds of PBKDF2 that are worked through; OpenSSL uses 2,048, careful people 600,000.
const MAX_PBKDF2_ROUNDS: u32 = 2_000_000;

/// Why a private key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// It needs a passphrase and none was given.
    Encrypted,
    /// The passphrase is not the one.
    WrongPassphrase,
    /// Its encryption would take too long to undo, or is not known.
    TooCostly,
    /// It is none, or of a kind that is not known.
    NotAKey,
}

impl KeyFault {
    /// Reads well behind a field's name; shows nothing of the key.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Encrypted => "is encrypted and needs a passphrase",
            Self::WrongPassphrase => "does not open the private key",
            Self::TooCostly => {
                "is encrypted in a way that is not supported; `ssh-keygen -p -f FILE` rewrites it"
            }
            Self::NotAKey => {
                "must be a private key in OpenSSH, PKCS#8 or RSA PEM form (Ed25519, ECDSA or RSA)"
            }
        }
    }
}

/// Reads a PEM, decrypting it where needed. The cost of that is set by whoever made the
/// key, so it is bounded: a crafted key must not stall or exhaust the gateway.
///
/// # Errors
/// Why it cannot be used; nothing of the key shows.
pub fn parse_private_key(pem: &str, passphrase: Option<&str>) -> Result<PrivateKey, KeyFault> {
    let lines: Vec<_> = pem.lines().map(str::trim).collect();
    let pem = Zeroizing::new(lines.join("\n"));
    match pem_label(&pem).ok_or(KeyFault::NotAKey)? {
        "OPENSSH PRIVATE KEY" => parse_openssh(&pem, passphrase),
        "ENCRYPTED PRIVATE KEY" => {
            check_pkcs8_cost(&pem)?;
            decrypt(&pem, passphrase)
        }
        "RSA PRIVATE KEY" if pem.contains("\nDEK-Info: AES-128-CBC,") => decrypt(&pem, passphrase),
        "RSA PRIVATE KEY" if pem.contains("\nDEK-Info:") => Err(KeyFault::TooCostly),
        "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => {
            decode_secret_key(&pem, None).map_err(|_| KeyFault::NotAKey)
        }
        _ => Err(KeyFault::NotAKey),
    }
}

/// The same on a thread of its own: decrypting takes a while by design, and must not hold
/// up other sessions' tasks.
///
/// # Errors
/// See [`parse_private_key`].
pub async fn open_private_key(
    pem: Secret,
    passphrase: Option<Secret>,
) -> Result<PrivateKey, KeyFault> {
    let parsing = tokio::task::spawn_blocking(move || {
        parse_private_key(pem.expose(), passphrase.as_ref().map(|p| p.expose().as_str()))
    });
    parsing.await.unwrap_or(Err(KeyFault::NotAKey))
}

fn decrypt(pem: &str, passphrase: Option<&str>) -> Result<PrivateKey, KeyFault> {
    let passphrase = passphrase.ok_or(KeyFault::Encrypted)?;
    decode_secret_key(pem, Some(passphrase)).map_err(|_| KeyFault::WrongPassphrase)
}

fn parse_openssh(pem: &str, passphrase: Option<&str>) -> Result<PrivateKey, KeyFault> {
    let body = pem_body(pem).ok_or(KeyFault::NotAKey)?;
    let key = PrivateKey::from_bytes(&body).map_err(|_| KeyFault::NotAKey)?;
    match key.kdf() {
        Kdf::Bcrypt { rounds, .. } if *rounds > MAX_BCRYPT_ROUNDS => Err(KeyFault::TooCostly),
        _ if key.is_encrypted() => decrypt(pem, passphrase),
        _ => Ok(key),
    }
}

/// scrypt's memory is set by the key as well, up to terabytes: only PBKDF2 is taken.
fn check_pkcs8_cost(pem: &str) -> Result<(), KeyFault> {
    let body = pem_body(pem).ok_or(KeyFault::NotAKey)?;
    let info =
        EncryptedPrivateKeyInfoRef::try_from(body.as_slice()).map_err(|_| KeyFault::NotAKey)?;
    match &info.encryption_algorithm {
        EncryptionScheme::Pbes2(pbes2::Parameters { kdf: pbes2::Kdf::Pbkdf2(kdf), .. })
            if kdf.iteration_count <= MAX_PBKDF2_ROUNDS =>
        {
            Ok(())
        }
        _ => Err(KeyFault::TooCostly),
    }
}

fn pem_label(pem: &str) -> Option<&str> {
    let first = pem.lines().find(|line| line.starts_with("-----BEGIN "))?;
    first.strip_prefix("-----BEGIN ")?.strip_suffix("-----")
}

fn pem_body(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let lines = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN ")).skip(1);
    let body: Zeroizing<String> =
        Zeroizing::new(lines.take_while(|line| !line.starts_with("-----END ")).collect());
    forgiving_decode_to_vec(body.as_bytes()).ok().map(Zeroizing::new)
}
