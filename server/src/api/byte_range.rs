use std::ops::Range;

/// What a `Range` header asks for, of something `length` bytes long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: nothing was asked for that is understood (RFC 9110, section 14.2).
    Everything,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that there are not.
    Nothing,
}

/// Reads a `Range` header. Of several ranges none is taken: the answer is everything.
pub(super) fn read(header: Option<&str>, length: u64) -> Wanted {
    let bounds = header.and_then(|text| text.strip_prefix("bytes=")).and_then(|text| {
        let (first, last) = text.trim().split_once('-')?;
        let number =
            |text: &str| text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse().ok());
        match (first, last) {
            ("", last) => Some((length.saturating_sub(number(last)??), length)),
            (first, "") => Some((number(first)??, length)),
            (first, last) => {
                let (first, last): (u64, u64) = (number(first)??, number(last)??);
                (first <= last).then(|| (first, length.min(last.saturating_add(1))))
            }
        }
    });
    match bounds {
        None => Wanted::Everything,
        Some((from, until)) if from < until => Wanted::Part(from..until),
        Some(_) => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (text, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=5-", Wanted::Part(5..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=2-99", Wanted::Part(2..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=3-2", Wanted::Everything),
            ("bytes=0-1,4-5", Wanted::Everything),
            ("bytes=a-", Wanted::Everything),
            ("bytes=-", Wanted::Everything),
            ("lines=1-2", Wanted::Everything),
        ] {
            assert_eq!(read(Some(text), 10), expected, "{text}");
        }
        assert_eq!(read(None, 10), Wanted::Everything);
        assert_eq!(read(Some("bytes=0-"), 0), Wanted::Nothing);
    }
}
