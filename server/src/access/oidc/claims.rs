use fanlight_core::Secret;
use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::OidcError;

/// Longer names, addresses and groups are cut or left out.
const LONGEST_TEXT: usize = 256;
/// OpenID Connect Core, section 2: `sub` has at most 255 characters.
const LONGEST_SUBJECT: usize = 255;
const MOST_GROUPS: usize = 2000;

/// Whom the provider vouches for.
#[derive(Debug, Clone)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the provider has verified the address; `None` where it does not say.
    pub email_verified: Option<bool>,
    /// Name for people.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
    /// The provider's word for all this, as it came.
    pub id_token: Secret,
}

/// Claims that OpenID Connect does not name, among them the groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

impl OtherClaims {
    /// The groups of the claim `name`, whose dots lead into objects unless a claim has the
    /// whole name; `None` where there is no such claim.
    pub(super) fn groups(&self, name: &str) -> Option<Vec<String>> {
        let mut steps = name.split('.');
        let inside = || {
            let first = self.0.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.get(step))
        };
        let groups = match self.0.get(name).or_else(inside)? {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let sound =
            |group: &&str| !group.is_empty() && group.len() <= LONGEST_TEXT && is_clean(group);
        Some(groups.into_iter().filter(sound).take(MOST_GROUPS).map(str::to_owned).collect())
    }
}

/// A subject as it can be kept.
pub(super) fn subject(text: &str) -> Result<String, OidcError> {
    if text.is_empty() || text.chars().count() > LONGEST_SUBJECT || !is_clean(text) {
        return Err(OidcError::Untrusted("the subject is no sound name".to_owned()));
    }
    Ok(text.to_owned())
}

/// A text for people, without what cannot be shown.
pub(super) fn text(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

fn is_clean(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn groups(claims: Value, name: &str) -> Option<Vec<String>> {
        OtherClaims(claims.as_object().cloned().unwrap_or_default()).groups(name)
    }

    #[test]
    fn groups_are_found_where_providers_put_them() {
        let some = |list: &[&str]| Some(list.iter().map(ToString::to_string).collect());
        assert_eq!(groups(json!({ "groups": ["a", "b"] }), "groups"), some(&["a", "b"]));
        assert_eq!(groups(json!({ "groups": "a" }), "groups"), some(&["a"]));
        assert_eq!(groups(json!({ "groups": [] }), "groups"), some(&[]));
        let nested = json!({ "realm_access": { "roles": ["a"] } });
        assert_eq!(groups(nested, "realm_access.roles"), some(&["a"]));
        let url = json!({ "https://x.example/groups": ["a"] });
        assert_eq!(groups(url, "https://x.example/groups"), some(&["a"]));
        assert_eq!(groups(json!({ "other": 1 }), "groups"), None);
        let odd = json!({ "groups": ["a", 1, "", "x\u{0}", null, "y".repeat(300)] });
        assert_eq!(groups(odd, "groups"), some(&["a"]));
    }

    #[test]
    fn bar_32_texts_of_a_provider_are_cleaned() {
        assert_eq!(text(" A\u{0}d\r\na ").as_deref(), Some("Ada"));
        assert_eq!(text("\u{0} ").as_deref(), None);
        assert!(subject("a\u{0}").is_err() && subject("").is_err());
        assert!(subject(&"x".repeat(256)).is_err() && subject(&"x".repeat(255)).is_ok());
    }
}
