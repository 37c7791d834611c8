use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Serialize;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

use super::byte_range::{self, Wanted};
use super::{ApiError, ApiPath};
use crate::App;
use crate::access::{ClientAddress, Identity, owns};
use crate::audit::{Action, Event};
use crate::recordings::{Index, PlainReader, RecordingFile, RecordingStatus, modified};
use crate::store::RecordingRow;

/// What a session showed.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordingView {
    /// Its name.
    name: String,
    /// Length of its stream in bytes.
    size_bytes: u64,
    /// When it ended; now, while it is made.
    #[serde(with = "time::serde::rfc3339")]
    modified: OffsetDateTime,
    /// Bytes that it takes on the disk.
    stored_bytes: u64,
    /// How long it is, in milliseconds.
    duration_ms: u64,
    /// Whether it is being made, and how that ended.
    status: RecordingStatus,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    ended_at: Option<OffsetDateTime>,
    /// The session that it shows.
    session_id: Uuid,
    /// Driver id of the session.
    session_type: String,
    /// What people know the session by.
    label: String,
    /// Where the session went.
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<String>,
    /// The account at the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Name of the session's creator.
    created_by: String,
    /// Whether the caller made the session.
    own: bool,
}

/// Where a player may begin to read a recording, and how much happens when.
#[derive(Serialize, ToSchema)]
pub(super) struct IndexView {
    /// The stamp of its start: its `sync` instructions count milliseconds since
    /// 1970-01-01 UTC.
    started_ms: i64,
    /// How long the recording is, in milliseconds.
    duration_ms: u64,
    /// Length of its stream in bytes.
    size_bytes: u64,
    /// In order. Each begins with the whole picture: a player that wants to show a moment
    /// reads from the last of them before it.
    segments: Vec<SegmentView>,
    /// How much happens when.
    activity: ActivityView,
}

/// A part of a recording that can be shown without those before it.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentView {
    /// When it begins, in milliseconds since the recording's start.
    time_ms: u64,
    /// Where it begins in the stream, in bytes.
    offset: u64,
}

/// How much of the picture changed in stretches of equal length.
#[derive(Serialize, ToSchema)]
pub(super) struct ActivityView {
    /// Length of a stretch in milliseconds.
    width_ms: u64,
    /// Bytes that each of them brought.
    bytes: Vec<u64>,
}

fn view(row: RecordingRow, caller: &Identity) -> RecordingView {
    RecordingView {
        own: owns(caller, &row.creator_id),
        modified: modified(&row),
        name: row.name,
        size_bytes: row.extent.plain,
        stored_bytes: row.extent.stored,
        duration_ms: row.extent.duration_ms,
        status: row.status,
        started_at: row.started_at,
        ended_at: row.ended_at,
        session_id: row.session_id,
        session_type: row.session_type,
        label: row.label,
        hostname: row.hostname,
        username: row.username,
        created_by: row.creator_name,
    }
}

impl From<RecordingFile> for IndexView {
    fn from(file: RecordingFile) -> Self {
        let size_bytes = file.extent().plain;
        let Index { duration_ms, segments, activity, .. } = file.index;
        let segments =
            segments.iter().map(|part| SegmentView { time_ms: part.time_ms, offset: part.plain });
        Self {
            started_ms: file.head.started_at,
            duration_ms,
            size_bytes,
            segments: segments.collect(),
            activity: ActivityView { width_ms: activity.width_ms, bytes: activity.bytes },
        }
    }
}

