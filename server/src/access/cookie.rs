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

fn write(
    name: &str,
    value: &str,
    lifetime: Duration,
    server: &ServerConfig,
) -> Option<HeaderValue> {
    let secure = if server.is_https() { "; Secure" } else { "" };
    let text = format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        lifetime.as_secs()
    );
    HeaderValue::try_from(text).ok()
}

/// The header that makes a browser forget the cookie.
pub fn clear_cookie(server: &ServerConfig) -> Option<HeaderValue> {
    set_cookie("", Duration::ZERO, server)
}
