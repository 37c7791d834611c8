use axum::http::{HeaderMap, Method, header};
use url::{Origin, Url};

use super::ClientAddress;
use crate::config::ServerConfig;

/// Whether the `Origin` header names this gateway: scheme, host and port. `None` where the
/// request has no such header (it does not come from a browser's script).
pub fn is_own_origin(
    headers: &HeaderMap,
    client: ClientAddress,
    server: &ServerConfig,
) -> Option<bool> {
    let shown = headers.get(header::ORIGIN)?;
    let shown = shown.to_str().ok().and_then(|text| Url::parse(text).ok()).map(|url| url.origin());
    let Some(shown @ Origin::Tuple(..)) = shown else { return Some(false) };
    let public = server.public_url.as_ref().map(Url::origin);
    Some(
        public.as_ref() == Some(&shown) || addressed_origin(headers, client, server) == Some(shown),
    )
}

/// The origin by which the client addressed us. A foreign page cannot choose it: browsers
/// set `Host` themselves, and a name that was rebound to us has no cookie of ours.
fn addressed_origin(
    headers: &HeaderMap,
    client: ClientAddress,
    server: &ServerConfig,
) -> Option<Origin> {
    let text = |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = |name| client.through_proxy.then(|| text(name)).flatten();
    let scheme = match forwarded("x-forwarded-proto") {
        Some(scheme) => scheme,
        None if server.tls.is_some() => "https",
        None => "http",
    };
    let host = forwarded("x-forwarded-host").or_else(|| text("host"))?;
    Url::parse(&format!("{scheme}://{host}/")).ok().map(|url| url.origin())
}

/// Whether a request that carries a cookie would change something on behalf of another
/// site's page. `Sec-Fetch-Site` covers browsers that leave `Origin` out.
pub fn is_foreign_write(
    method: &Method,
    headers: &HeaderMap,
    client: ClientAddress,
    server: &ServerConfig,
) -> bool {
    if method.is_safe() {
        return false;
    }
    match is_own_origin(headers, client, server) {
        Some(own) => !own,
        None => headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "same-origin" && site != "none"),
    }
}
