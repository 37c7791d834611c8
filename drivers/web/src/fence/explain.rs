use std::sync::Arc;

use fanlight_core::{Outside, Visit};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use super::blocked::{BLOCKED_STATUS, PAGE_HEADERS, Refusal};
use super::rules::Rules;
use crate::cdp::{CdpError, Connection, Event, Visitor};

/// Events that may wait.
const ROOM: usize = 1024;

/// Shows a page that explains itself where a tab or frame would go to a host that `rules`
/// do not allow, until the browser is gone. The proxy refuses such a host, too, but what it
/// says to a tunnel is shown to nobody.
///
/// # Errors
/// When the browser is gone.
pub async fn explain_blocked(
    connection: Arc<Connection>,
    rules: Rules,
    outside: Arc<dyn Outside>,
) -> Result<(), CdpError> {
    let (visitor, mut events) = Visitor::come(connection, ROOM).await?;
    visitor.see_tabs().await?;
    let guide = Arc::new(Guide { visitor, rules, outside });
    // What hangs in one tab holds up no other; all end with this future.
    let mut tasks = JoinSet::new();
    while let Some(event) = events.recv().await {
        while tasks.try_join_next().is_some() {}
        match event.method.as_str() {
            "Target.attachedToTarget" => {
                tasks.spawn(Arc::clone(&guide).greet(event));
            }
            "Fetch.requestPaused" => {
                tasks.spawn(Arc::clone(&guide).decide(event));
            }
            _ => {}
        }
    }
    Err(CdpError::Closed)
}

struct Guide {
    visitor: Visitor,
    rules: Rules,
    outside: Arc<dyn Outside>,
}

impl Guide {
    /// Asks to be asked before a new tab or frame loads a document, and lets it go on.
    async fn greet(self: Arc<Self>, event: Arc<Event>) {
        let Some(session) = event.text("/sessionId") else { return };
        if matches!(event.text("/targetInfo/type"), Some("page" | "iframe")) {
            let documents = json!({"patterns": [{"urlPattern": "*", "resourceType": "Document"}]});
            // A tab that is gone by now needs none of this.
            let _ = self.visitor.call(session, "Fetch.enable", documents).await;
            let _ = self.visitor.see_below(session).await;
        }
        let _ = self.visitor.resume(session).await;
    }

    async fn decide(self: Arc<Self>, event: Arc<Event>) {
        let (Some(session), Some(request)) = (event.session.as_deref(), event.text("/requestId"))
        else {
            return;
        };
        let blocked = event.text("/request/url").and_then(|url| self.blocked_host(url));
        let (method, params) = match &blocked {
            None => ("Fetch.continueRequest", json!({"requestId": request})),
            Some(host) => ("Fetch.fulfillRequest", page(request, host)),
        };
        // A tab that is gone by now needs no answer.
        let _ = self.visitor.call(session, method, params).await;
        if let Some(host) = blocked {
            self.outside.visited(Visit { host, allowed: false }).await;
        }
    }

    fn blocked_host(&self, url: &str) -> Option<String> {
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?;
        (!self.rules.allow(host)).then(|| host.to_owned())
    }
}

fn page(request: &str, host: &str) -> Value {
    let page = Refusal::Domain(host.to_owned()).page();
    json!({
        "requestId": request,
        "responseCode": BLOCKED_STATUS,
        "responseHeaders": PAGE_HEADERS.map(|(name, value)| json!({"name": name.as_str(), "value": value})),
        "body": base64_simd::STANDARD.encode_to_string(page),
    })
}
