//! Drivers that break rules: a good one with one thing done wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use fanlight_core::{
    CheckedSettings, Driver, DriverInfo, Endpoint, EngineClient, EngineKind, FieldError, Outside,
    Plan, Resource, Route, SessionCx, SessionError,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clients::{Guest, Manner};

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// A field has no title.
    Untitled,
    /// A field occurs in no example.
    ExampleLess,
    /// The schema is another one than last time.
    Unannounced,
    /// Unknown fields are dropped instead of refused.
    TakesUnknown,
    /// A number is taken for granted.
    Panics,
    /// A range is not checked.
    TakesAnyPort,
    /// A password is a plain string.
    PublicPassword,
    /// An error quotes the password.
    QuotesPassword,
    /// The plan holds the host's name.
    GoesByName,
    /// The network policy's no is not heard.
    IgnoresDenial,
    /// A file stays behind.
    LeavesFile,
    /// guacd has no such parameter.
    InventsParameter,
    /// It neither takes guacd's parameters nor says why not.
    Forgets,
    /// Other letters become question marks.
    AsciiOnly,
    /// The client does something wrong.
    Manner(Manner),
}

pub(crate) struct Flawed {
    good: Arc<dyn Driver>,
    flaw: Flaw,
    schema: Value,
    scratch: PathBuf,
}

impl Flawed {
    pub(crate) fn new(good: Arc<dyn Driver>, flaw: Flaw, scratch: &Path) -> Self {
        let mut schema = good.schema().clone();
        match flaw {
            Flaw::Untitled => {
                schema["properties"]["port"].as_object_mut().unwrap().remove("title");
            }
            Flaw::ExampleLess => {
                schema["examples"][1].as_object_mut().unwrap().remove("port").unwrap();
            }
            Flaw::PublicPassword => {
                let pointer = "/properties/login/properties/password";
                let password = schema.pointer_mut(pointer).unwrap();
                password.as_object_mut().unwrap().remove("writeOnly").unwrap();
            }
            _ => {}
        }
        Self { good, flaw, schema, scratch: scratch.to_owned() }
    }
}

#[async_trait]
impl Driver for Flawed {
    fn info(&self) -> DriverInfo {
        self.good.info()
    }

    fn schema(&self) -> &Value {
        &self.schema
    }

    fn check(&self, mut fields: Map<String, Value>) -> Result<CheckedSettings, Vec<FieldError>> {
        let port = fields.get("port").cloned();
        match self.flaw {
            Flaw::TakesUnknown => fields.retain(|name, _| !name.starts_with("no_such")),
            Flaw::Panics => {
                let _ = port.map(|port| port.as_u64().unwrap());
            }
            Flaw::TakesAnyPort if port.is_some_and(|port| port.is_i64()) => {
                fields.insert("port".into(), json!(7));
            }
            _ => {}
        }
        let password = fields.get("login").and_then(|login| login["password"].as_str());
        let password = password.unwrap_or_default().to_owned();
        self.good.check(fields).map_err(|mut errors| {
            for error in errors.iter_mut().filter(|_| self.flaw == Flaw::QuotesPassword) {
                error.message = format!("{}: {password}", error.message);
            }
            errors
        })
    }

    async fn prepare(
        &self,
        settings: &CheckedSettings,
        cx: &dyn SessionCx,
    ) -> Result<Plan, SessionError> {
        if self.flaw == Flaw::LeavesFile {
            fs::write(self.scratch.join("note"), "x").unwrap();
        }
        if self.flaw == Flaw::IgnoresDenial {
            return self.good.prepare(settings, &Lenient(cx)).await;
        }
        let plan = self.good.prepare(settings, cx).await?;
        Ok(match self.flaw {
            Flaw::GoesByName => plan.set("hostname", "parlour.example.com"),
            Flaw::InventsParameter => plan.default("colour", "red"),
            Flaw::AsciiOnly => to_ascii(plan),
            _ => plan,
        })
    }

    fn client(&self) -> Option<Arc<dyn EngineClient>> {
        match self.flaw {
            Flaw::Manner(manner) => Some(Arc::new(Guest(manner))),
            _ => self.good.client(),
        }
    }
}

fn to_ascii(plan: Plan) -> Plan {
    plan.clone().parameters.iter().fold(plan, |plan, parameter| {
        let value = parameter.value.expose();
        let ascii: String = value.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        plan.set(parameter.name, ascii)
    })
}

/// Makes a route of every refusal.
struct Lenient<'a>(&'a dyn SessionCx);

#[async_trait]
impl SessionCx for Lenient<'_> {
    fn session_id(&self) -> Uuid {
        self.0.session_id()
    }

    fn engine(&self) -> EngineKind {
        self.0.engine()
    }

    fn only_known_host_keys(&self) -> bool {
        self.0.only_known_host_keys()
    }

    async fn reach(&self, endpoint: &Endpoint) -> Result<Route, SessionError> {
        match self.0.reach(endpoint).await {
            Err(_) => self.0.reach(endpoint).await,
            route => route,
        }
    }

    async fn outside(&self) -> Result<Arc<dyn Outside>, SessionError> {
        self.0.outside().await
    }

    fn keep(&self, resource: Box<dyn Resource>) {
        self.0.keep(resource);
    }
}
