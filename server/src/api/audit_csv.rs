use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::stream;
use time::format_description::well_known::Rfc3339;

use super::audit::{AuditQuery, one_line, read_details};
use super::{ApiError, ApiQuery};
use crate::App;
use crate::store::{AuditFilter, AuditRow, Store, StoreError};

const HEAD: &str = "id,created_at,action,outcome,actor_id,actor_name,actor_email,auth_type,ip_addr,\
    subject_type,subject_id,subject_name,subject_email,details\r\n";
/// Rows that are read, written and forgotten at a time.
const PAGE: u32 = 500;

/// The audit log as a table for spreadsheets, the newest first. It is sent as it is read: its
/// length costs the gateway no memory.
#[utoipa::path(get, path = "/api/admin/audit.csv", tag = "Audit", params(AuditQuery),
    responses((status = 200, description = "RFC 4180, with a head. A value that a spreadsheet \
        would take for a formula begins with an apostrophe. `limit` is not looked at.",
        content_type = "text/csv", body = String)))]
pub(super) async fn table(
    State(app): State<Arc<App>>,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let filter = AuditFilter { limit: PAGE, ..query.check()? };
    let first = app.store.audit(&filter).await?;
    let rest = Pages { store: app.store.clone(), filter, next: Some(first) };
    let pages = stream::try_unfold(rest, Pages::turn);
    let head = stream::once(async { Ok::<_, StoreError>(HEAD.to_owned()) });
    let about = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"fanlight-audit.csv\""),
    ];
    Ok((about, Body::from_stream(stream::StreamExt::chain(head, pages))))
}

struct Pages {
    store: Store,
    filter: AuditFilter,
    /// Read, but not yet sent.
    next: Option<Vec<AuditRow>>,
}

impl Pages {
    async fn turn(mut self) -> Result<Option<(String, Self)>, StoreError> {
        let rows = match self.next.take() {
            Some(rows) => rows,
            None => self.store.audit(&self.filter).await?,
        };
        let Some(last) = rows.last() else { return Ok(None) };
        self.filter.before = Some(last.id);
        Ok(Some((rows.iter().map(line).collect(), self)))
    }
}

fn line(row: &AuditRow) -> String {
    let time = row.created_at.format(&Rfc3339).unwrap_or_default();
    let text = |value: &Option<String>| field(value.as_deref().unwrap_or_default());
    let fields = [
        field(&row.id.to_string()),
        field(&time),
        field(&row.action),
        field(&row.outcome),
        text(&row.actor_id),
        text(&row.actor_name),
        text(&row.actor_email),
        text(&row.auth_type),
        text(&row.ip_addr),
        text(&row.subject_type),
        text(&row.subject_id),
        text(&row.subject_name),
        text(&row.subject_email),
        field(&one_line(&read_details(row))),
    ];
    fields.join(",") + "\r\n"
}

/// A value as RFC 4180 quotes it. Spreadsheets take what begins with one of these for a
/// formula, also behind quotes; an apostrophe makes it a text (OWASP, CSV injection).
pub(super) fn field(value: &str) -> String {
    const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];
    let guard = if value.trim_start_matches(' ').starts_with(FORMULA) { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_becomes_a_text() {
        for (value, expected) in [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-1+1", "\"'-1+1\""),
            (" =1", "\"' =1\""),
            ("+49", "\"'+49\""),
        ] {
            assert_eq!(field(value), expected);
        }
    }
}
