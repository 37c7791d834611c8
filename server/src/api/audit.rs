use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fanlight_core::FieldError;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{ApiError, ApiQuery};
use crate::App;
use crate::audit::{Action, Outcome};
use crate::store::{AuditFilter, AuditRow};

const USUAL_PAGE: u32 = 100;
const LONGEST_PAGE: u32 = 1000;
const USUAL_TOKEN_LIST: u32 = 200;
const LONGEST_TOKEN_LIST: u32 = 1000;
/// Longest text to look for, characters.
const LONGEST_TEXT: usize = 200;

/// Something that was done or refused.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEvent {
    /// Its id: the `before` of the events that came earlier.
    id: Uuid,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// What it was.
    #[schema(value_type = Action)]
    action: String,
    /// How it went.
    #[schema(value_type = Outcome)]
    outcome: String,
    /// Who did it.
    actor_id: Option<String>,
    /// Their name.
    actor_name: Option<String>,
    /// Their e-mail address.
    actor_email: Option<String>,
    /// What they showed: `api_key`, `token`, `oidc`, or `command_line`.
    auth_type: Option<String>,
    /// Where they came from.
    ip_addr: Option<String>,
    /// Kind of what it was about.
    subject_type: Option<String>,
    /// Its id.
    subject_id: Option<String>,
    /// Its name for people.
    subject_name: Option<String>,
    /// Further circumstances.
    details: BTreeMap<String, String>,
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    /// The newest first.
    items: Vec<AuditEvent>,
    /// The `before` of the next page; `null` on the last one.
    next: Option<Uuid>,
}

/// What was done with a user token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAuditEvent {
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// E-mail address of the token's user.
    user_email: Option<String>,
    /// Name of the token.
    token_name: Option<String>,
    /// `created`, `revoked`, `refused`.
    action: String,
    /// Where the request came from.
    ip_addr: Option<String>,
    /// Further circumstances, in one line.
    details: String,
}

/// Which events to show. Texts are compared without regard to case.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Only these, from this time on: 2027-01-01T00:00:00Z.
    from: Option<String>,
    /// Only those before this time.
    to: Option<String>,
    /// Only this action.
    #[param(value_type = Option<Action>)]
    action: Option<String>,
    /// Only by whom this is the name, the e-mail address or the id.
    actor: Option<String>,
    /// Only those that went so.
    #[param(value_type = Option<Outcome>)]
    outcome: Option<String>,
    /// Only those with this text in a name, an address or a detail.
    q: Option<String>,
    /// At most so many in a page: 1 to 1,000, 100 unless given. The table of
    /// `audit.csv` has no pages.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Only older ones than the event with this id.
    #[param(value_type = Option<Uuid>)]
    before: Option<String>,
}

/// Whose tokens.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TokenAuditQuery {
    /// At most so many: 200 unless given, 1,000 at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Only tokens of the user with this e-mail address.
    email: Option<String>,
}

/// Lists what was done and refused, the newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "Audit", params(AuditQuery),
    responses((status = 200, description = "A page of the log.", body = AuditPage)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    let mut filter = query.check()?;
    let wanted = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    filter.limit += 1;
    let mut rows = app.store.audit(&filter).await?;
    let is_last = rows.len() <= wanted;
    rows.truncate(wanted);
    let next = rows.last().map(|row| row.id).filter(|_| !is_last);
    Ok(Json(AuditPage { items: rows.into_iter().map(AuditEvent::from).collect(), next }))
}

/// Lists what was done with user tokens, the newest first: a view of the audit log.
#[utoipa::path(get, path = "/api/admin/token-audit", tag = "Audit", params(TokenAuditQuery),
    responses((status = 200, description = "The newest first.", body = Vec<TokenAuditEvent>)))]
pub(super) async fn list_tokens(
    State(app): State<Arc<App>>,
    ApiQuery(query): ApiQuery<TokenAuditQuery>,
) -> Result<Json<Vec<TokenAuditEvent>>, ApiError> {
    let mut errors = Vec::new();
    let limit = query.limit.as_deref();
    let limit = read_limit(limit, USUAL_TOKEN_LIST, LONGEST_TOKEN_LIST, &mut errors);
    let email = read_text("email", query.email, &mut errors);
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    let filter = AuditFilter { actions: token_actions(), email, limit, ..AuditFilter::default() };
    let rows = app.store.audit(&filter).await?;
    Ok(Json(rows.into_iter().map(TokenAuditEvent::from).collect()))
}

