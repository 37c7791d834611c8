use fanlight_core::{Endpoint, FieldError, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::fence::{Domain, Rules};
use crate::signin::{Autofill, Seed, check_script_name};

/// The fields of one web session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "url": "https://wiki.example.com" },
    {
        "url": "https://shop.example.com/login?lang=en", "username": "jdoe",
        "password": "correct horse", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "autofill": "[{\"url\":\"https://shop.example.com\",\"username\":\"$USERNAME\",\
                      \"password\":\"$PASSWORD\"}]",
        "login_script": "sign-in.py", "allowed_domains": ["example.com"], "ignore_cert": true, "disable_copy": true,
        "disable_paste": true, "read_only": true
    }
]))]
pub struct WebSettings {
    /// Address of the page that the browser opens: http or https.
    #[schemars(
        title = "Address",
        length(min = 1, max = 2048),
        extend("x-placeholder" = "https://wiki.example.com")
    )]
    pub url: String,
    /// Account to sign in as: what $USERNAME stands for in the log-in forms.
    #[schemars(title = "User name", length(min = 1, max = 256), extend("x-group" = "Login"))]
    pub username: Option<String>,
    /// Password to sign in with: what $PASSWORD stands for in the log-in forms.
    #[schemars(title = "Password", extend("x-group" = "Login"))]
    pub password: Option<Secret>,
    /// Seed of one-time codes, in base32 or as an otpauth address: what $TOTP is made of.
    #[schemars(title = "One-time code seed", extend("x-group" = "Login"))]
    pub totp_secret: Option<Secret>,
    /// What is filled in where: a JSON list of objects with url, username and password. Each
    /// applies to its own origin only.
    #[schemars(
        title = "Log-in forms",
        extend("x-group" = "Login", "x-multiline" = true)
    )]
    pub autofill: Option<Secret>,
    /// File name of a login script of this gateway, which signs in where filling in forms is
    /// not enough.
    #[schemars(title = "Login script", length(min = 1, max = 255), extend("x-group" = "Login"))]
    pub login_script: Option<String>,
    /// Domains that the browser may reach, with all below them. Without any, it reaches
    /// whatever the network policy allows.
    #[schemars(title = "Allowed domains", length(min = 1, max = 100))]
    pub allowed_domains: Option<Vec<String>>,
    /// Accepts certificates that no known authority vouches for.
    #[serde(default)]
    #[schemars(title = "Ignore certificate errors")]
    pub ignore_cert: bool,
    /// Nothing copied in the session reaches the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No copying", extend("x-group" = "Restrictions"))]
    pub disable_copy: bool,
    /// Nothing can be pasted from the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No pasting", extend("x-group" = "Restrictions"))]
    pub disable_paste: bool,
    /// Watch only: no key and no click reaches the page.
    #[serde(default)]
    #[schemars(title = "Read only", extend("x-group" = "Restrictions"))]
    pub read_only: bool,
}

impl WebSettings {
    /// What the schema cannot say. Nothing of the values shows.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| errors.push(FieldError::new(field, message));
        match self.address() {
            None => wrong("url", "must be an http or https address with a host".into()),
            Some(address) if !address.username().is_empty() || address.password().is_some() => {
                wrong("url", "must not hold a user name or password: use those fields".into());
            }
            Some(address) => {
                let covers = |rules: Rules| address.host_str().is_some_and(|h| rules.allow(h));
                if self.rules().is_ok_and(|rules| !covers(rules)) {
                    wrong("url", "is outside of allowed_domains".into());
                }
            }
        }
        if let Err((index, message)) = self.rules() {
            wrong(&format!("allowed_domains[{index}]"), message);
        }
        if let Err(message) = self.read_autofill() {
            wrong("autofill", message);
        }
        if let Some(Err(error)) = self.totp_secret.as_ref().map(|s| Seed::read(s.expose())) {
            wrong("totp_secret", error.to_string());
        }
        if let Some(Err(message)) = self.login_script.as_deref().map(check_script_name) {
            wrong("login_script", message.to_owned());
        }
        errors
    }

    /// The page, if its address is one.
    pub(crate) fn address(&self) -> Option<Url> {
        let url = Url::parse(&self.url).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    }

    /// The page without what may be secret in it.
    pub(crate) fn url_to_show(&self) -> Option<String> {
        let mut url = self.address()?;
        url.set_query(None);
        url.set_fragment(None);
        // Neither fails for an address with a host.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        Some(url.into())
    }

    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        let url = self.address()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        Some(Endpoint::Tcp(host.parse().ok()?, url.port_or_known_default()?))
    }

    /// # Errors
    /// The place of what is no domain, and what is wrong with it.
    pub(crate) fn rules(&self) -> Result<Rules, (usize, String)> {
        let Some(domains) = &self.allowed_domains else { return Ok(Rules::open()) };
        let read = |(index, text): (usize, &String)| {
            text.parse::<Domain>().map_err(|error| (index, error.to_string()))
        };
        domains.iter().enumerate().map(read).collect::<Result<_, _>>().map(Rules::only)
    }

    /// # Errors
    /// What it must be.
    pub(crate) fn read_autofill(&self) -> Result<Autofill, String> {
        let text = self.autofill.as_ref();
        text.map_or_else(|| Ok(Autofill::default()), |text| Autofill::read(text.expose()))
    }
}
