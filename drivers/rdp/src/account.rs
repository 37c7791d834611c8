use crate::settings::RdpSettings;

/// User name and domain as RDP wants them: apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account<'a> {
    pub(crate) username: Option<&'a str>,
    pub(crate) domain: Option<&'a str>,
}

/// Takes `CORP\jdoe` and `jdoe@corp.example.com` apart. A domain that is given besides
/// leaves a user name whole that names another one: an address may be the account's name.
pub(crate) fn account(settings: &RdpSettings) -> Account<'_> {
    let domain = settings.domain.as_deref();
    let Some(username) = settings.username.as_deref() else {
        return Account { username: None, domain };
    };
    let parts = username
        .split_once('\\')
        .map(|(domain, name)| (name, domain))
        .or_else(|| username.rsplit_once('@'))
        .filter(|(name, realm)| !name.is_empty() && !realm.is_empty());
    match parts {
        Some((name, realm)) if domain.is_none_or(|domain| domain.eq_ignore_ascii_case(realm)) => {
            Account { username: Some(name), domain: Some(domain.unwrap_or(realm)) }
        }
        _ => Account { username: Some(username), domain },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_domain_may_stand_in_the_user_name() {
        let cases = [
            ("jdoe", None, ("jdoe", None)),
            ("jdoe", Some("CORP"), ("jdoe", Some("CORP"))),
            (r"CORP\jdoe", None, ("jdoe", Some("CORP"))),
            (r"CORP\jdoe", Some("corp"), ("jdoe", Some("corp"))),
            ("jdoe@corp.example.com", None, ("jdoe", Some("corp.example.com"))),
            ("jdoe@CORP.EXAMPLE.COM", Some("CORP.EXAMPLE.COM"), ("jdoe", Some("CORP.EXAMPLE.COM"))),
            ("jdoe@mail.example", Some("CORP"), ("jdoe@mail.example", Some("CORP"))),
            ("@jdoe", None, ("@jdoe", None)),
            ("a@b@c", None, ("a@b", Some("c"))),
        ];
        for (username, domain, (name, realm)) in cases {
            let settings: RdpSettings = serde_json::from_value(serde_json::json!({
                "hostname": "h", "username": username, "domain": domain
            }))
            .unwrap();
            let expected = Account { username: Some(name), domain: realm };
            assert_eq!(account(&settings), expected, "{username} {domain:?}");
        }
    }
}
