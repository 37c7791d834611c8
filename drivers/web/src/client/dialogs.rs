//! What a page or the browser asks, as a page of ours on top: a browser without windows has
//! no other way to show it.

use serde_json::{Value, json};

const PAGE: &str = include_str!("dialog.html");
/// The function by which the page tells the answer.
pub(super) const ANSWER: &str = "fanlightAnswer";

/// A question that is open.
pub(super) struct Dialog {
    /// The tab that is asked about.
    pub(super) about: String,
    /// The tab of ours that shows it.
    pub(super) target: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page's `alert`, `confirm` or `prompt`, or that it does not want to be left.
    Script,
    /// The tab has crashed.
    Crash,
}

/// The address of a page that shows what `Page.javascriptDialogOpening` says.
pub(super) fn of_script(params: &Value) -> String {
    let is_leaving = params["type"] == "beforeunload";
    let message = match is_leaving {
        true => &json!("What you have entered may not be saved."),
        false => &params["message"],
    };
    page(&json!({
        "title": if is_leaving { json!("Leave this page?") } else { said_by(params) },
        "message": message,
        "answer": (params["type"] == "prompt").then(|| params["defaultPrompt"].clone()),
        "yes": if is_leaving { "Leave" } else { "OK" },
        "no": match params["type"].as_str() {
            Some("alert") => Value::Null,
            Some("beforeunload") => json!("Stay"),
            _ => json!("Cancel"),
        },
    }))
}

/// The address of a page that says that a tab has crashed.
pub(super) fn of_crash() -> String {
    page(&json!({
        "title": "This page has crashed",
        "message": "It may have run out of memory. What you have entered there is lost.",
        "yes": "Reload",
        "no": "Close",
    }))
}

fn said_by(params: &Value) -> Value {
    let url = params["url"].as_str().and_then(|url| url::Url::parse(url).ok());
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    json!(format!("{} says", host.as_deref().unwrap_or("This page")))
}

fn page(question: &Value) -> String {
    // In a script, nothing may look like the script's end.
    let question = question.to_string().replace('<', "\\u003c");
    let html = PAGE.replace("\"QUESTION\"", &question);
    let html = base64_simd::STANDARD.encode_to_string(html);
    format!("data:text/html;charset=utf-8;base64,{html}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_says_cannot_leave_the_script_that_shows_it() {
        let said = json!({"type": "alert", "message": "</script><img src=x>", "url": "http://a/"});
        let (_, html) =
            of_script(&said).split_once("base64,").map(|(a, b)| (a.len(), b.to_owned())).unwrap();
        let html = base64_simd::STANDARD.decode_to_vec(html).unwrap();
        let html = String::from_utf8(html).unwrap();
        assert!(!html.contains("<img") && html.contains("\\u003cimg"), "{html}");
        assert!(html.contains("a says"), "{html}");
    }
}
