use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::config::ServerConfig;

/// Browsers accept the `__Host-` prefix only with `Secure`, `Path=/` and no domain: no
/// other host can set such a cookie.
const SECURE_NAME: &str = "__Host-fanlight";
const PLAIN_NAME: &str = "fanlight";

fn name(server: &ServerConfig) -> &'static str {
    if server.is_https() { SECURE_NAME } else { PLAIN_NAME }
}

/// The sign-in cookie's value, if the request carries one.
pub fn sign_in_cookie<'a>(headers: &'a HeaderMap, server: &ServerConfig) -> Option<&'a str> {
    read(headers, name(server))
}

fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// The cookie that binds a sign-in at the provider to one browser. Each has a name of its
/// own, so that two tabs do not take it from each other. `flow` must be of letters and
/// digits.
pub fn flow_cookie<'a>(
    headers: &'a HeaderMap,
    flow: &str,
    server: &ServerConfig,
) -> Option<&'a str> {
    read(headers, &flow_name(flow, server))
}

/// The header that sets it, or with an empty value and lifetime takes it back.
pub fn set_flow_cookie(
    flow: &str,
    value: &str,
    lifetime: Duration,
    server: &ServerConfig,
) -> Option<HeaderValue> {
    write(&flow_name(flow, server), value, lifetime, server)
}

fn flow_name(flow: &str, server: &ServerConfig) -> String {
    format!("{}-oidc-{flow}", name(server))
}

/// The header that makes a browser keep the cookie for `lifetime`. `value` must be of
/// letters and digits.
pub fn set_cookie(value: &str, lifetime: Duration, server: &ServerConfig) -> Option<HeaderValue> {
    write(name(server), value, lifetime, server)
}

/// Where a browser shows the ID token that it signed in with, and nowhere else.
const SIGN_OUT_PATH: &str = "/auth/logout";
/// Browsers keep cookies of 4096 bytes, name and attributes included.
const LONGEST_ID_TOKEN: usize = 3800;

fn id_token_name(server: &ServerConfig) -> &'static str {
    if server.is_https() { "__Secure-fanlight-id" } else { "fanlight-id" }
}

/// The ID token that this browser signed in with: kept in the browser alone, to be shown to
/// the provider at the sign-out.
pub fn id_token_cookie<'a>(headers: &'a HeaderMap, server: &ServerConfig) -> Option<&'a str> {
    read(headers, id_token_name(server)).filter(|value| !value.is_empty())
}

/// The header that makes the browser keep it, or with an empty one and no lifetime forget it;
/// `None` for one that is too long for a cookie.
pub fn set_id_token_cookie(
    id_token: &str,
    lifetime: Duration,
    server: &ServerConfig,
) -> Option<HeaderValue> {
    let fits = id_token.len() <= LONGEST_ID_TOKEN;
    let header = || write_for(SIGN_OUT_PATH, id_token_name(server), id_token, lifetime, server);
    fits.then(header).flatten()
}

fn write(
    name: &str,
    value: &str,
    lifetime: Duration,
    server: &ServerConfig,
) -> Option<HeaderValue> {
    write_for("/", name, value, lifetime, server)
}

fn write_for(
    path: &str,
    name: &str,
    value: &str,
    lifetime: Duration,
    server: &ServerConfig,
) -> Option<HeaderValue> {
    let secure = if server.is_https() { "; Secure" } else { "" };
    let text = format!(
        "{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        lifetime.as_secs()
    );
    HeaderValue::try_from(text).ok()
}

/// The header that makes a browser forget the cookie.
pub fn clear_cookie(server: &ServerConfig) -> Option<HeaderValue> {
    set_cookie("", Duration::ZERO, server)
}
