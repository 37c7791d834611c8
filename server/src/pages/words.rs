use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// A page of a few words, for a browser that a person looks at: what happened, and what now.
pub struct Words<'a> {
    /// HTTP status.
    pub status: StatusCode,
    /// What happened.
    pub title: &'a str,
    /// Why, and what to do.
    pub text: &'a str,
    /// Where to go on: path and label.
    pub links: &'a [(&'a str, &'a str)],
}

impl IntoResponse for Words<'_> {
    fn into_response(self) -> Response {
        let links: String = self
            .links
            .iter()
            .map(|(path, label)| format!("<a href=\"{}\">{}</a>", escape(path), escape(label)))
            .collect();
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><script src=\"/theme.js\"></script>\
             <link rel=\"stylesheet\" href=\"/words.css\"></head>\
             <body><main><h1>{title}</h1><p>{text}</p><nav>{links}</nav></main></body></html>",
            title = escape(self.title),
            text = escape(self.text),
        );
        (self.status, Html(page)).into_response()
    }
}

/// Text as it may stand in HTML, between tags and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
