use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fanlight_core::{Cause, SessionError};
use fanlight_engine::wire::Writer;
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use yawc::close::CloseCode;
use yawc::{Frame, HttpWebSocket};

use super::Sink;
use crate::sessions::Attachment;

/// Longest time to find out why the session ended.
const REASON_LIMIT: Duration = Duration::from_secs(3);
/// Longest time for the last words to leave, and for the viewer to close its side.
const CLOSING_LIMIT: Duration = Duration::from_millis(500);

/// Why a viewer's socket is closed.
#[derive(Debug)]
pub(super) enum Farewell {
    /// The session ended, or the engine ended this view.
    SessionEnded,
    /// The viewer left, or takes nothing any more.
    ViewerGone,
    /// The viewer said goodbye.
    ViewerLeft,
    /// This view failed.
    Failed(SessionError),
}

impl Farewell {
    /// What the viewer is told: an error or, where all is in order, `None`. Nothing at
    /// all where there is nobody to be told.
    pub(super) async fn reason(self, attachment: &Attachment) -> Option<Option<SessionError>> {
        match self {
            Self::ViewerGone => None,
            Self::ViewerLeft => Some(None),
            Self::Failed(error) => Some(Some(error)),
            Self::SessionEnded => {
                match tokio::time::timeout(REASON_LIMIT, attachment.ended()).await {
                    Ok(ending) => Some(ending.error.clone()),
                    Err(_) => {
                        Some(Some(SessionError::new(Cause::Lost, "The engine ended this view.")))
                    }
                }
            }
        }
    }
}

/// Tells the viewer why, and closes the socket in order, as far as the viewer takes part.
pub(super) async fn say_farewell(
    error: Option<&SessionError>,
    steps: Bytes,
    sink: &mut Sink,
    stream: &mut SplitStream<HttpWebSocket>,
) {
    sink.deadline = CLOSING_LIMIT;
    let mut words = BytesMut::from(&steps[..]);
    words.extend_from_slice(&last_words(error));
    let told = sink.send(words.freeze()).await;
    if told.is_ok() && sink.send_frame(close_frame(error)).await.is_ok() {
        // What was sent is lost where a socket is closed with input unread.
        let drained = async { while stream.next().await.is_some() {} };
        let _ = tokio::time::timeout(CLOSING_LIMIT, drained).await;
    }
}

fn last_words(error: Option<&SessionError>) -> Bytes {
    let mut out = BytesMut::new();
    match error {
        Some(error) => {
            let status = i64::from(error.cause.guacamole_status());
            Writer::new(&mut out, "error").str(&plain(&error.message)).int(status);
        }
        None => drop(Writer::new(&mut out, "disconnect")),
    }
    out.freeze()
}

/// Guacamole clients read the status from the close frame's reason.
fn close_frame(error: Option<&SessionError>) -> Frame {
    let status = error.map_or(0, |error| error.cause.guacamole_status());
    let code = match error.map(|error| error.cause) {
        None | Some(Cause::Closed) => CloseCode::Normal,
        Some(Cause::Denied | Cause::Invalid | Cause::Expired) => CloseCode::Policy,
        Some(_) => CloseCode::Error,
    };
    Frame::close(code, status.to_string())
}

/// Clients in browsers count the length of text in UTF-16 units and not, as the protocol
/// says, in code points: characters that need two units would break the stream.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.len_utf16() == 1 { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
