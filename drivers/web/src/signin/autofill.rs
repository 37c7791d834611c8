use std::time::{SystemTime, UNIX_EPOCH};

use fanlight_core::Secret;
use serde::Deserialize;
use url::Url;

use super::totp::Seed;

/// Most origins that one session signs in to.
const MOST_ENTRIES: usize = 50;

/// What is filled in where: the field `autofill` of a request.
#[derive(Debug, Clone, Default)]
pub struct Autofill(Vec<Entry>);

/// What is filled in at one origin. `$USERNAME`, `$PASSWORD` and `$TOTP` stand in it for the
/// session's own.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Scheme, host and port, as a browser writes them.
    origin: String,
    username: Option<Secret>,
    password: Option<Secret>,
    totp: Option<Secret>,
    pub(super) submit: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    username: Option<Secret>,
    password: Option<Secret>,
    totp: Option<Secret>,
    #[serde(default)]
    submit: bool,
}

/// The session's own credentials.
#[derive(Clone, Default)]
pub struct Credentials {
    /// `$USERNAME`.
    pub username: Option<Secret>,
    /// `$PASSWORD`.
    pub password: Option<Secret>,
    /// What `$TOTP` is made of.
    pub seed: Option<Seed>,
}

/// A field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Field {
    Username,
    Password,
    Totp,
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Password => "password",
            Self::Totp => "totp",
        }
    }
}

impl Autofill {
    /// Reads the JSON text: a list of objects with `url` and at least one of `username`,
    /// `password` and `totp`; `submit` sends the form, too.
    ///
    /// # Errors
    /// What it must be, to be read behind the field's name. Never a value.
    pub fn read(text: &str) -> Result<Self, String> {
        const SHAPE: &str =
            "must be a JSON list of objects with url, username, password, totp and submit";
        let written: Vec<Written> = serde_json::from_str(text).map_err(|_| SHAPE.to_owned())?;
        if written.len() > MOST_ENTRIES {
            return Err(format!("must have at most {MOST_ENTRIES} entries"));
        }
        let entries = written.into_iter().enumerate();
        entries.map(|(index, entry)| Entry::read(index, entry)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is nothing to fill in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn origins(&self) -> Vec<String> {
        self.0.iter().map(|entry| entry.origin.clone()).collect()
    }

    /// What is filled in at exactly this origin, by the entry's place in the list.
    pub(super) fn at(&self, origin: &str) -> Option<(usize, &Entry)> {
        self.0.iter().enumerate().find(|(_, entry)| entry.origin == origin)
    }
}

impl Entry {
    fn read(index: usize, written: Written) -> Result<Self, String> {
        let Written { url, username, password, totp, submit } = written;
        let address = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let origin = address.map(|url| url.origin().ascii_serialization());
        let origin = origin.ok_or(format!("must have an http or https url in entry {index}"))?;
        if username.is_none() && password.is_none() && totp.is_none() {
            return Err(format!("must fill in something in entry {index}"));
        }
        Ok(Self { origin, username, password, totp, submit })
    }

    /// What goes into `field` now, if anything does.
    pub(super) fn value(&self, field: Field, credentials: &Credentials) -> Option<Secret> {
        let template = match field {
            Field::Username => self.username.as_ref(),
            Field::Password => self.password.as_ref(),
            Field::Totp => self.totp.as_ref(),
        };
        credentials.fill(template?.expose())
    }
}

impl Credentials {
    /// Puts values for the placeholders, once: a `$` in a value stands for itself. `None`
    /// where a value is missing.
    fn fill(&self, template: &str) -> Option<Secret> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let (length, value) = if rest.starts_with("$USERNAME") {
                ("$USERNAME".len(), self.username.clone()?)
            } else if rest.starts_with("$PASSWORD") {
                ("$PASSWORD".len(), self.password.clone()?)
            } else if rest.starts_with("$TOTP") {
                ("$TOTP".len(), self.seed.as_ref()?.code(now()))
            } else {
                (1, Secret::new("$".to_owned()))
            };
            filled.push_str(value.expose());
            rest = &rest[length..];
        }
        filled.push_str(rest);
        Some(Secret::new(filled))
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text.to_owned()))
    }

    #[test]
    fn bar_34_what_is_not_the_json_it_must_be_is_refused_without_an_echo() {
        for bad in [
            "",
            "hunter2",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"url": "https://a.example"}]"#,
            r#"[{"url": "hunter2", "password": "x"}]"#,
            r#"[{"url": "file:///etc", "password": "hunter2"}]"#,
            r#"[{"url": "https://a.example", "pasword": "hunter2"}]"#,
            r#"[{"url": "https://a.example", "password": 7}]"#,
            r#"[{"url": "https://a.example", "password": "hunter2", "submit": "hunter2"}]"#,
            r#"[{"url": "https://a.example", "password": "hunter2"}"#,
        ] {
            let error = Autofill::read(bad).unwrap_err();
            assert!(error.starts_with("must ") && !error.contains("hunter2"), "{bad}: {error}");
        }
        let many = format!("[{}]", [r#"{"url":"http://a.b","totp":"$TOTP"}"#; 51].join(","));
        assert!(Autofill::read(&many).is_err());
        assert!(Autofill::read("[]").unwrap().is_empty());
    }

    #[test]
    fn an_entry_is_for_exactly_its_origin() {
        let text = r#"[{"url": "https://Login.example:443/path?q", "username": "$USERNAME"}]"#;
        let autofill = Autofill::read(text).unwrap();
        assert!(autofill.at("https://login.example").is_some());
        for other in [
            "http://login.example",
            "https://login.example:8443",
            "https://sub.login.example",
            "https://example",
            "https://login.example.evil",
            "null",
            "",
            "://",
        ] {
            assert!(autofill.at(other).is_none(), "{other}");
        }
    }

    #[test]
    fn placeholders_are_filled_in_once() {
        let seed = Seed::read("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").ok();
        let all = Credentials { username: secret("ann"), password: secret("$USERNAME$1"), seed };
        let fill = |template| all.fill(template).map(|filled| filled.expose().clone());
        assert_eq!(fill(r"CORP\$USERNAME").as_deref(), Some(r"CORP\ann"));
        assert_eq!(fill("$PASSWORD").as_deref(), Some("$USERNAME$1"));
        assert_eq!(fill("a$b$$USERNAME$").as_deref(), Some("a$b$ann$"));
        assert_eq!(fill("$TOTP").map(|code| code.len()), Some(6));
        assert!(Credentials::default().fill("x$PASSWORD").is_none());
        assert!(Credentials::default().fill("$TOTP").is_none());
    }
}
