use std::time::Duration;

use fanlight_core::FieldError;

use super::Period;
use super::raw::RawConfig;

/// Longer ones are mistakes, and lead beyond the end of the calendar.
const LONGEST: Duration = Duration::from_secs(3650 * 24 * 3600);

/// The database itself refuses to delete younger events.
const LEAST_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is wrong with the times of the configuration.
pub(super) fn check(raw: &RawConfig) -> Vec<FieldError> {
    let idle = raw.sessions.idle_timeout.map(|period| ("sessions.idle_timeout", period));
    let positive = limits(raw).into_iter().chain(idle).map(|(key, period)| (key, period, true));
    let any = graces(raw).into_iter().map(|(key, period)| (key, period, false));
    let complain = |(key, Period(time), must_pass): (&'static str, Period, bool)| {
        if must_pass && time.is_zero() {
            Some(FieldError::new(key, "must be above 0"))
        } else {
            (time > LONGEST).then(|| FieldError::new(key, "must be at most 3650d"))
        }
    };
    let audit = raw.audit.retention.filter(|period| period.0 < LEAST_RETENTION);
    let audit = audit.map(|_| FieldError::new("audit.retention", "must be at least 30d"));
    let clusters = super::machines::timeouts(&raw.machines);
    positive.chain(any).filter_map(complain).chain(audit).chain(clusters).collect()
}

/// Times in which something has to happen: without any, it never could.
fn limits(raw: &RawConfig) -> [(&'static str, Period); 27] {
    let RawConfig { server, database, access, oidc, sessions, guacd, .. } = raw;
    let RawConfig { jump_hosts, machines, book, .. } = raw;
    [
        ("server.request_timeout", server.request_timeout),
        ("server.header_timeout", server.header_timeout),
        ("database.busy_timeout", database.busy_timeout),
        ("database.migration_timeout", database.migration_timeout),
        ("access.sign_in_lifetime", access.sign_in_lifetime),
        ("access.link_lifetime", access.link_lifetime),
        ("oidc.timeout", oidc.timeout),
        ("oidc.flow_lifetime", oidc.flow_lifetime),
        ("oidc.discovery_lifetime", oidc.discovery_lifetime),
        ("sessions.pending_timeout", sessions.pending_timeout),
        ("sessions.keypair_timeout", sessions.keypair_timeout),
        ("sessions.max_duration", sessions.max_duration),
        ("sessions.opening_link_lifetime", sessions.opening_link_lifetime),
        ("sessions.ticket_lifetime", sessions.ticket_lifetime),
        ("sessions.send_deadline", sessions.send_deadline),
        ("sessions.idle_deadline", sessions.idle_deadline),
        ("sessions.connect_timeout", sessions.connect_timeout),
        ("book.vault.timeout", book.vault.timeout),
        ("book.vault.refresh", book.vault.refresh),
        ("guacd.connect_timeout", guacd.connect_timeout),
        ("guacd.handshake_timeout", guacd.handshake_timeout),
        ("guacd.check_interval", guacd.check_interval),
        ("jump_hosts.response_timeout", jump_hosts.response_timeout),
        ("jump_hosts.silence_limit", jump_hosts.silence_limit),
        ("machines.connection_lifetime", machines.connection_lifetime),
        ("machines.link_lifetime", machines.link_lifetime),
        ("machines.probe_timeout", machines.probe_timeout),
    ]
}

/// Times of patience: none at all can be meant.
fn graces(raw: &RawConfig) -> [(&'static str, Period); 6] {
    [
        ("server.drain", raw.server.drain),
        ("server.shutdown_grace", raw.server.shutdown_grace),
        ("access.failure_window", raw.access.failure_window),
        ("sessions.reattach_grace", raw.sessions.reattach_grace),
        ("sessions.reconnect_grace", raw.sessions.reconnect_grace),
        ("sessions.idle_warning", raw.sessions.idle_warning),
    ]
}
