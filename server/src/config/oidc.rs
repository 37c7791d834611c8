use url::{Host, Url};

use super::OidcConfig;
use super::check::{Complaints, must_exist};
use super::raw::RawOidc;

/// What is configured of single sign-on, if anything.
pub(super) fn check(raw: &RawOidc, complaints: &mut Complaints) -> Option<OidcConfig> {
    let issuer = raw.issuer.as_ref()?;
    if !Url::parse(issuer).is_ok_and(|url| is_safe(&url)) {
        complaints.add("oidc.issuer", "must be like https://login.example.com");
    }
    if let Some(ca) = &raw.ca {
        must_exist("oidc.ca", ca, complaints);
    }
    for (index, scope) in raw.scopes.iter().enumerate() {
        // RFC 6749, section 3.3.
        let allowed = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
        if scope.is_empty() || !scope.chars().all(allowed) {
            complaints.add(format!("oidc.scopes.{index}"), "must be one scope's name");
        }
    }
    let role = raw.default_role.parse().ok();
    let role =
        complaints.take("oidc.default_role", role, "must be viewer, operator, poweruser or admin");
    let client_id = raw.client_id.clone().filter(|id| !id.is_empty());
    let client_id =
        complaints.take("oidc.client_id", client_id, "is required where oidc.issuer is set");
    Some(OidcConfig {
        issuer: issuer.clone(),
        client_id: client_id?,
        client_secret: raw.client_secret.clone(),
        label: raw.label.clone(),
        scopes: raw.scopes.clone(),
        groups_claim: raw.groups_claim.clone(),
        default_role: role?,
        allow_unverified_email: raw.allow_unverified_email,
        ca: raw.ca.clone(),
        sign_out_at_provider: raw.sign_out_at_provider,
        timeout: raw.timeout.0,
        flow_lifetime: raw.flow_lifetime.0,
        discovery_lifetime: raw.discovery_lifetime.0,
    })
}

/// Credentials and what decides who gets in: over plain http only on this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.query().is_none()
        && url.fragment().is_none()
        && (url.scheme() == "https" || (url.scheme() == "http" && local))
}
