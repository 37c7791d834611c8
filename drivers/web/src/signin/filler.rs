use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::autofill::{Autofill, Credentials, Field};
use super::form::{PUT, WORLD, script};
use crate::cdp::{CdpError, Connection, Event, Visitor};

/// Events that may wait.
const ROOM: usize = 1024;
/// Documents of one tab or frame that are known at a time: the limit of one that makes
/// documents without end.
const MOST_DOCUMENTS: usize = 1000;

/// Fills in the log-in forms of a browser, in all its tabs and frames, until it is gone. A
/// value is put in by the browser itself, into a document of the very origin that it is for,
/// in a world that the page does not see. Each form is sent once at most: a password that is
/// wrong is not tried again.
///
/// # Errors
/// When the browser is gone, or what is filled in is not heard of any more.
pub async fn fill_forms(
    connection: Arc<Connection>,
    autofill: Autofill,
    credentials: Credentials,
) -> Result<(), CdpError> {
    let (visitor, mut events) = Visitor::come(connection, ROOM).await?;
    let script = script(&autofill.origins());
    let filler = Arc::new(Filler {
        visitor,
        script,
        autofill,
        credentials,
        documents: Mutex::default(),
        sent: Mutex::default(),
    });
    filler.visitor.see_tabs().await?;
    // What hangs in one tab holds up no other; all end with this future.
    let mut tasks = JoinSet::new();
    while let Some(event) = events.recv().await {
        while tasks.try_join_next().is_some() {}
        match event.method.as_str() {
            "Target.attachedToTarget" => {
                tasks.spawn(Arc::clone(&filler).greet(event));
            }
            "Runtime.bindingCalled" => {
                if let Some((document, asked)) = filler.asked(&event) {
                    tasks.spawn(Arc::clone(&filler).fill(document, asked));
                }
            }
            _ => filler.note(&event),
        }
    }
    Err(CdpError::Closed)
}

struct Filler {
    visitor: Visitor,
    script: String,
    autofill: Autofill,
    credentials: Credentials,
    /// By session, and the number that the document's world has there.
    documents: Mutex<HashMap<(String, i64), Document>>,
    /// Which forms of which entries were sent: by their fields.
    sent: Mutex<HashSet<(usize, Vec<Field>)>>,
}

/// The world of forms in one document.
#[derive(Clone)]
struct Document {
    session: String,
    /// Good for this document alone, in all tabs.
    unique_id: String,
    /// As the browser says, not the page.
    origin: String,
}

impl Filler {
    /// Sees to it that a new tab or frame is looked at, and lets it go on.
    async fn greet(self: Arc<Self>, event: Arc<Event>) {
        let Some(session) = event.text("/sessionId") else { return };
        let has_pages = matches!(event.text("/targetInfo/type"), Some("page" | "iframe"));
        if has_pages && let Err(error) = self.look_at(session).await {
            tracing::debug!(%error, "a tab cannot be signed in");
        }
        // A tab that is gone by now needs neither.
        let _ = self.visitor.resume(session).await;
    }

    async fn look_at(&self, session: &str) -> Result<(), CdpError> {
        let binding = json!({"name": WORLD, "executionContextName": WORLD});
        let script = json!({"source": self.script, "worldName": WORLD, "runImmediately": true});
        self.visitor.call(session, "Runtime.enable", json!({})).await?;
        self.visitor.call(session, "Runtime.addBinding", binding).await?;
        self.visitor.call(session, "Page.enable", json!({})).await?;
        self.visitor.call(session, "Page.addScriptToEvaluateOnNewDocument", script).await?;
        self.visitor.see_below(session).await
    }

    /// Keeps in mind which documents there are.
    fn note(&self, event: &Event) {
        let Some(session) = event.session.clone() else { return };
        let mut documents = self.documents.lock();
        match event.method.as_str() {
            "Runtime.executionContextCreated" => {
                let context = &event.params["context"];
                if context["name"] != WORLD || documents.len() >= MOST_DOCUMENTS {
                    return;
                }
                let text = |name: &str| context[name].as_str().unwrap_or_default().to_owned();
                let (unique_id, origin) = (text("uniqueId"), text("origin"));
                let id = context["id"].as_i64().unwrap_or_default();
                let document = Document { session: session.clone(), unique_id, origin };
                documents.insert((session, id), document);
            }
            "Runtime.executionContextDestroyed" => {
                let id = event.params["executionContextId"].as_i64().unwrap_or_default();
                documents.remove(&(session, id));
            }
            "Runtime.executionContextsCleared" => documents.retain(|(of, _), _| *of != session),
            "Target.detachedFromTarget" => {
                let gone = event.text("/sessionId").unwrap_or_default();
                documents.retain(|(of, _), _| of != gone);
            }
            _ => {}
        }
    }

    /// The document that asks, and for which fields.
    fn asked(&self, event: &Event) -> Option<(Document, Vec<Field>)> {
        let fields = serde_json::from_str(event.text("/payload")?).ok()?;
        let id = event.params["executionContextId"].as_i64()?;
        let document = self.documents.lock().get(&(event.session.clone()?, id)).cloned()?;
        Some((document, fields))
    }

    async fn fill(self: Arc<Self>, document: Document, asked: Vec<Field>) {
        let Some((index, entry)) = self.autofill.at(&document.origin) else { return };
        let mut values = Map::new();
        for field in &asked {
            if let Some(value) = entry.value(*field, &self.credentials) {
                values.insert(field.name().to_owned(), Value::from(value.expose().as_str()));
            }
        }
        if values.is_empty() {
            return;
        }
        // What has no value, a person has to fill in first.
        let complete = values.len() == asked.len();
        let sends = entry.submit && complete && self.sent.lock().insert((index, asked));
        let call = json!({
            "functionDeclaration": PUT,
            "uniqueContextId": document.unique_id,
            "arguments": [{"value": values}, {"value": sends}],
            "returnByValue": true,
        });
        match self.visitor.call(&document.session, "Runtime.callFunctionOn", call).await {
            Ok(answer) => {
                let filled = &answer["result"]["value"];
                tracing::info!(origin = document.origin, %filled, sends, "a form was filled in");
            }
            Err(error) => {
                tracing::info!(origin = document.origin, %error, "a form was not filled in");
            }
        }
    }
}
