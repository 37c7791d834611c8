use std::collections::BTreeMap;

/// Most bytes that one viewer's open streams may hold together.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// Most streams that one viewer may have open.
const MAX_OPEN: usize = 8;

/// What a stream from a viewer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    Clipboard,
    /// A parameter, by its name.
    Argument(String),
}

/// Answers to a stream, by their codes in the protocol ("Status codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Ok,
    Unsupported,
    BadRequest,
    Forbidden,
    TooMuch,
    BadType,
    TooMany,
}

impl Answer {
    pub(super) const fn status(self) -> i64 {
        match self {
            Self::Ok => 0,
            Self::Unsupported => 0x0100,
            Self::BadRequest => 0x0300,
            Self::Forbidden => 0x0303,
            Self::TooMuch => 0x030D,
            Self::BadType => 0x030F,
            Self::TooMany => 0x031D,
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Unsupported => "Not supported",
            Self::BadRequest => "Not valid",
            Self::Forbidden => "Not allowed",
            Self::TooMuch => "Too long",
            Self::BadType => "Only text",
            Self::TooMany => "Too many streams",
        }
    }
}

/// The streams that one viewer has open towards the session. Bounded.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<i64, (Purpose, Vec<u8>)>,
    held: usize,
}

impl Streams {
    pub(super) fn begin(&mut self, index: i64, purpose: Purpose, mimetype: &str) -> Answer {
        self.drop_stream(index);
        if !is_text(mimetype) {
            Answer::BadType
        } else if self.open.len() >= MAX_OPEN {
            Answer::TooMany
        } else {
            self.open.insert(index, (purpose, Vec::new()));
            Answer::Ok
        }
    }

    /// Takes one `blob`; a stream that is refused is gone.
    pub(super) fn take(&mut self, index: i64, base64: &str) -> Answer {
        let Some((_, data)) = self.open.get_mut(&index) else {
            return Answer::BadRequest;
        };
        let answer = match base64_simd::STANDARD.decode_to_vec(base64) {
            Err(_) => Answer::BadRequest,
            Ok(bytes) if self.held + bytes.len() > MAX_BYTES => Answer::TooMuch,
            Ok(bytes) => {
                self.held += bytes.len();
                data.extend_from_slice(&bytes);
                return Answer::Ok;
            }
        };
        self.drop_stream(index);
        answer
    }

    /// Ends a stream; the text if it was one.
    pub(super) fn end(&mut self, index: i64) -> Option<(Purpose, String)> {
        let (purpose, data) = self.drop_stream(index)?;
        Some((purpose, String::from_utf8(data).ok()?))
    }

    fn drop_stream(&mut self, index: i64) -> Option<(Purpose, Vec<u8>)> {
        let stream = self.open.remove(&index)?;
        self.held -= stream.1.len();
        Some(stream)
    }
}

fn is_text(mimetype: &str) -> bool {
    let kind = mimetype.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(bytes: usize) -> String {
        base64_simd::STANDARD.encode_to_string(vec![b'x'; bytes])
    }

    #[test]
    fn joins_blobs_and_yields_the_text_once() {
        let mut streams = Streams::default();
        assert_eq!(streams.begin(3, Purpose::Clipboard, "text/plain;charset=utf-8"), Answer::Ok);
        assert_eq!(streams.take(3, "w6Q="), Answer::Ok);
        assert_eq!(streams.take(3, "YmM="), Answer::Ok);
        assert_eq!(streams.end(3), Some((Purpose::Clipboard, "äbc".into())));
        assert_eq!(streams.end(3), None);
    }

    #[test]
    fn what_streams_hold_is_bounded_and_freed() {
        let mut streams = Streams::default();
        for round in 0..3 {
            assert_eq!(streams.begin(1, Purpose::Clipboard, "text/plain"), Answer::Ok, "{round}");
            assert_eq!(streams.take(1, &blob(MAX_BYTES)), Answer::Ok);
            assert_eq!(streams.take(1, &blob(1)), Answer::TooMuch);
            assert_eq!(streams.take(1, &blob(1)), Answer::BadRequest);
        }
        let opened = (0..20).map(|i| streams.begin(i, Purpose::Clipboard, "text/plain"));
        assert_eq!(opened.filter(|answer| *answer == Answer::Ok).count(), MAX_OPEN);
    }

    #[test]
    fn refuses_what_is_no_text() {
        let mut streams = Streams::default();
        assert_eq!(streams.begin(0, Purpose::Clipboard, "image/png"), Answer::BadType);
        assert_eq!(streams.begin(0, Purpose::Clipboard, "text/plain"), Answer::Ok);
        assert_eq!(streams.take(0, "*"), Answer::BadRequest);
    }
}
