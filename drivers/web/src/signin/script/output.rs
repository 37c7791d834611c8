use fanlight_core::Secret;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Longest line that is looked at, bytes: the end of a longer one is dropped with it.
const LONGEST_LINE: u64 = 8 * 1024;
/// Longest line in the log, characters.
const LONGEST_SHOWN: usize = 500;
/// Lines of one script in the log.
const MOST_LINES: usize = 200;

/// What must not be shown, in the forms in which programs print it.
pub(super) struct Masks(Vec<Secret>);

impl Masks {
    pub(super) fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let forms = secrets.into_iter().flat_map(|secret| {
            let text = secret.expose().as_str();
            let json = serde_json::to_string(text).unwrap_or_default();
            let form = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let percent = form.replace('+', "%20");
            [text.to_owned(), json.trim_matches('"').to_owned(), form, percent]
        });
        let mut forms: Vec<_> = forms.filter(|form| !form.is_empty()).map(Secret::new).collect();
        // A longer one first: it may hold a shorter one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
        Self(forms)
    }

    /// One line for the log.
    pub(super) fn shown(&self, line: &str) -> String {
        let masked = self.0.iter().fold(line.to_owned(), |line, secret| {
            line.replace(secret.expose().as_str(), "<secret>")
        });
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        masked.trim_end().chars().map(plain).take(LONGEST_SHOWN).collect()
    }
}

/// Reads what a script says to its end, and tells `log` the first lines of it.
pub(super) async fn follow(said: impl AsyncRead + Unpin, masks: &Masks, log: impl Fn(&str)) {
    let mut reader = BufReader::new(said);
    let mut told = 0;
    while let Some(line) = next_line(&mut reader).await {
        if told < MOST_LINES {
            log(&masks.shown(&line));
        }
        told += 1;
    }
    if told > MOST_LINES {
        log(&format!("({} more lines)", told - MOST_LINES));
    }
}

/// The next line, or that it is too long: a part of it could hold a part of a secret.
async fn next_line(reader: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        line.clear();
        let mut limited = reader.take(LONGEST_LINE);
        let length = limited.read_until(b'\n', &mut line).await.unwrap_or(0);
        let ended = line.ends_with(b"\n");
        if length == 0 && !too_long {
            return None;
        }
        if ended || length == 0 || (length as u64) < LONGEST_LINE {
            break;
        }
        too_long = true;
    }
    let text = String::from_utf8_lossy(&line).into_owned();
    Some(if too_long { "(a line too long to show)".to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    async fn shown(said: &str) -> Vec<String> {
        let secrets = [Secret::new("p&ss \"word".to_owned()), Secret::new("p&ss".to_owned())];
        let lines = Mutex::new(Vec::new());
        follow(said.as_bytes(), &Masks::of(&secrets), |line| lines.lock().push(line.to_owned()))
            .await;
        lines.into_inner()
    }

    #[tokio::test]
    async fn bar_80_secrets_are_masked_in_every_form() {
        let said = "plain p&ss \"word.\njson {\"p\":\"p&ss \\\"word\"}\n\
                    form p%26ss+%22word, query p%26ss%20%22word, p%26ss";
        assert_eq!(
            shown(said).await,
            [
                "plain <secret>.",
                "json {\"p\":\"<secret>\"}",
                "form <secret>, query <secret>, <secret>"
            ]
        );
    }

    #[tokio::test]
    async fn what_a_script_says_is_bounded() {
        let long = "x".repeat(20_000);
        assert_eq!(
            shown(&format!("{long}\nb\u{1b}[2J")).await,
            ["(a line too long to show)", "b [2J"]
        );
        assert_eq!(shown(&long).await, ["(a line too long to show)"]);
        let many = "line\n".repeat(1000);
        let lines = shown(&many).await;
        assert_eq!(
            (lines.len(), lines.last().map(String::as_str)),
            (201, Some("(800 more lines)"))
        );
        assert!(shown("").await.is_empty());
    }
}