/// Lists recordings, those that are being made among them.
#[utoipa::path(get, path = "/api/recordings", tag = "Recordings",
    responses((status = 200, description = "The newest first.", body = Vec<RecordingView>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    identity: Identity,
) -> Result<Json<Vec<RecordingView>>, ApiError> {
    let rows = app.recordings.list(&identity).await?;
    Ok(Json(rows.into_iter().map(|row| view(row, &identity)).collect()))
}

/// A recording as a Guacamole stream, as other players of it read it too.
#[utoipa::path(get, path = "/api/recordings/{name}", tag = "Recordings",
    params(("name" = String, Path, description = "The recording."),
        ("Range" = Option<String>, Header, description = "One range of bytes.")),
    responses((status = 200, description = "All of it.", body = Vec<u8>,
            content_type = "application/octet-stream"),
        (status = 206, description = "The bytes that were asked for.", body = Vec<u8>,
            content_type = "application/octet-stream"),
        (status = 404, description = "There is none.", body = super::ErrorBody),
        (status = 416, description = "It is not as long.", body = super::ErrorBody)))]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(name): ApiPath<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let row = app.recordings.find(&identity, &name).await?;
    let file = app.recordings.open(&row).await?;
    let length = file.extent().plain;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, range) = match byte_range::read(range, length) {
        Wanted::Everything => (StatusCode::OK, 0..length),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => return Ok(out_of_range(length)),
    };
    app.recordings.note_play(&identity, client.ip, &row).await;
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.guac\""))
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "no-store");
    if status == StatusCode::PARTIAL_CONTENT {
        let described = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
        answer = answer.header(header::CONTENT_RANGE, described);
    }
    let plain = file.plain(range.start, range.end);
    let answer = answer.header(header::CONTENT_LENGTH, plain.left());
    answer
        .body(Body::from_stream(stream::try_unfold(plain, next_piece)))
        .map_err(ApiError::internal)
}

fn out_of_range(length: u64) -> Response {
    let (status, code) = (StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable");
    let error = ApiError::new(status, code, "The recording is not as long.");
    ([(header::CONTENT_RANGE, format!("bytes */{length}"))], error).into_response()
}

async fn next_piece(mut plain: PlainReader) -> std::io::Result<Option<(Bytes, PlainReader)>> {
    let read = spawn_blocking(move || {
        let piece = plain.next_piece()?;
        Ok(piece.map(|piece| (Bytes::from(piece), plain)))
    });
    read.await.map_err(std::io::Error::other)?
}

/// The index of a recording: where to begin to read it, and how much happens when.
#[utoipa::path(get, path = "/api/recordings/{name}/index", tag = "Recordings",
    params(("name" = String, Path, description = "The recording.")),
    responses((status = 200, description = "The index.", body = IndexView),
        (status = 404, description = "There is none.", body = super::ErrorBody)))]
pub(super) async fn index(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<IndexView>, ApiError> {
    let row = app.recordings.find(&identity, &name).await?;
    let file = app.recordings.open(&row).await?;
    app.recordings.note_play(&identity, client.ip, &row).await;
    Ok(Json(file.into()))
}

/// What is known of one recording.
#[utoipa::path(get, path = "/api/recordings/{name}/about", tag = "Recordings",
    params(("name" = String, Path, description = "The recording.")),
    responses((status = 200, description = "As in the list.", body = RecordingView),
        (status = 404, description = "There is none.", body = super::ErrorBody)))]
pub(super) async fn about(
    State(app): State<Arc<App>>,
    identity: Identity,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<RecordingView>, ApiError> {
    let row = app.recordings.find(&identity, &name).await?;
    Ok(Json(view(row, &identity)))
}

/// Deletes a recording for good.
#[utoipa::path(delete, path = "/api/recordings/{name}", tag = "Recordings",
    params(("name" = String, Path, description = "The recording.")),
    responses((status = 204, description = "It is gone."),
        (status = 404, description = "There is none.", body = super::ErrorBody),
        (status = 409, description = "It is still being made.", body = super::ErrorBody)))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    identity: Identity,
    client: ClientAddress,
    ApiPath(name): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let row = app.recordings.find(&identity, &name).await?;
    app.recordings.delete(&row).await?;
    let event = Event::new(Action::RecordingDelete).by(&identity).from(client.ip);
    let event = event.about("recording", &row.name, &row.label);
    app.audit.note(event.detail("session_id", row.session_id)).await;
    Ok(StatusCode::NO_CONTENT)
}
