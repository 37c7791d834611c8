use std::net::IpAddr;

use fanlight_core::Driver;
use serde_json::{Map, Value};

use super::bad;
use crate::App;
use crate::api::ApiError;

/// Fields of the portal that go into the session as they are, where its driver has them.
const PASSED_ON: [&str; 2] = ["username", "password"];
const FONT_SIZES: std::ops::RangeInclusive<u64> = 10..=24;
const FONT_SIZE: u64 = 14;
/// Longer texts are cut in what is said of them.
const LONGEST_ECHO: usize = 64;

/// A driver that opens machines: it takes a host and has a usual port.
pub(super) struct Protocol<'a> {
    driver: &'a dyn Driver,
    port: u16,
    required: &'a [String],
}

impl<'a> Protocol<'a> {
    /// The driver with that id.
    ///
    /// # Errors
    /// 404 where there is none, or it opens something else.
    pub(super) fn find(app: &'a App, id: &str) -> Result<Self, ApiError> {
        let none = || ApiError::not_found("There is no such kind of connection");
        let driver = app.drivers.get(id).ok_or_else(none)?;
        let required = app.config.machines.required.get(driver.info().id);
        let found = Self {
            driver: &**driver,
            port: driver.info().default_port.ok_or_else(none)?,
            required: required.map(Vec::as_slice).unwrap_or_default(),
        };
        let takes_host = found.has("hostname") && found.has("port");
        takes_host.then_some(found).ok_or_else(none)
    }

    pub(super) fn id(&self) -> &'static str {
        self.driver.info().id
    }

    pub(super) fn label(&self) -> &'static str {
        self.driver.info().label
    }

    fn has(&self, field: &str) -> bool {
        self.driver.schema()["properties"].get(field).is_some()
    }
}

/// A request, checked as far as it can be without looking at the machine.
pub(super) struct PortalRequest {
    pub(super) vm_id: String,
    pub(super) ip_address: Option<String>,
    pub(super) port: u16,
    font_size: Option<u64>,
    /// What goes into the session as it is.
    login: Map<String, Value>,
}

impl PortalRequest {
    /// # Errors
    /// 400, in the portal's order and words; then for what it does not know.
    pub(super) fn read(
        protocol: &Protocol<'_>,
        mut fields: Map<String, Value>,
    ) -> Result<Self, ApiError> {
        let vm_id = text(&mut fields, "vm_id", "VM ID")?;
        let vm_id = vm_id.ok_or_else(|| bad("VM ID is required"))?;
        let mut login = Map::new();
        for name in PASSED_ON.into_iter().filter(|name| protocol.has(name)) {
            let value = text(&mut fields, name, &capital(name))?;
            login.extend(value.map(|value| (name.to_owned(), Value::String(value))));
        }
        if protocol.required.iter().any(|name| !login.contains_key(name)) {
            return Err(bad(missing(protocol)));
        }
        let port = port(protocol, fields.remove("port"))?;
        let ip_address = text(&mut fields, "ip_address", "IP address")?;
        let font_size = match fields.remove("font_size").filter(|value| !value.is_null()) {
            value if protocol.has("font_size") => Some(font_size(value)?),
            None => None,
            Some(_) => return Err(unknown("font_size")),
        };
        if let Some(name) = fields.keys().next() {
            return Err(unknown(name));
        }
        let ip_address = ip_address.map(|text| text.chars().take(LONGEST_ECHO).collect());
        Ok(Self { vm_id, ip_address, port, font_size, login })
    }

    /// The session to make of it.
    pub(super) fn into_session(
        self,
        protocol: &Protocol<'_>,
        address: IpAddr,
        name: &str,
    ) -> Map<String, Value> {
        let mut fields = self.login;
        fields.insert("session_type".to_owned(), protocol.id().into());
        fields.insert("hostname".to_owned(), address.to_string().into());
        fields.insert("port".to_owned(), self.port.into());
        fields.insert("name".to_owned(), name.into());
        fields.extend(self.font_size.map(|size| ("font_size".to_owned(), size.into())));
        fields
    }
}

/// A text; an empty one is none, and a number stands for its digits.
fn text(
    fields: &mut Map<String, Value>,
    name: &str,
    called: &str,
) -> Result<Option<String>, ApiError> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        Some(_) => Err(bad(format!("{called} must be a string"))),
    }
}

/// `Username and password are required for RDP connection`.
fn missing(protocol: &Protocol<'_>) -> String {
    let (verb, label) = (if protocol.required.len() > 1 { "are" } else { "is" }, protocol.label());
    format!("{} {verb} required for {label} connection", capital(&protocol.required.join(" and ")))
}

fn port(protocol: &Protocol<'_>, value: Option<Value>) -> Result<u16, ApiError> {
    let port = match value {
        None | Some(Value::Null) => return Ok(protocol.port),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(digits)) => digits.parse().ok(),
        Some(_) => None,
    };
    let port = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
    let label = protocol.label();
    port.ok_or_else(|| bad(format!("{label} port must be an integer between 1 and 65535")))
}

fn font_size(value: Option<Value>) -> Result<u64, ApiError> {
    let Some(value) = value else { return Ok(FONT_SIZE) };
    let size = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let (least, most) = (FONT_SIZES.start(), FONT_SIZES.end());
    let wrong = || bad(format!("Font size must be an integer between {least} and {most}"));
    size.filter(|size| FONT_SIZES.contains(size)).ok_or_else(wrong)
}

fn unknown(name: &str) -> ApiError {
    let name: String = name.chars().take(LONGEST_ECHO).collect();
    bad(format!("{name} is not a field of this request"))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
