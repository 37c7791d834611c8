//! What a schema cannot say: fields that need, exclude or contradict one another.

use fanlight_core::{FieldError, Hostname};
use url::{Host, Url};

use crate::RdpOptions;
use crate::settings::RdpSettings;
use crate::words::{AuthPackage, Security};

const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;
const KERBEROS_PORT: u16 = 88;

/// All that is wrong. Nothing of the values shows.
pub(crate) fn errors(settings: &RdpSettings, options: &RdpOptions) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut check = |wrong: bool, field: &str, message: &str| {
        if wrong {
            errors.push(FieldError::new(field, message));
        }
    };
    let has_nla = !matches!(settings.security, Some(Security::Tls | Security::Rdp));
    let ntlm = settings.auth_pkg == Some(AuthPackage::Ntlm);
    let kerberos_fields = [
        ("kdc_url", settings.kdc_url.is_some()),
        ("kerberos_cache", settings.kerberos_cache.is_some()),
    ];
    let chosen = settings.auth_pkg.is_some_and(|package| package != AuthPackage::Negotiate);
    check(!has_nla && chosen, "auth_pkg", "is of no use unless security is nla");
    for (field, given) in kerberos_fields {
        check(given && !has_nla, field, "is of no use unless security is nla");
        check(given && has_nla && ntlm, field, "is of no use when auth_pkg is ntlm");
    }
    let kdc = settings.kdc_url.as_deref();
    let kdc_wrong = kdc.is_some_and(|text| kdc_address(text).is_none());
    check(kdc_wrong, "kdc_url", "must be a host name or an http or https address");
    if let Some(name) = &settings.kerberos_cache {
        check(!is_file_name(name), "kerberos_cache", "must be a file name, not a path");
        let no_folder = options.kerberos_cache_dir.is_none();
        check(no_folder, "kerberos_cache", "is not available: no kerberos_cache_dir is configured");
    }
    let fingerprints = settings.cert_fingerprints.as_deref();
    check(
        fingerprints.is_some() && settings.ignore_cert,
        "cert_fingerprints",
        "contradicts ignore_cert",
    );
    check(
        fingerprints.is_some_and(|text| !text.split(',').all(is_fingerprint)),
        "cert_fingerprints",
        "must be a hash's name, a colon and hexadecimal bytes",
    );
    let devices = &settings.devices;
    let no_drives = devices.enable_drive && options.drive_dir.is_none();
    check(no_drives, "enable_drive", "is not available: no drive_dir is configured");
    let needs_drive = "is of no use without enable_drive";
    check(devices.drive_name.is_some() && !devices.enable_drive, "drive_name", needs_drive);
    let printer = (devices.printer_name.is_some(), devices.enable_printing);
    check(printer == (true, false), "printer_name", "is of no use without enable_printing");
    let silent = devices.console_audio && devices.disable_audio;
    check(silent, "console_audio", "contradicts disable_audio");
    let needs_app = "is of no use without remote_app";
    let lonely = settings.opens.remote_app.is_none();
    check(lonely && settings.opens.remote_app_dir.is_some(), "remote_app_dir", needs_app);
    check(lonely && settings.opens.remote_app_args.is_some(), "remote_app_args", needs_app);
    let zone = settings.timezone.as_deref();
    check(zone.is_some_and(|zone| !is_zone(zone)), "timezone", "must be like Europe/Berlin");
    errors
}

/// Where a KDC or its proxy listens.
pub(crate) fn kdc_address(text: &str) -> Option<(Hostname, u16)> {
    if !text.contains("://") {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') => (name, port.parse().ok()?),
            _ => (text, KERBEROS_PORT),
        };
        return Some((name.parse().ok()?, port)).filter(|(_, port)| *port > 0);
    }
    let url = Url::parse(text).ok()?;
    let port = match url.scheme() {
        "https" => HTTPS_PORT,
        "http" => HTTP_PORT,
        _ => return None,
    };
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let name = match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Some((name.parse().ok()?, url.port().unwrap_or(port)))
}

/// Letters, digits, `-`, `_`, `.`, not starting with a dot: nothing that leads elsewhere.
fn is_file_name(name: &str) -> bool {
    !name.starts_with('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_fingerprint(text: &str) -> bool {
    let Some((hash, bytes)) = text.trim().split_once(':') else { return false };
    let digits = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    ["sha1", "sha256", "sha384", "sha512"].contains(&hash) && bytes.split(':').all(digits)
}

fn is_zone(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b))
}
