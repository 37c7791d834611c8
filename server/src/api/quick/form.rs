//! The pages of a quick connect: without script, so that they work wherever a link leads.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use fanlight_core::Driver;

use super::PERSONAL;
use crate::api::ApiError;
use crate::book::EntryView;
use crate::pages::escape;

/// A page with a form that posts to where it came from.
pub(super) struct Form;

impl Form {
    /// Asks for credentials for one session of an entry.
    pub(super) fn credentials(
        action: &str,
        csrf_token: &str,
        entry: &EntryView,
        driver: Option<&Arc<dyn Driver>>,
        error: Option<&ApiError>,
    ) -> Response {
        let properties = driver.map(|driver| &driver.schema()["properties"]);
        let has = |name: &str| properties.is_some_and(|all| all.get(name).is_some());
        let username = entry.settings.get("username").and_then(serde_json::Value::as_str);
        let mut fields = String::new();
        let mut field = |name: &str, label: &str, control: String| {
            if entry.asks_credentials && has(name) {
                let _ = write!(fields, "<label for=\"{name}\">{label}</label>{control}");
            }
        };
        let value = escape(username.unwrap_or_default());
        field("username", "User name", input("username", "text", &value, "username"));
        field("password", "Password", input("password", "password", "", "current-password"));
        let key = "<textarea id=\"private_key\" name=\"private_key\" rows=\"4\" \
            spellcheck=\"false\" autocomplete=\"off\"></textarea>";
        field("private_key", "Private key, instead of a password", key.to_owned());
        field("domain", "Domain", input("domain", "text", "", "off"));
        for name in &entry.personal {
            let (field, label) = (format!("{PERSONAL}{name}"), escape(name));
            let control = input(&field, "password", "", "off");
            let _ = write!(fields, "<label for=\"{field}\">Your {label}</label>{control}");
        }
        let name = entry.display_name.as_deref().unwrap_or(entry.name.as_str());
        let text = match error {
            Some(error) => format!("{error} What you enter is used for this session only."),
            None => "They are used for this session only and stored nowhere.".to_owned(),
        };
        page(&format!("Credentials for {name}"), &text, action, csrf_token, &fields)
    }

    /// Asks whether to open what another site's link leads to.
    pub(super) fn question(action: &str, csrf_token: &str, target: &str) -> Response {
        let text = format!("A link of another site wants to open {target} for you.");
        page("Open this machine?", &text, action, csrf_token, "")
    }
}

fn input(name: &str, kind: &str, value: &str, autocomplete: &str) -> String {
    format!(
        "<input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{value}\" \
         autocomplete=\"{autocomplete}\" autocapitalize=\"off\" spellcheck=\"false\">"
    )
}

fn page(title: &str, text: &str, action: &str, csrf_token: &str, fields: &str) -> Response {
    let (title, text, action) = (escape(title), escape(text), escape(action));
    // Without a referrer policy of its own the form's origin would be sent as `null`.
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"referrer\" content=\"same-origin\"><title>{title}</title>\
         <script src=\"/theme.js\"></script><link rel=\"stylesheet\" href=\"/words.css\"></head>\
         <body><main><h1>{title}</h1><p>{text}</p>\
         <form method=\"post\" action=\"{action}\">{fields}\
         <input type=\"hidden\" name=\"csrf_token\" value=\"{csrf_token}\">\
         <nav><button type=\"submit\">Connect</button><a href=\"/\">Cancel</a></nav>\
         </form></main></body></html>"
    );
    (StatusCode::OK, Html(page)).into_response()
}
