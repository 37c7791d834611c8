use fanlight_core::{Cause, Endpoint, EngineKind, Plan, Route, SessionCx, SessionError};

use crate::account::account;
use crate::checks::kdc_address;
use crate::settings::RdpSettings;
use crate::words::{AuthPackage, ResizeMethod};
use crate::{RdpOptions, drive};

const DRIVE_NAME: &str = "Fanlight";

/// The plan for guacd's `rdp` plug-in ("RDP" in "Configuring Guacamole").
///
/// # Errors
/// `Denied` for a KDC that the network policy forbids, and those of [`drive::make_folder`].
pub(crate) async fn plan(
    settings: &RdpSettings,
    options: &RdpOptions,
    route: Route,
    cx: &dyn SessionCx,
) -> Result<Plan, SessionError> {
    check_names(settings, options, &route, cx.engine())?;
    let plan = session(login(settings, options, route), settings);
    if let Some((host, port)) = settings.kdc_url.as_deref().and_then(kdc_address) {
        cx.reach(&Endpoint::Tcp(host, port)).await?;
    }
    let Some(parent) = options.drive_dir.as_deref().filter(|_| settings.devices.enable_drive)
    else {
        return Ok(plan);
    };
    let name = drive::make_folder(parent, cx).await?;
    let path = options.guacd_drive_dir.as_deref().unwrap_or(parent).join(name);
    Ok(plan
        .set("enable-drive", "true")
        .set("drive-path", path.to_string_lossy())
        .set_some("drive-name", settings.devices.drive_name.as_ref())
        .default("drive-name", DRIVE_NAME))
}

/// Kerberos needs the names of the target and of the KDC, and guacd would look them up and dial
/// them itself: past the jump hosts, and past the check of their addresses. So it is told only
/// names that the operator trusts.
fn check_names(
    settings: &RdpSettings,
    options: &RdpOptions,
    route: &Route,
    engine: EngineKind,
) -> Result<(), SessionError> {
    let kerberos = settings.auth_pkg == Some(AuthPackage::Kerberos);
    let target = kerberos.then(|| settings.hostname.clone());
    let kdc = settings.kdc_url.as_deref().and_then(kdc_address).map(|(host, _)| host);
    if engine != EngineKind::Guacd || (target.is_none() && kdc.is_none()) {
        return Ok(());
    }
    if route.tunnelled {
        return Err(SessionError::new(
            Cause::EngineLacksParameter,
            "guacd cannot use Kerberos through jump hosts. Log in by NTLM (auth_pkg), and leave \
             kdc_url out.",
        ));
    }
    match [target, kdc].into_iter().flatten().find(|host| !options.trusts(host)) {
        None => Ok(()),
        Some(host) => Err(SessionError::new(
            Cause::Denied,
            format!(
                "guacd would look {host} up itself for Kerberos, which only names in \
                 drivers.rdp.kerberos_domains may be. Ask an administrator to add its domain, or \
                 log in by NTLM (auth_pkg)."
            ),
        )),
    }
}

fn login(settings: &RdpSettings, options: &RdpOptions, route: Route) -> Plan {
    let account = account(settings);
    let package = settings.auth_pkg.filter(|package| *package != AuthPackage::Negotiate);
    let by_name = settings.auth_pkg == Some(AuthPackage::Kerberos);
    let cache = settings.kerberos_cache.as_ref().zip(options.kerberos_cache_dir.as_ref());
    let plan = Plan::new("rdp").target(route);
    // A Kerberos ticket is for a name: an address would not get one.
    let plan = if by_name { plan.set("hostname", settings.hostname.as_str()) } else { plan };
    plan.set_some("username", account.username)
        .set_secret("password", settings.password.as_ref())
        .set_some("domain", account.domain)
        .set_some("security", settings.security.map(|security| security.name()))
        .set_some("auth-pkg", package.map(|package| package.name()))
        .set_some("kdc-url", settings.kdc_url.as_ref())
        .set_some("kerberos-cache", cache.map(|(name, dir)| dir.join(name).display().to_string()))
        .set_flag("disable-auth", settings.disable_auth)
        .set_flag("ignore-cert", settings.ignore_cert)
        .set_some("cert-fingerprints", settings.cert_fingerprints.as_ref())
}

fn session(plan: Plan, settings: &RdpSettings) -> Plan {
    plan.set_some("server-layout", settings.server_layout.map(|layout| layout.name()))
        .set_some("timezone", settings.timezone.as_ref())
        .set_some("normalize-clipboard", settings.normalize_clipboard.as_ref())
        .set_flag("disable-download", settings.transfers.disable_download)
        .set_flag("disable-upload", settings.transfers.disable_upload)
        .set_some("resize-method", settings.resize_method.map(|method| method.name()))
        .default("resize-method", ResizeMethod::DisplayUpdate.name())
        .with(&settings.devices)
        .with(&settings.opens)
        .with(&settings.desktop)
        .with(&settings.experience)
        .with(&settings.restrictions)
}