fn token_actions() -> Vec<&'static str> {
    [Action::TokenCreate, Action::TokenRevoke, Action::TokenRefused].map(Action::name).into()
}

impl AuditQuery {
    /// The filter, or every parameter that is wrong.
    pub(super) fn check(self) -> Result<AuditFilter, ApiError> {
        let mut errors = Vec::new();
        let filter = AuditFilter {
            before: parsed(
                "before",
                self.before.as_deref(),
                "must be the id of an event",
                &mut errors,
            ),
            from: read_time("from", self.from.as_deref(), &mut errors),
            to: read_time("to", self.to.as_deref(), &mut errors),
            actions: read_action(self.action.as_deref(), &mut errors).into_iter().collect(),
            outcome: read_outcome(self.outcome.as_deref(), &mut errors),
            actor: read_text("actor", self.actor, &mut errors),
            email: None,
            text: read_text("q", self.q, &mut errors),
            limit: read_limit(self.limit.as_deref(), USUAL_PAGE, LONGEST_PAGE, &mut errors),
        };
        if errors.is_empty() { Ok(filter) } else { Err(ApiError::invalid(errors)) }
    }
}

pub(super) fn parsed<T: std::str::FromStr>(
    name: &str,
    text: Option<&str>,
    expected: &str,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let value = text.filter(|text| !text.is_empty())?.parse();
    value.map_err(|_| errors.push(FieldError::new(name, expected))).ok()
}

pub(super) fn read_limit(
    text: Option<&str>,
    usual: u32,
    most: u32,
    errors: &mut Vec<FieldError>,
) -> u32 {
    let expected = format!("must be 1-{most}");
    let limit = parsed("limit", text, &expected, errors).unwrap_or(usual);
    if !(1..=most).contains(&limit) {
        errors.push(FieldError::new("limit", expected));
    }
    limit
}

pub(super) fn read_time(
    name: &str,
    text: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> Option<OffsetDateTime> {
    let time = OffsetDateTime::parse(text.filter(|text| !text.is_empty())?, &Rfc3339);
    let expected = "must be a time like 2027-01-01T00:00:00Z";
    time.map_err(|_| errors.push(FieldError::new(name, expected))).ok()
}

fn read_action(text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<&'static str> {
    let text = text.filter(|text| !text.is_empty())?;
    let found = Action::ALL.iter().map(|action| action.name()).find(|name| *name == text);
    if found.is_none() {
        errors.push(FieldError::new("action", "is no action of the audit log"));
    }
    found
}

fn read_outcome(text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<&'static str> {
    let text = text.filter(|text| !text.is_empty())?;
    let all = [Outcome::Ok, Outcome::Refused, Outcome::Error];
    let found = all.into_iter().map(Outcome::name).find(|name| *name == text);
    if found.is_none() {
        errors.push(FieldError::new("outcome", "must be ok, refused or error"));
    }
    found
}

pub(super) fn read_text(
    name: &str,
    text: Option<String>,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let text = text.filter(|text| !text.is_empty())?;
    if text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
        let expected = format!("must be at most {LONGEST_TEXT} characters, none of control");
        errors.push(FieldError::new(name, expected));
    }
    Some(text)
}

impl From<AuditRow> for AuditEvent {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            details: read_details(&row),
            action: row.action,
            outcome: row.outcome,
            actor_id: row.actor_id,
            actor_name: row.actor_name,
            actor_email: row.actor_email,
            auth_type: row.auth_type,
            ip_addr: row.ip_addr,
            subject_type: row.subject_type,
            subject_id: row.subject_id,
            subject_name: row.subject_name,
        }
    }
}

impl From<AuditRow> for TokenAuditEvent {
    fn from(row: AuditRow) -> Self {
        let action = match row.action.as_str() {
            "token_create" => "created",
            "token_revoke" => "revoked",
            other => other.trim_start_matches("token_"),
        };
        Self {
            created_at: row.created_at,
            details: one_line(&read_details(&row)),
            action: action.to_owned(),
            user_email: row.subject_email.or(row.actor_email),
            token_name: row.subject_name,
            ip_addr: row.ip_addr,
        }
    }
}

pub(super) fn read_details(row: &AuditRow) -> BTreeMap<String, String> {
    serde_json::from_str(&row.details).unwrap_or_default()
}

/// `name: value; name: value`.
pub(super) fn one_line(details: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = details.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    pairs.join("; ")
}
