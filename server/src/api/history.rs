use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::audit::{parsed, read_limit, read_text, read_time};
use super::audit_csv::field;
use super::sessions::{SessionView, view};
use super::{ApiError, ApiQuery};
use crate::App;
use crate::access::{Identity, Role};
use crate::sessions::SessionStatus;
use crate::store::{HistoryFilter, SessionRow, Store, StoreError};

const USUAL_PAGE: u32 = 100;
const LONGEST_PAGE: u32 = 1000;
/// Rows of the table that are read, written and forgotten at a time.
const TABLE_PAGE: u32 = 500;
const HEAD: &str = "session_id,session_type,name,status,created_by,created_at,started_at,ended_at,\
    seconds,engine,hostname,url,username,bytes_in,bytes_out,ended_because\r\n";

/// Which sessions to show. Texts are compared without regard to case.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Only those made from this time on: 2027-01-01T00:00:00Z.
    from: Option<String>,
    /// Only those made before this time.
    to: Option<String>,
    /// Only those with this status.
    #[param(value_type = Option<SessionStatus>)]
    status: Option<String>,
    /// Only those of this driver, by its id.
    session_type: Option<String>,
    /// Only those of whom this is the name or the id.
    who: Option<String>,
    /// Only those with this text in a name, the target or the reason of their end.
    q: Option<String>,
    /// At most so many in a page: 1 to 1,000, 100 unless given. The table of `history.csv`
    /// has no pages.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Only those made before the session with this id.
    #[param(value_type = Option<Uuid>)]
    before: Option<String>,
}

/// A page of the history.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryPage {
    /// The newest first.
    items: Vec<SessionView>,
    /// The `before` of the next page; `null` on the last one.
    next: Option<Uuid>,
}

impl HistoryQuery {
    /// The filter, or every parameter that is wrong. Who is no admin sees their own.
    fn check(self, caller: &Identity) -> Result<HistoryFilter, ApiError> {
        let mut errors = Vec::new();
        let expected = "must be pending, active, completed, error or expired";
        let status: Option<Status> =
            parsed("status", self.status.as_deref(), expected, &mut errors);
        let before = parsed("before", self.before.as_deref(), "must be a UUID", &mut errors);
        let filter = HistoryFilter {
            before,
            from: read_time("from", self.from.as_deref(), &mut errors),
            to: read_time("to", self.to.as_deref(), &mut errors),
            creator_id: (caller.role != Role::Admin).then(|| caller.subject.clone()),
            status: status.map(|Status(status)| status),
            session_type: read_text("session_type", self.session_type, &mut errors),
            who: read_text("who", self.who, &mut errors),
            text: read_text("q", self.q, &mut errors),
            limit: read_limit(self.limit.as_deref(), USUAL_PAGE, LONGEST_PAGE, &mut errors),
        };
        if errors.is_empty() { Ok(filter) } else { Err(ApiError::invalid(errors)) }
    }
}

struct Status(SessionStatus);

impl std::str::FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        SessionStatus::parse(text).map(Self).ok_or(())
    }
}

/// Shows the history of sessions, live ones among them: one's own, and to admins all.
#[utoipa::path(get, path = "/api/sessions/history", tag = "Sessions", params(HistoryQuery),
    responses((status = 200, description = "A page, the newest first.", body = HistoryPage)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<Json<HistoryPage>, ApiError> {
    let mut filter = query.check(&identity)?;
    let most = filter.limit as usize;
    // One more than is shown tells whether there is a next page.
    filter.limit += 1;
    let mut rows = app.store.history(&filter).await?;
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let items = rows.into_iter().map(|row| {
        let live = app.sessions.find(row.id);
        view(row, live.as_deref(), &identity)
    });
    Ok(Json(HistoryPage { items: items.collect(), next }))
}

/// The history as a table for spreadsheets, the newest first. It is sent as it is read: its
/// length costs the gateway no memory.
#[utoipa::path(get, path = "/api/sessions/history.csv", tag = "Sessions", params(HistoryQuery),
    responses((status = 200, description = "RFC 4180, with a head. A value that a spreadsheet \
        would take for a formula begins with an apostrophe. `limit` is not looked at.",
        content_type = "text/csv", body = String)))]
pub(super) async fn table(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let filter = HistoryFilter { limit: TABLE_PAGE, ..query.check(&identity)? };
    let first = app.store.history(&filter).await?;
    let rest = Pages { store: app.store.clone(), filter, next: Some(first) };
    let pages = stream::try_unfold(rest, Pages::turn);
    let head = stream::once(async { Ok::<_, StoreError>(HEAD.to_owned()) });
    let about = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"fanlight-sessions.csv\""),
    ];
    Ok((about, Body::from_stream(stream::StreamExt::chain(head, pages))))
}

struct Pages {
    store: Store,
    filter: HistoryFilter,
    /// Read, but not yet sent.
    next: Option<Vec<SessionRow>>,
}

impl Pages {
    async fn turn(mut self) -> Result<Option<(String, Self)>, StoreError> {
        let rows = match self.next.take() {
            Some(rows) => rows,
            None => self.store.history(&self.filter).await?,
        };
        let Some(last) = rows.last() else { return Ok(None) };
        self.filter.before = Some(last.id);
        Ok(Some((rows.iter().map(line).collect(), self)))
    }
}

fn line(row: &SessionRow) -> String {
    let time = |time: Option<OffsetDateTime>| {
        field(&time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default())
    };
    let text = |value: &Option<String>| field(value.as_deref().unwrap_or_default());
    let seconds = match (row.started_at, row.ended_at) {
        (Some(start), Some(end)) => (end - start).whole_seconds().max(0).to_string(),
        _ => String::new(),
    };
    let fields = [
        field(&row.id.to_string()),
        field(&row.session_type),
        text(&row.name),
        field(row.status.as_str()),
        field(&row.creator_name),
        time(Some(row.created_at)),
        time(row.started_at),
        time(row.ended_at),
        field(&seconds),
        field(&row.engine),
        text(&row.hostname),
        text(&row.url),
        text(&row.username),
        field(&row.bytes_in.to_string()),
        field(&row.bytes_out.to_string()),
        text(&row.ended_because),
    ];
    fields.join(",") + "\r\n"
}
