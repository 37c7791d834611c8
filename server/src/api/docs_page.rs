//! The OpenAPI document as a plain page: no script, and the style sheet is a file of ours,
//! so that the page obeys the same strict content security policy as all others.

use std::fmt::Write as _;

use serde_json::Value;

use crate::pages::escape;

/// Renders the list of operations.
pub(super) fn render(document: &Value) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>API</title>\
         <link rel=\"stylesheet\" href=\"/api/docs/style.css\"></head><body>",
    );
    let title = text(&document["info"]["title"]);
    let _ = write!(
        page,
        "<h1>{title} API</h1><p>Generated from the code. For programs: \
         <a href=\"/api/openapi.json\">openapi.json</a></p>"
    );
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            render_operation(&mut page, path, method, operation);
        }
    }
    page.push_str("<h2>Schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let pretty = serde_json::to_string_pretty(schema).unwrap_or_default();
        let (name, pretty) = (escape(name), escape(&pretty));
        let _ = write!(
            page,
            "<details id=\"{name}\"><summary>{name}</summary><pre>{pretty}</pre></details>"
        );
    }
    page.push_str("</body></html>");
    page
}

fn render_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let role = operation["x-least-role"].as_str().unwrap_or("no role");
    let _ = write!(
        page,
        "<section><h2><code>{} {}</code></h2><p>{} {}</p><p>Needs: {}</p>",
        method.to_uppercase(),
        escape(path),
        text(&operation["summary"]),
        text(&operation["description"]),
        escape(role),
    );
    if let Some(body) = first_schema(&operation["requestBody"]["content"]) {
        let _ = write!(page, "<p>Body: {}</p>", schema_link(body));
    }
    page.push_str("<ul>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let body = first_schema(&response["content"]).map(schema_link).unwrap_or_default();
        let words = text(&response["description"]);
        let _ = write!(page, "<li><code>{}</code> {words} {body}</li>", escape(status));
    }
    page.push_str("</ul></section>");
}

fn first_schema(content: &Value) -> Option<&Value> {
    content.as_object()?.values().next().map(|media| &media["schema"])
}

fn schema_link(schema: &Value) -> String {
    let reference = schema["$ref"].as_str().or_else(|| schema["items"]["$ref"].as_str());
    match reference.and_then(|r| r.rsplit('/').next()).map(escape) {
        Some(name) => format!("<a href=\"#{name}\">{name}</a>"),
        None => text(&schema["type"]),
    }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}
